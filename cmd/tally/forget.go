package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// byID is a command that does one thing to each memory it is given.
type byID struct {
	use, short, long, verb string
	destructive            bool
	complete               func(context.Context, *client.Client, string) (string, error)
	act                    func(context.Context, *client.Client, string, client.With) (*client.Outcome, error)
}

func (b byID) command(a *app) *cobra.Command {
	var w writeFlags
	var dryRun bool
	cmd := command(b.use, b.short, argCheck{1, -1}, nil)
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, ids []string) error {
		if with.IdempotencyKey != "" && len(ids) > 1 {
			return usage("--idempotency-key is for one ID at a time")
		}
		if dryRun {
			return a.rehearseOn(ctx, c, cmd.Name(), ids)
		}
		for _, id := range ids {
			if err := b.one(ctx, a, c, id, with); err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Long = b.long
	if b.destructive {
		dryRunFlag(cmd, &dryRun)
	}
	w.register(cmd)
	return cmd
}

func (b byID) one(ctx context.Context, a *app, c *client.Client, id string, with client.With) error {
	full, err := b.complete(ctx, c, id)
	if err != nil {
		return err
	}
	out, err := b.act(ctx, c, full, with)
	if err != nil {
		return err
	}
	if out.ID == "" && out.Pending == nil {
		out.ID = full
	}
	return a.showOutcome(b.verb, out)
}

func newForget(a *app) *cobra.Command {
	return byID{
		use: "forget [flags] ID…", short: "Delete memories", verb: "forgotten", destructive: true,
		long: `Delete memories everywhere. Their history is kept until it is due, and
tally restore brings them back; to remove every trace, use tally erase.`,
		complete: liveID,
		act: func(ctx context.Context, c *client.Client, id string, with client.With) (*client.Outcome, error) {
			return c.Delete(ctx, id, with)
		},
	}.command(a)
}
