package main

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/tallystick/tallystick/internal/node"
)

// checkConfig reads the settings as serve would.
func (d *doctor) checkConfig() {
	d.cfg = node.Default()
	if d.file == "" {
		d.file = d.app.getenv("TALLY_CONFIG")
	}
	flags := given{}
	if d.data != "" {
		flags["data"] = []string{d.data}
	}
	cfg, err := resolve(flags, d.app.getenv, d.file)
	switch {
	case err != nil:
		d.find("settings", broken, err.Error(), "the node will not start again with them; see `tally help config`")
		return
	case d.file != "":
		d.find("settings", fine, d.file+" is valid", "")
	}
	d.cfg = cfg
	host, _, err := net.SplitHostPort(cfg.Listen)
	ip := net.ParseIP(host)
	local := err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
	switch {
	case cfg.InsecureListen && !local:
		d.find("TLS", uneasy, "insecure_listen: clients are answered without TLS on "+cfg.Listen, "have something in front of the node that has TLS, or give it a certificate: tls_cert and tls_key")
	case d.file != "":
		d.find("TLS", fine, "clients are answered with TLS, or on this machine only", "")
	}
}

const (
	lowSpace  = 1 << 30 // bytes
	fullSpace = 64 << 20
	lowInodes = 1000
	lowFiles  = 1024
)

// checkFiles looks at the data directory. It opens nothing in it.
func (d *doctor) checkFiles() {
	if d.data == "" {
		return
	}
	info, err := os.Stat(d.data)
	if err != nil || !info.IsDir() {
		text := d.data + " is no directory"
		if err != nil {
			text = err.Error()
		}
		d.find("data directory", broken, text, "name the directory that the node was started with; tally serve makes it")
		return
	}
	d.checkModes(info)
	if free, inodes, ok := diskSpace(d.data); ok {
		text := fmt.Sprintf("%.1f GiB and %d inodes free", float64(free)/(1<<30), inodes)
		const next = "make room: a node whose disk is full takes no writes"
		switch {
		case free < fullSpace:
			d.find("disk", broken, text, next)
		case free < lowSpace || inodes < lowInodes && inodes > 0:
			d.find("disk", uneasy, text, next)
		default:
			d.find("disk", fine, text, "")
		}
	}
	if n, ok := fileLimit(); ok {
		text := fmt.Sprintf("%d in this shell", n)
		if n < lowFiles {
			d.find("open files", uneasy, text, "raise it for the node: ulimit -n 4096, or LimitNOFILE= in its unit")
		} else {
			d.find("open files", fine, text, "")
		}
	}
}

// checkModes sees that nobody else can read what is in the directory.
func (d *doctor) checkModes(dir fs.FileInfo) {
	open := map[string]fs.FileMode{}
	if permissions && dir.Mode().Perm()&0o077 != 0 {
		open[d.data] = 0o700
	}
	entries, err := os.ReadDir(d.data)
	if err != nil {
		d.find("data directory", broken, err.Error(), "run this as the user that the node runs as")
		return
	}
	seen := false
	for _, e := range entries {
		seen = seen || e.Name() == "tally.db"
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !strings.HasPrefix(e.Name(), "tally.db") && e.Name() != "lock" && e.Name() != "operator.key" {
			continue // gone by now, or not the node's
		}
		if permissions && info.Mode().Perm()&0o077 != 0 {
			open[filepath.Join(d.data, e.Name())] = 0o600
		}
	}
	if !seen {
		d.find("data directory", uneasy, d.data+" holds no database", "name the directory that the node was started with")
	}
	if len(open) == 0 {
		d.find("permissions", fine, "only the owner can read "+d.data, "")
		return
	}
	f := d.find("permissions", uneasy, fmt.Sprintf("others can read %s, or files in it", d.data), "chmod 700 the directory and 600 its files")
	f.Would = fmt.Sprintf("close %d of them to others (chmod 0700, 0600)", len(open))
	f.cures = true
	f.fix = func(context.Context) error {
		for name, mode := range open {
			if err := os.Chmod(name, mode); err != nil {
				return err
			}
		}
		return nil
	}
}
