package doctor

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tallystick/tallystick/client"
)

const (
	lowSpace  = 1 << 30 // bytes
	fullSpace = 64 << 20
	lowInodes = 1000
	lowFiles  = 1024
)

// Files is a data directory that was looked at.
type Files struct {
	Findings []client.Finding
	open     map[string]fs.FileMode // what others can read, and the mode that keeps them out
}

// DataDirectory judges a data directory. It opens nothing in it. Where says whose limit
// of open files is meant, such as "in this shell".
func DataDirectory(dir, where string) Files {
	var r report
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		text := dir + " is no directory"
		if err != nil {
			text = err.Error()
		}
		r.fail("data directory", text, "name the directory that the node was started with; tally serve makes it")
		return Files{Findings: r}
	}
	open := r.modes(dir, info)
	r.disk(dir)
	if n, ok := fileLimit(); ok {
		text := fmt.Sprintf("%d %s", n, where)
		if n < lowFiles {
			r.warn("open files", text, "raise it for the node: ulimit -n 4096, or LimitNOFILE= in its unit")
		} else {
			r.well("open files", text)
		}
	}
	return Files{r, open}
}

// Close takes what others can read away from everybody but the owner.
func (f *Files) Close() error {
	for name, mode := range f.open {
		if err := os.Chmod(name, mode); err != nil {
			return err
		}
	}
	return nil
}

// Open is how many files, and directories, others can read.
func (f *Files) Open() int { return len(f.open) }

// Crowded reports whether so little is free where dir is that a node may soon take no
// writes; false where that cannot be told.
func Crowded(dir string) bool {
	free, _, ok := diskSpace(dir)
	return ok && free < fullSpace
}

func (r *report) disk(dir string) {
	free, inodes, ok := diskSpace(dir)
	if !ok {
		return
	}
	text := fmt.Sprintf("%.1f GiB and %d inodes free", float64(free)/(1<<30), inodes)
	const next = "make room: a node whose disk is full takes no writes"
	switch {
	case free < fullSpace:
		r.fail("disk", text, next)
	case free < lowSpace || inodes < lowInodes && inodes > 0:
		r.warn("disk", text, next)
	default:
		r.well("disk", text)
	}
}

// modes sees that nobody else can read what is in the directory.
func (r *report) modes(dir string, info fs.FileInfo) map[string]fs.FileMode {
	open := map[string]fs.FileMode{}
	if permissions && info.Mode().Perm()&0o077 != 0 {
		open[dir] = 0o700
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.fail("data directory", err.Error(), "run this as the user that the node runs as")
		return nil
	}
	seen := false
	for _, e := range entries {
		seen = seen || e.Name() == "tally.db"
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !strings.HasPrefix(e.Name(), "tally.db") && e.Name() != "lock" && e.Name() != "operator.key" {
			continue // gone by now, or not the node's
		}
		if permissions && info.Mode().Perm()&0o077 != 0 {
			open[filepath.Join(dir, e.Name())] = 0o600
		}
	}
	if !seen {
		r.warn("data directory", dir+" holds no database", "name the directory that the node was started with")
	}
	if len(open) == 0 {
		r.well("permissions", "only the owner can read "+dir)
		return nil
	}
	r.warn("permissions", fmt.Sprintf("others can read %s, or files in it", dir), "chmod 700 the directory and 600 its files").Fix = client.FixCloseFiles
	return open
}
