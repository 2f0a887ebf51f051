package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tallystick/tallystick/client"
)

// ownBackup has the node itself add to the backup in its backup_dir, or read it, and
// waits until that is done, and all that was asked for before it.
func ownBackup(ctx context.Context, a *app, begin func(*client.Client) (*client.Backups, error), ended func(*client.Backups) *client.BackupOutcome, what string) error {
	c, err := connectAsOperator(ctx, a)
	if err != nil {
		return err
	}
	before, err := c.Upkeep().Backups(ctx)
	if err != nil {
		return err
	}
	v, err := begin(c)
	if err != nil {
		return err
	}
	a.leaves("the node goes on with it: run it again to wait for that, or see tally backup --list")
	p := newProgress(a.err, what)
	defer p.done()
	for was := ended(before); v.Running != nil || sameOutcome(was, ended(v)); {
		if v.Running != nil {
			p.at(v.Running.Entries, v.Running.Of)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if v, err = c.Upkeep().Backups(ctx); err != nil {
			return err
		}
		if v.Running == nil && sameOutcome(was, ended(v)) {
			return errors.New("backup: the node was started again before it was done: ask once more")
		}
	}
	p.done()
	out := ended(v)
	if !out.OK {
		return errors.New("backup: " + out.Error)
	}
	return a.show(out, func(w io.Writer) error { return tellOutcome(w, v.Dir, out) })
}

// sameOutcome reports whether nothing has ended since was.
func sameOutcome(was, is *client.BackupOutcome) bool {
	return is == nil || was != nil && was.At.Equal(is.At.Time)
}

func tellOutcome(w io.Writer, dir string, o *client.BackupOutcome) error {
	switch o.Added {
	case "":
		say(w, "whole  %s in %s: each as it was written, and goes on where the one before ends\n", counted(o.Files, "file", "files"), printable(dir))
		say(w, "  → tally verify %s also adds up what they lead to\n", shellQuoted(dir))
	case "nothing":
		say(w, "nothing is new  %s\n", printable(dir))
	default:
		say(w, "added  %s  %s of %s to %s\n", printable(o.File), o.Added, counted(o.Entries, "entry", "entries"), printable(dir))
	}
	if o.Why != "" {
		say(w, "  → a new base: %s\n", printable(o.Why))
	}
	return nil
}

// listBackups shows what is in the node's backup.
func listBackups(ctx context.Context, a *app) error {
	c, err := connectAsOperator(ctx, a)
	if err != nil {
		return err
	}
	v, err := c.Upkeep().Backups(ctx)
	if err != nil {
		return err
	}
	return a.show(v, func(w io.Writer) error {
		if v.Dir == "" {
			say(w, "this node makes no backups by itself: set backup_dir (tally help config)\n")
			return nil
		}
		rows := make([][]string, len(v.Files))
		for i, f := range v.Files {
			kind, read := "increment", "not read since"
			if f.Base {
				kind = "base"
			}
			if f.Verified {
				read = "whole"
			}
			rows[i] = []string{f.File, kind, stamp(f.TakenAt.Time), decimal(f.Entries), mebibytes(f.Bytes), read}
		}
		if err := table(w, []string{"FILE", "KIND", "TAKEN", "ENTRIES", "SIZE", "READ"}, rows); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "%s in %s\n", counted(v.Count, "file", "files"), printable(v.Dir))
		return err
	})
}
