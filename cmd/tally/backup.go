package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/backup"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node/restore"
)

func newBackup(a *app) *cobra.Command {
	var base, list bool
	cmd := command("backup [flags] [DIR]", "Back the node up into a folder: a base first, then what is new", argCheck{0, 1}, nil)
	cmd.Long = `Write the whole log of the node into a folder, and at every further call what was
logged since, each as a file with its digest. Files are only added, never changed
or removed. The node goes on meanwhile. Without DIR the node itself writes, into the
folder that backup_dir in its settings names; --list shows what is there. tally verify checks the folder, and tally
restore makes a data directory of it.

If the node's log does not continue what is in the folder, because the node was
itself set back, a new base is made. What was erased after a base stays readable
in it: make a new one with --base now and then, and remove the older files with
all that come before it.`
	cmd.Example = `  tally backup /var/backups/tally          # every night
  tally verify /var/backups/tally
  tally restore /var/backups/tally --data /var/lib/tallystick`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch ctx := cmd.Context(); {
		case list && len(args) > 0:
			return usage("--list is about the node's own backup: leave DIR out, or run tally verify DIR")
		case list:
			return listBackups(ctx, a)
		case len(args) == 0:
			return ownBackup(ctx, a, func(c *client.Client) (*client.Backups, error) { return c.Upkeep().BackUp(ctx, base) },
				func(v *client.Backups) *client.BackupOutcome { return v.Taken }, "entries written")
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		if c, err = a.operate(cmd.Context(), c); err != nil {
			return err
		}
		a.leaves("nothing was added to the backup, and what is in it is as it was: run it again")
		p := newProgress(a.err, "lines written")
		taken, err := backup.Add(cmd.Context(), args[0], func(ctx context.Context, after uint64, to io.Writer) error {
			_, err := export(ctx, c, client.ExportOptions{Complete: true, After: after}, to, p)
			return err
		}, base)
		p.done()
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		return showTaken(a, args[0], taken)
	}
	cmd.Flags().BoolVar(&list, "list", false, "show what is in the node's own backup")
	cmd.Flags().BoolVar(&base, "base", false, "begin anew with the whole log")
	return cmd
}

func showTaken(a *app, dir string, t backup.Taken) error {
	kind := "increment"
	if t.Base {
		kind = "base"
	}
	if t.Nothing {
		kind = "nothing"
	}
	body := struct {
		Dir     string        `json:"dir"`
		Added   string        `json:"added"` // base, increment or nothing
		File    string        `json:"file,omitempty"`
		Entries int           `json:"entries"`
		LSN     uint64        `json:"lsn"`
		Digest  memory.Digest `json:"digest"`
		Why     string        `json:"why,omitempty"`
	}{dir, kind, t.Name, t.Entries, t.LSN, t.Digest, t.Why}
	return a.show(body, func(w io.Writer) error {
		switch {
		case t.Nothing:
			say(w, "nothing is new  %s\n", printable(dir))
		default:
			say(w, "added  %s  %s of %s\n", t.Name, kind, counted(t.Entries, "entry", "entries"))
		}
		if t.Why != "" {
			say(w, "  → a new base: %s\n", t.Why)
		}
		say(w, "state  %s\n", t.Digest)
		return nil
	})
}

func newVerify(a *app) *cobra.Command {
	cmd := command("verify [DIR]", "Check that a backup is whole, and what it leads to", argCheck{0, 1}, nil)
	cmd.Long = `Read every file of a backup: that it is there and as it was written, that each entry
has the bytes of its digest, that each file continues the one before, and that all
of it adds up to the state that the node had. Nothing is written, and no node is
asked. Without DIR a running node reads the backup in its backup_dir, file by file;
it does not add up what that leads to, which takes much memory.`
	cmd.Example = `  tally verify /var/backups/tally`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if ctx := cmd.Context(); len(args) == 0 {
			return ownBackup(ctx, a, func(c *client.Client) (*client.Backups, error) { return c.Upkeep().VerifyBackup(ctx) },
				func(v *client.Backups) *client.BackupOutcome { return v.Verified }, "entries read")
		}
		a.leaves("not all of it was read: run it again")
		v, err := restore.Verify(cmd.Context(), args[0])
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		return a.show(v, func(w io.Writer) error {
			return table(w, nil, [][]string{
				{"backup of", string(v.Node)},
				{"taken", stamp(v.TakenAt.Time())},
				{"files", fmt.Sprintf("%d, %d bytes: as they were written", v.Files, v.Bytes)},
				{"entries", decimal(v.Entries)},
				{"state", v.Digest.String() + ": that of the node"},
			})
		})
	}
	return cmd
}

// restoreBackup makes a data directory of a backup.
func restoreBackup(ctx context.Context, a *app, from, data, name string) error {
	if data == "" {
		data = either(a.getenv("TALLY_DATA"), defaultData(a.getenv))
	}
	data = atHome(data, a.getenv)
	a.linger()
	a.leaves("a database that is there is whole; without one nothing was restored: run it again")
	r, err := restore.Into(ctx, from, data, memory.Node(name))
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return a.show(r, func(w io.Writer) error {
		say(w, "restored  %s of node %s, as of %s\n", counted(r.Entries, "entry", "entries"), r.Node, stamp(r.TakenAt.Time()))
		say(w, "state  %s: that of the backup; it writes as %s from now on\n", r.Digest, r.Origin)
		say(w, "  → tally serve --data %s\n", shellQuoted(r.Data))
		return nil
	})
}
