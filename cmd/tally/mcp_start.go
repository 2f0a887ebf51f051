package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
)

// startAgain is how long a node that was started has to come up before another is
// tried.
const startAgain = 15 * time.Second

// nodeStarter returns what starts a node as tally serve would run it, nil if that
// would not be the one at this URL. The node stays when this process ends: others may
// use it by then. Any number of processes may try at once: one of the nodes gets the
// address and the data, and the others end.
func nodeStarter(ctx context.Context, a *app, at string) func(context.Context) error {
	cfg, err := nodeConfig(ctx, given{}, a.getenv, a.getenv("TALLY_CONFIG"))
	if err != nil || !sameAddress(at, cfg.Listen) {
		return nil
	}
	var last time.Time
	var mu sync.Mutex
	return func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) < startAgain {
			return nil
		}
		last = time.Now()
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("which program is this: %w", err)
		}
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
		p, err := fleet.Detach(fleet.Config{Name: "node", Program: program, Args: []string{"serve"}, Env: a.env, Log: filepath.Join(cfg.Data, "serve.log")})
		if err == nil && a.started != nil {
			a.started(p)
		}
		return err
	}
}

// sameAddress reports whether a URL leads to where a node would listen on this
// machine.
func sameAddress(at, listen string) bool {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" || u.Path != "" {
		return false
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port != u.Port() || port == "0" {
		return false
	}
	loopback := func(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }
	return host == u.Hostname() || loopback(u.Hostname()) && (loopback(host) || host == "" || net.ParseIP(host).IsUnspecified())
}
