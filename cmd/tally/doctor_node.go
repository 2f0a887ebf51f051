package main

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/doctor"
	"github.com/tallystick/tallystick/internal/node"
)

// checkNode asks the node. The error is one of the command line.
func (d *checkup) checkNode(ctx context.Context) error {
	c, err := d.app.connect(ctx)
	if err != nil {
		return err
	}
	s, err := statusOf(ctx, c)
	if err != nil {
		d.find("node", client.FindingFail, err.Error(), d.app.hint(err))
		return nil
	}
	d.find("node", client.FindingOK, s.Node+" answers at "+c.URL(), "")
	if err := c.Ready(ctx); err != nil {
		d.find("ready", client.FindingFail, err.Error(), "look at the log of the node: its disk may be full")
	} else {
		d.find("ready", client.FindingOK, "takes requests", "")
	}
	if own := node.Version(); s.Version != own {
		d.find("version", client.FindingWarn, fmt.Sprintf("the node is %s, this program %s", s.Version, own), "restart the node with the program that is installed")
	} else {
		d.find("version", client.FindingOK, own, "")
	}
	for _, f := range d.askNode(ctx, c, s) {
		if !d.knows(f.Check) { // what was looked at here is this machine's
			d.treatable(c, d.add(f))
		}
	}
	return nil
}

// askNode is what the node finds by itself, if whoever asks may know that: else, or if it
// is too old to be asked, what its status says.
func (d *checkup) askNode(ctx context.Context, c *client.Client, s *client.Status) []client.Finding {
	if as, err := d.app.operate(ctx, c); err == nil {
		if v, err := as.Upkeep().Checkup(ctx); err == nil {
			return v.Checks
		}
	}
	return doctor.Node(s, d.cfg.MaxSkew)
}

// treatable says what --fix does about a finding of the node.
func (d *checkup) treatable(c *client.Client, f *finding) {
	switch f.Fix {
	case client.FixRepair:
		member := f.Member
		f.does("repair what differs from "+member, func(ctx context.Context) error {
			_, err := d.app.repair(ctx, c, member)
			return err
		})
	case client.FixRetryParked:
		f.does("offer them again", func(ctx context.Context) error {
			c, err := d.app.operate(ctx, c)
			if err == nil {
				_, err = c.Upkeep().RetryParked(ctx, nil)
			}
			return err
		})
	}
}
