package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

func newSubscription(a *app) *cobra.Command {
	return parent("subscription", "Have events posted to a URL (webhooks)",
		newSubscriptionList(a), newSubscriptionAdd(a), newSubscriptionRemove(a), newSubscriptionReplay(a), newSubscriptionAdopt(a), newDeadLetters(a))
}

func newSubscriptionList(a *app) *cobra.Command {
	cmd := command("list", "List the agent's subscriptions", argCheck{0, 0}, nil)
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		list, err := c.Subscriptions().List(ctx)
		if err != nil {
			return err
		}
		var rows [][]string
		for i := range list {
			s := &list[i]
			rows = append(rows, []string{
				s.ID, s.State, s.Home, decimal(s.Dispatched), decimal(s.Failed), either(strings.Join(s.Events, ","), "all"), either(s.Namespace, "all"),
				either(s.Agent, "all"), either(a.short(s.URL, 60), "-"), a.short(either(s.LastError, s.Detail), 60),
			})
		}
		return showAll(a, "subscriptions", list, func(w io.Writer) error {
			return tableOr(w, "no subscriptions", []string{"ID", "STATE", "HOME", "DELIVERED", "FAILED", "EVENTS", "NAMESPACE", "AGENT", "URL", "LAST ERROR"}, rows)
		})
	})
	return cmd
}

// tableOr writes a table, or a line instead of an empty one.
func tableOr(w io.Writer, empty string, head []string, rows [][]string) error {
	if len(rows) == 0 {
		say(w, "%s\n", empty)
		return nil
	}
	return table(w, head, rows)
}

func either(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func newSubscriptionAdd(a *app) *cobra.Command {
	var w writeFlags
	var s client.NewSubscription
	cmd := command("add [flags] URL", "Have events posted to a URL", argCheck{1, 1}, nil)
	cmd.Long = `Have events posted to a URL, signed, in order and at least once. The node that
is asked delivers; it must be allowed to call the URL if that is not public (see
--webhook-allow of tally serve). Without --secret the node makes one up, which is
shown this once. How receivers check signatures is in docs/http.md.`
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, args []string) error {
		s.URL = args[0]
		var err error
		if s.Secret, err = a.text(s.Secret); err != nil {
			return err
		}
		made, out, err := c.Subscriptions().Add(ctx, s, with)
		if err != nil || out.Pending != nil {
			return orPending(a, out, err)
		}
		both := struct {
			*client.Subscribed
			*client.Outcome
			ID string `json:"id"`
		}{made, out, made.ID}
		return a.show(both, func(w io.Writer) error {
			say(w, "subscribed  %s\n", made.ID)
			if made.Secret != "" {
				say(w, "secret  %s\n  → keep it: it is not shown again\n", made.Secret)
			}
			if made.Warning != "" {
				say(w, "warning: %s\n", printable(made.Warning))
			}
			showReceipt(w, out.Receipt)
			return nil
		})
	})
	flags := cmd.Flags()
	flags.StringSliceVarP(&s.Events, "event", "e", nil, "only these `events`, such as memory_store,memory_delete (default all)")
	flags.StringVarP(&s.Namespace, "namespace", "n", "", "only this namespace; NAME/** also all below")
	flags.StringVar(&s.Agent, "by", "", "only what this `agent` did")
	flags.StringVar(&s.Secret, "secret", "", "`secret` to sign with, 8 bytes or more; - reads it from stdin")
	w.register(cmd)
	return cmd
}

func newSubscriptionRemove(a *app) *cobra.Command {
	var w writeFlags
	var dryRun bool
	cmd := command("remove [flags] ID", "End a subscription", argCheck{1, 1}, nil)
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, args []string) error {
		s, err := findSubscription(ctx, c, args[0])
		if err != nil {
			return err
		}
		if dryRun {
			return a.show(map[string]any{"would_remove": s}, func(w io.Writer) error {
				say(w, "would remove  %s  %s\n", s.ID, printable(s.URL))
				return nil
			})
		}
		out, err := c.Subscriptions().Remove(ctx, s.ID, with)
		if err != nil {
			return err
		}
		return a.showOutcome("removed", out)
	})
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would go, and stop")
	w.register(cmd)
	return cmd
}

// findSubscription returns the agent's subscription with this id, which must be
// all of it.
func findSubscription(ctx context.Context, c *client.Client, id string) (*client.Subscription, error) {
	list, err := c.Subscriptions().List(ctx)
	if err != nil {
		return nil, err
	}
	missing := &idError{answer: &client.Error{
		Status: http.StatusNotFound, Code: string(client.CodeNotFound), Message: fmt.Sprintf("no subscription %q", id),
	}}
	prefix, _ := memory.Abbreviated(id)
	for i := range list {
		if list[i].ID == id {
			return &list[i], nil
		}
		if prefix != "" && strings.HasPrefix(list[i].ID, prefix) {
			missing.candidates = append(missing.candidates, candidate{list[i].ID, list[i].URL})
		}
	}
	return nil, missing
}

