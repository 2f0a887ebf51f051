package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/backup"
)

// byID is a command that does one thing to each memory it is given. Ids are
// whole ones.
type byID struct {
	use, short, long, verb string
	destructive            bool
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
		ids, err := wholeIDs(ctx, c, ids)
		if err != nil {
			return err
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
	out, err := b.act(ctx, c, id, with)
	if err != nil {
		return missed(ctx, c, id, err)
	}
	if out.ID == "" && out.Pending == nil {
		out.ID = id
	}
	return a.showOutcome(b.verb, out)
}

// byIDs are the commands that are no more than that.
func byIDs() []byID {
	return []byID{
		{
			use: "delete [flags] ID…", short: "Delete memories", verb: "deleted", destructive: true,
			long: `Delete memories everywhere. Their history is kept until it is due, and
tally restore brings them back; to remove every trace, use tally erase.`,
			act: func(ctx context.Context, c *client.Client, id string, with client.With) (*client.Outcome, error) {
				return c.Delete(ctx, id, with)
			},
		},
		{
			use: "keep [flags] ID…", short: "Keep memories for good", verb: "kept",
			long: `Keep memories that would expire: their tier becomes long, and they expire no
more.`,
			act: func(ctx context.Context, c *client.Client, id string, with client.With) (*client.Outcome, error) {
				return c.Promote(ctx, id, with)
			},
		},
	}
}

func newRestore(a *app) *cobra.Command {
	cmd := byID{
		use: "restore [flags] ID… | BACKUP --data DIR", short: "Bring memories back, or a node from a backup", verb: "restored",
		long: `Bring memories back from the archive, or back from deletion; what expired does
not expire again. tally list --archived shows what is in the archive, and
tally list --expired what of it expired.

With the folder of a backup (tally backup), make a node's data directory of it,
which is a new or an empty one: nothing is ever overwritten. No node is asked. The
node that is started there takes a new incarnation, and gets from its members what
is newer.`,
		act: func(ctx context.Context, c *client.Client, id string, with client.With) (*client.Outcome, error) {
			return c.Restore(ctx, id, with)
		},
	}.command(a)
	cmd.Example = `  tally restore 4198b4ee-3c63-8a5c-9c2e-7b0f6f0a1d11
  tally restore /var/backups/tally --data /var/lib/tallystick`
	var data, name string
	cmd.Flags().StringVar(&data, "data", "", "with a backup: the `DIR` to make (default that of tally serve)")
	cmd.Flags().StringVar(&name, flagNode, "", "with a backup: `NAME` of the node (default that of the backup's)")
	memories := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch folder := backup.Is(args[0]); {
		case folder && len(args) == 2 && data == "":
			return restoreBackup(cmd.Context(), a, args[0], args[1], name)
		case folder && len(args) > 1:
			return usage("restore: one backup at a time")
		case folder, data != "", name != "":
			return restoreBackup(cmd.Context(), a, args[0], data, name)
		}
		return memories(cmd, args)
	}
	return cmd
}
