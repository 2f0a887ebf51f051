package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/setup"
	"github.com/tallystick/tallystick/internal/setup/machine"
)

const serviceReady = 30 * time.Second

// service is how this system keeps a node running for a person, false if it does not.
func (s *setupRun) service() (setup.Service, bool) {
	svc, ok := setup.UserService(s.place, s.wish.Program)
	if ok && s.place.OS == "linux" {
		// A manager that runs has a folder there; without one, systemctl has nobody to ask.
		_, err := os.Stat(filepath.Join(s.getenv("XDG_RUNTIME_DIR"), "systemd"))
		ok = filepath.IsAbs(s.getenv("XDG_RUNTIME_DIR")) && err == nil
	}
	return svc, ok
}

// startService sees that a node runs, and writes the first memory into it.
func (s *setupRun) startService(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if answers(ctx, c) {
		s.report.Node = "runs at " + c.URL()
		return s.firstMemory(ctx, c)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	svc, has := s.service()
	switch {
	case s.address() != client.DefaultURL:
		s.report.Node = "does not answer at " + c.URL() + ": start it there"
		return nil
	case s.noService || !has:
		s.report.Node = "start it, and have it started at login: " + s.wish.Program + " serve"
		return nil
	}
	if err := s.journal.Apply(machine.Look(svc.Change)); err != nil {
		return err
	}
	if err := machine.Run(ctx, svc.Start); ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		s.report.Node = "could not be started as a service (" + err.Error() + "): run " + s.wish.Program + " serve"
		return nil //nolint:nilerr // the person is told
	}
	if err := awaitNode(ctx, c); err != nil {
		return err
	}
	s.report.Node = "runs at " + c.URL() + ", and is started at login: " + svc.Change.Path
	return s.firstMemory(ctx, c)
}

// awaitNode waits until a node takes requests.
func awaitNode(parent context.Context, c *client.Client) error {
	ctx, cancel := context.WithTimeout(parent, serviceReady)
	defer cancel()
	for !answers(ctx, c) {
		select {
		case <-ctx.Done():
			if err := parent.Err(); err != nil {
				return err
			}
			return errors.New("the service was started, and the node does not answer: see its log with `journalctl --user -u tallystick`")
		case <-time.After(betweenAsks):
		}
	}
	return nil
}

// firstMemory writes down that this machine is set up, if the person agrees: then
// there is something to find.
func (s *setupRun) firstMemory(ctx context.Context, c *client.Client) error {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	if yes, err := s.agrees("Write a first memory, so that there is something to find?"); err != nil || !yes {
		return nil //nolint:nilerr // nobody was asked: then nothing is written
	}
	var names []string
	for _, r := range s.report.Clients {
		names = append(names, r.Name)
	}
	text := "Since " + time.Now().Format("2 January 2006") + " agents on " + host + " remember with Tallystick: " + strings.Join(names, ", ") + "."
	out, err := c.Create(ctx, client.Draft{
		Title: "Tallystick on " + host, Content: text, Tier: "long", Tags: []string{"setup"}, Source: "cli", Scope: "collective", OnConflict: "merge",
	})
	if e, ok := errors.AsType[*client.Error](err); ok && e.QuorumMissed() {
		err = nil // it is kept, and reaches the others by itself
	}
	if err == nil && out != nil {
		s.report.Memory = out.ID
	}
	return err
}

// stopService takes the service out again.
func (s *setupRun) stopService(ctx context.Context, asked bool) error {
	svc, has := s.service()
	if !asked || !has {
		return nil
	}
	f := s.journal.Restore(svc.Change)
	if !f.Changed() {
		return nil
	}
	if s.dryRun {
		s.report.Node = "its service would go: " + f.Path
		return nil
	}
	if err := machine.Run(ctx, svc.Stop); err != nil {
		return err
	}
	s.report.Node = "is no service any longer; its memories stay"
	return s.journal.Forget(f)
}
