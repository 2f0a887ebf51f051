package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

func newAgent(a *app) *cobra.Command {
	return parent("agent", "Give agents keys of their own, and take them back", newAgentList(a), newAgentAdd(a), newAgentRevoke(a), newAgentRotate(a), newAgentReaders(a))
}

// agentKeys is the body of a command on the keys in a node's data directory.
func agentKeys(data func() (string, error), do func(*agentkey.Book, []string) error) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		b, err := node.OpenAgents(dir)
		if err != nil {
			return err
		}
		return do(b, args)
	}
}

// madeKey is a key that was just made, and is shown this once.
type madeKey struct {
	Key string `json:"key"`
	agentkey.Record
}

func showKey(a *app, text string, r agentkey.Record) error {
	r.Hash = ""
	return a.show(madeKey{Key: text, Record: r}, func(w io.Writer) error {
		say(a.err, "key %s of %s: %s in %s, until %s. It is shown this once; give it as TALLY_API_KEY, or as Authorization: Bearer\n",
			r.ID, r.Agent, joined(r.Verbs), joined(r.Namespaces), endOf(r))
		say(w, "%s\n", text)
		return nil
	})
}

func endOf(r agentkey.Record) string {
	if r.Expires.IsZero() {
		return "it is revoked"
	}
	return r.Expires.Format(time.RFC3339)
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ",")
}

func splitTo[T ~string](list []string) []T {
	var out []T
	for _, s := range list {
		for part := range strings.SplitSeq(s, ",") {
			out = append(out, T(strings.TrimSpace(part)))
		}
	}
	return out
}

func newAgentAdd(a *app) *cobra.Command {
	var namespaces, verbs []string
	var ttl, public string
	cmd := command("add AGENT [flags]", "Make a key for an agent, and print it once", argCheck{1, 1}, nil)
	cmd.Long = `Make a key for an agent. It is printed once: only its hash is kept. The node may be
running. From the first key on every caller of the node needs one: who calls is who
the key says, in the namespaces and for the verbs of the key.

Verbs are read, write, propose, approve and admin. What an agent with propose and
without write changes becomes a proposal. admin is all of them, and the rules of its
namespaces. A namespace is a path, of which * is any one segment and ** any number.`
	cmd.Example = "  tally agent add claude-laptop --namespaces 'work/**' --verbs read,write --ttl 90d"
	data := dataOf(cmd, a)
	cmd.Flags().StringSliceVar(&namespaces, "namespaces", []string{"**"}, "`globs` of the namespaces that are there for the agent")
	cmd.Flags().StringSliceVar(&verbs, "verbs", []string{"read", "write"}, "what it may do: `verbs`")
	cmd.Flags().StringVar(&public, "public-key", "", "what it signs its memories with: Ed25519, in base64 or hex, or a `file` of it or in PEM")
	cmd.Flags().StringVar(&ttl, "ttl", "", "`time` until the key ends, such as 90d (default: never)")
	cmd.RunE = agentKeys(data, func(b *agentkey.Book, args []string) error {
		var d time.Duration
		if ttl != "" {
			var err error
			if d, err = duration(ttl); err != nil || d <= 0 {
				return usage("--ttl %q: want a time such as 36h or 90d", ttl)
			}
		}
		scope := agentkey.Scope{Namespaces: splitTo[agentkey.Glob](namespaces), Verbs: splitTo[agentkey.Verb](verbs)}
		if err := scope.Valid(); err != nil {
			return usage("%v", err)
		}
		agent := memory.AgentID(args[0])
		if err := agent.Valid(); err != nil {
			return usage("%v", err)
		}
		key, err := publicKey(a, public)
		if err != nil {
			return err
		}
		text, r, err := b.Add(agent, scope, d, time.Now())
		if err == nil && key != nil {
			err = b.Bind(r.ID, key)
		}
		if err != nil {
			return err
		}
		return showKey(a, text, r)
	})
	return cmd
}

func newAgentList(a *app) *cobra.Command {
	cmd := command("list [flags]", "List the keys of agents", argCheck{0, 0}, nil)
	data := dataOf(cmd, a)
	cmd.RunE = agentKeys(data, func(b *agentkey.Book, _ []string) error {
		list := b.Records()
		for i := range list {
			list[i].Hash = ""
		}
		return showAll(a, "keys", list, func(w io.Writer) error {
			rows := make([][]string, len(list))
			for i, r := range list {
				rows[i] = []string{r.ID, string(r.Agent), joined(r.Verbs), joined(r.Namespaces), stateOf(r, time.Now())}
			}
			return table(w, []string{"KEY", "AGENT", "VERBS", "NAMESPACES", "STATE"}, rows)
		})
	})
	return cmd
}

// stateOf says whether a key holds.
func stateOf(r agentkey.Record, now time.Time) string {
	switch {
	case !r.Revoked.IsZero():
		return "revoked " + r.Revoked.Format(time.DateOnly)
	case r.Expires.IsZero():
		return "valid"
	case !now.Before(r.Expires):
		return "expired " + r.Expires.Format(time.DateOnly)
	}
	return "until " + r.Expires.Format(time.RFC3339)
}

func newAgentRevoke(a *app) *cobra.Command {
	cmd := command("revoke AGENT|KEY [flags]", "End the keys of an agent, or one of them", argCheck{1, 1}, nil)
	cmd.Long = `End the keys of an agent, or one of them by its id. A node that runs refuses them, and
cuts the streams that were opened with them, within a second. What was written with
them stays, under the agent's name.`
	data := dataOf(cmd, a)
	cmd.RunE = agentKeys(data, func(b *agentkey.Book, args []string) error {
		ended, err := b.Revoke(args[0], time.Now())
		if err != nil {
			return err
		}
		for i := range ended {
			ended[i].Hash = ""
		}
		return showAll(a, "revoked", ended, func(w io.Writer) error {
			for _, r := range ended {
				say(w, "revoked key %s of %s\n", r.ID, r.Agent)
			}
			return nil
		})
	})
	return cmd
}

func newAgentRotate(a *app) *cobra.Command {
	var overlap string
	cmd := command("rotate KEY [flags]", "Make a new key in the place of one, and end that", argCheck{1, 1}, nil)
	cmd.Long = `Make a new key for the same agent, namespaces and verbs, print it once, and end the old
one: at once, or after --overlap, so that the agent has time to be given the new one.`
	data := dataOf(cmd, a)
	cmd.Flags().StringVar(&overlap, "overlap", "", "`time` for which the old key still holds, such as 10m (default: none)")
	cmd.RunE = agentKeys(data, func(b *agentkey.Book, args []string) error {
		var d time.Duration
		if overlap != "" {
			var err error
			if d, err = duration(overlap); err != nil || d <= 0 {
				return usage("--overlap %q: want a time such as 10m", overlap)
			}
		}
		if !slices.ContainsFunc(b.Records(), func(r agentkey.Record) bool { return r.ID == args[0] }) {
			return usage("KEY %.40q: want the id of a key, which `tally agent list` shows", args[0])
		}
		text, r, err := b.Rotate(args[0], d, time.Now())
		if err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
		return showKey(a, text, r)
	})
	return cmd
}
