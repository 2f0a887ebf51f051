package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// resolveOptions say how `tally resolve` settles a conflict.
type resolveOptions struct {
	take    string // dot of the version whose text is to stay
	version int64
}

func newResolve(a *app) *cobra.Command {
	var w writeFlags
	var o resolveOptions
	cmd := command("resolve [flags] ID [TEXT | -]", "Settle the conflicting versions of a memory", argCheck{1, 2}, nil)
	cmd.Long = `Two edits of one memory, made at the same time at two nodes, leave one version
current and the other one in conflict (tally history). Nothing is lost, and nothing
is merged by itself: this settles it. Without a text the current version stays, with
--take DOT the title, text and tags of another one from the history are written
again, and TEXT, or stdin for "-", is a text of your own.`
	cmd.Example = `  tally list --conflicts
  tally resolve 019ea94a-dc7b-8aae-a873-6fb6aeb22ff6 --take east.mwtmd819.4`
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, args []string) error {
		p := client.Patch{Resolve: true, IfVersion: o.version}
		if len(args) == 2 {
			text, err := a.text(args[1])
			if err != nil {
				return err
			}
			p.Content = &text
		}
		return runResolve(ctx, a, c, with, o, args[0], p)
	})
	cmd.Flags().StringVar(&o.take, "take", "", "`dot` of the version to take, as tally history shows it")
	cmd.Flags().Int64Var(&o.version, "if-version", 0, "only if this is the current version")
	w.register(cmd)
	return cmd
}

func runResolve(ctx context.Context, a *app, c *client.Client, with client.With, o resolveOptions, id string, p client.Patch) error {
	if o.take != "" && p.Content != nil {
		return usage("resolve: give a text, or --take DOT, not both")
	}
	id, err := wholeID(ctx, c, id)
	if err != nil {
		return err
	}
	if p.Content == nil {
		if err := o.choose(ctx, c, id, &p); err != nil {
			return err
		}
	}
	out, err := c.Update(ctx, id, p, with)
	if err != nil {
		return missed(ctx, c, id, err)
	}
	return a.showOutcome("settled", out)
}

// choose puts the version that is to stay into the edit. The edit must have
// something to say, so that the version it replaces is named by it.
func (o *resolveOptions) choose(ctx context.Context, c *client.Client, id string, p *client.Patch) error {
	h, err := c.Past(ctx, id)
	if err != nil {
		return missed(ctx, c, id, err)
	}
	for _, r := range h.Revisions {
		m := r.Memory
		switch {
		case m == nil || o.take == "" && !r.Current || o.take != "" && r.Dot != o.take:
			continue
		case r.Current:
			p.Content = &m.Content
			if p.IfVersion == 0 {
				p.IfVersion = m.Version // what is current is what was looked at
			}
		default:
			p.Title, p.Content, p.Tags = &m.Title, &m.Content, &m.Tags
		}
		return nil
	}
	return usage("resolve: memory %s has no version %q whose text is still kept: see tally history %s", id, o.take, id)
}
