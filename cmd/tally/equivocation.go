package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

// caught is a proof as it is shown.
type caught struct {
	receipt.Twice

	Digests [2]memory.Digest `json:"digests"`
	Key     identity.KeyID   `json:"key"`
	// Frozen: nothing is taken from the member, which still has this key.
	Frozen bool `json:"frozen"`
}

func newMemberEquivocations(a *app) *cobra.Command {
	cmd := command("equivocations [flags]", "Show who has signed two ops under one number", argCheck{0, 0}, nil)
	cmd.Long = `Show the proofs that this node has of members that have signed two ops under one of
their numbers. Nothing more is taken from such a member, until it has another key
(tally member rotate NODE) or is a member no longer (tally member replace or remove
NODE). With --json each proof has both ops, and the two signed statements.`
	data := dataOf(cmd, a)
	cmd.RunE = func(*cobra.Command, []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		c, err := openIdentity(dir)
		if err != nil {
			return err
		}
		list, err := node.Proofs(dir)
		if err != nil {
			return err
		}
		out := make([]caught, len(list))
		members, _ := c.Membership()
		for i, t := range list {
			digests, key, err := t.Verify(c.Roots().Credentials(), time.Now())
			if err != nil {
				return err
			}
			out[i] = caught{Twice: t, Digests: digests, Key: key.ID()}
			for _, m := range members.Members {
				out[i].Frozen = out[i].Frozen || m.Key == key
			}
		}
		return a.show(out, func(w io.Writer) error { return listCaught(w, out) })
	}
	return cmd
}

func listCaught(w io.Writer, list []caught) error {
	if len(list) == 0 {
		say(w, "no member has signed two ops under one number\n")
		return nil
	}
	rows := make([][]string, len(list))
	for i, c := range list {
		state := "has another key"
		if c.Frozen {
			state = "frozen"
		}
		rows[i] = []string{string(c.Member), state, c.Dot.String(), c.Digests[0].String()[:16], c.Digests[1].String()[:16]}
	}
	return table(w, []string{"MEMBER", "STATE", "OP", "ONE", "OTHER"}, rows)
}