func newSubscriptionReplay(a *app) *cobra.Command {
	var w writeFlags
	var since string
	var limit int
	var deliver, letters, dryRun bool
	cmd := command("replay [flags] ID", "Read events of a subscription again, or have them delivered again", argCheck{1, 1}, nil)
	cmd.Long = `Print the events of a subscription since a time, from the log of the node that is
asked. With --deliver its home posts them again; with --dead-letters it posts what
it had given up. Receivers tell repetitions by the correlation id.`
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, args []string) error {
		at, err := instant("--since", since, time.Now())
		switch {
		case err != nil:
			return err
		case deliver && at.IsZero():
			return usage("subscription replay: --deliver needs --since")
		case limit < 1:
			return usage("--limit %d: want 1 or more", limit)
		}
		s, err := findSubscription(ctx, c, args[0])
		if err != nil {
			return err
		}
		if !deliver && !letters {
			return a.replay(ctx, c, s.ID, at, limit)
		}
		if !deliver {
			at = time.Time{}
		}
		if dryRun {
			out, err := c.Subscriptions().TryRedeliver(ctx, s.ID, at, letters)
			if err != nil {
				return err
			}
			return a.show(out, func(w io.Writer) error { return printRedelivery(w, out) })
		}
		out, err := c.Subscriptions().Redeliver(ctx, s.ID, at, letters, with)
		if err != nil {
			return err
		}
		return a.showOutcome("queued for delivery", out)
	})
	flags := cmd.Flags()
	flags.StringVar(&since, "since", "", "what happened since this `time`, date or age (36h, 7d)")
	flags.IntVarP(&limit, "limit", "l", 100, "print at most this many")
	flags.BoolVar(&deliver, "deliver", false, "have what happened since then delivered again")
	flags.BoolVar(&letters, "dead-letters", false, "have what was given up delivered again")
	flags.BoolVar(&dryRun, "dry-run", false, "show what would be delivered again, and stop")
	w.register(cmd)
	return cmd
}

func printRedelivery(w io.Writer, r *client.Redelivered) error {
	say(w, "%s would post again:\n", r.Home)
	if r.Events != nil {
		say(w, "  %s since then\n", count(*r.Events, "event"))
	}
	switch {
	case r.Letters != nil:
		say(w, "  %s that could not be delivered\n", count(*r.Letters, "event"))
	case r.DeadLetters:
		say(w, "  what it could not deliver: ask there how many\n")
	}
	return nil
}

// replay prints past events.
func (a *app) replay(ctx context.Context, c *client.Client, id string, since time.Time, limit int) error {
	const page = 1000
	list := []client.Notice{}
	for after := uint64(0); len(list) < limit; {
		events, next, err := c.Subscriptions().Replay(ctx, id, since, after, min(limit-len(list), page))
		if err != nil {
			return err
		}
		list = append(list, events...)
		if next == 0 {
			break
		}
		after = next
	}
	return showAll(a, "events", list, func(w io.Writer) error {
		rows := make([][]string, len(list))
		for i, n := range list {
			title, _ := n.Details["title"].(string)
			rows[i] = []string{stamp(n.At.Time), n.Event, n.Namespace, n.Agent, either(n.MemoryID, "-"), a.short(title, 60)}
		}
		return table(w, []string{"AT", "EVENT", "NAMESPACE", "AGENT", "MEMORY", "TITLE"}, rows)
	})
}

func newSubscriptionAdopt(a *app) *cobra.Command {
	var w writeFlags
	cmd := command("adopt [flags] ID", "Deliver a subscription from this node", argCheck{1, 1}, nil)
	cmd.Long = `Make the node that is asked the home of a subscription: it delivers what it
applies from now on. It is for when the home is gone. What happened since the old
home stopped is posted with: tally subscription replay --deliver --since TIME ID`
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, args []string) error {
		s, err := findSubscription(ctx, c, args[0])
		if err != nil {
			return err
		}
		out, err := c.Subscriptions().Adopt(ctx, s.ID, with)
		if err != nil {
			return err
		}
		return a.showOutcome("adopted", out)
	})
	w.register(cmd)
	return cmd
}

func newDeadLetters(a *app) *cobra.Command {
	var limit int
	cmd := command("dead-letters [flags] [ID]", "List events that could not be delivered", argCheck{0, 1}, nil)
	cmd.Long = `List events that the node which is asked could not deliver: for one subscription
or for all of the agent's. They are kept on the node that tried, and delivered
again with: tally subscription replay --dead-letters ID`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		id := ""
		if len(args) > 0 {
			s, err := findSubscription(ctx, c, args[0])
			if err != nil {
				return err
			}
			id = s.ID
		}
		list, err := c.Subscriptions().DeadLetters(ctx, id, limit)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, l := range list {
			rows = append(rows, []string{l.Subscription, l.Event, l.CorrelationID, decimal(l.Attempts), stamp(l.LastAt.Time), a.short(l.LastError, 60)})
		}
		return showAll(a, "dead_letters", list, func(w io.Writer) error {
			return tableOr(w, "no dead letters", []string{"SUBSCRIPTION", "EVENT", "CORRELATION", "ATTEMPTS", "LAST TRY", "ERROR"}, rows)
		})
	})
	cmd.Flags().IntVarP(&limit, "limit", "l", 100, "at most this many")
	return cmd
}
