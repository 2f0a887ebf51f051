package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
)

func newStatus(a *app) *cobra.Command {
	cmd := command("status", "Show a node and its members", argCheck{0, 0}, nil)
	cmd.Long = `Show how a node stands, first in words: whether all is well, and if not, what that
means for writes. Then what it holds, which members it reaches, what it still owes
them, and when each was last proven equal. Equal digests mean equal state.`
	all := cmd.Flags().Bool("all", false, "show instead how each member gets on with each of the others, as it says itself")
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		if *all {
			return runStatusAll(ctx, a, c)
		}
		return runStatus(ctx, a, c)
	})
	return cmd
}

// statusView is a status with what it comes to.
type statusView struct {
	Verdict string   `json:"verdict"`
	Notes   []string `json:"notes"`
	*client.Status
}

func runStatus(ctx context.Context, a *app, c *client.Client) error {
	s, err := statusOf(ctx, c)
	if err != nil {
		return err
	}
	v := statusView{Status: s}
	v.Verdict, v.Notes = verdictOn(s)
	return a.show(v, func(w io.Writer) error { return showStatus(w, &v) })
}

const (
	allWell     = "all well"
	belowQuorum = "below quorum"
	membersAway = "members are missing"
	diskFull    = "the disk is full"
	noMember    = "no longer a member"
)

// comeBack is what to do with a node that was removed.
const comeBack = "what is written here reaches nobody; to bring the node back, stop it, move the directory identity of its data away, " +
	"and join with a line of `tally cluster token`: its memories stay"

// removedBy returns the members that refuse this node because it was removed.
func removedBy(members []client.Member) []string {
	var out []string
	for _, m := range members {
		if strings.Contains(m.LastError, string(identity.MemberRemoved)) {
			out = append(out, m.Name)
		}
	}
	return out
}

// verdictOn says in words how a node stands, and what somebody should know or do.
func verdictOn(s *client.Status) (verdict string, notes []string) {
	notes = []string{}
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	reached := 1
	var away []string
	for _, m := range s.Members {
		switch m.State {
		case "ok":
			reached++
		case "catching_up":
			reached++
			note("%s is catching up: %s owed", m.Name, count(m.Owed, "op"))
		case ownCalls:
			reached++
			note("%s is %s: it fetches what is for it", m.Name, stateWords(m.State))
		default:
			away = append(away, m.Name)
		}
	}
	verdict = allWell
	switch {
	case slices.Contains(s.Warnings, client.WarningFull): // which says the rest
		verdict = diskFull
	case len(removedBy(s.Members)) > 0:
		verdict = noMember
		note("this node was removed from the federation, says %s: %s", strings.Join(removedBy(s.Members), ", "), comeBack)
	case reached < s.W:
		verdict = belowQuorum
		note("writes are kept here and owed: %d of %d members can be reached, and a write wants %d%s",
			reached, s.N, s.W, prefixed("; missing: ", strings.Join(away, ", ")))
	case len(away) > 0:
		verdict = membersAway
		note("writes have their quorum; what is missing is owed to: %s", strings.Join(away, ", "))
	}
	if n := s.Counts.Conflicts; n > 0 {
		note("%s: see them with tally list --conflicts, settle them with tally resolve", count(n, "memory")+" in conflict")
	}
	if n := len(s.Parked); n > 0 {
		note("%s refused: tally parked", count(n, "op"))
	}
	if s.IndexLag > 0 {
		note("the text index is %s behind: recall may miss what was written just now", count(s.IndexLag, "entry"))
	}
	for _, m := range s.Models {
		switch {
		case m.State == "failed":
			note("model %s cannot be used: %s", m.Name, m.Problem)
		case m.Problem != "":
			note("model %s is %s behind: %s", m.Name, count(m.Behind, "entry"), m.Problem)
		}
	}
	return verdict, append(notes, s.Warnings...)
}

// ownCalls is the state of a member that cannot be called, and calls.
const ownCalls = "own_calls"

// stateWords are the words for the state of a member.
func stateWords(state string) string {
	if state == ownCalls {
		return "reached by its own calls"
	}
	return state
}

// prefixed is s with something before it, if there is any.
func prefixed(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

func showStatus(w io.Writer, v *statusView) error {
	say(w, "%s\n", v.Verdict)
	for _, n := range v.Notes {
		say(w, "  %s\n", printable(n))
	}
	say(w, "\n")
	k := v.Counts
	rows := [][]string{
		{"node", v.Node + " (incarnation " + v.Incarnation + ", tally " + v.Version + ")"},
		{"digest", v.Digest},
		{"quorum", fmt.Sprintf("%d of %d", v.W, v.N)},
		{"memories", fmt.Sprintf("%d live, %d archived, %d deleted, %d erased; %s", k.Live, k.Archived, k.Deleted, k.Erased, count(k.Links, "link"))},
		{"on disk", fmt.Sprintf("%.1f MiB", float64(k.Bytes)/(1<<20))},
		{"up since", stamp(v.StartedAt.Time)},
	}
	if k.Pending {
		rows[3][1] = "still being counted after the start"
		rows = slices.Delete(rows, 4, 5)
	}
	if err := table(w, nil, rows); err != nil {
		return err
	}
	if err := showMembers(w, v.Status); err != nil {
		return err
	}
	return showLegacyPeers(w, v.Status)
}

func showMembers(w io.Writer, v *client.Status) error {
	if len(v.Members) == 0 {
		return nil
	}
	var rows [][]string
	for _, m := range v.Members {
		rows = append(rows, []string{m.Name, stateWords(m.State), decimal(m.Owed), decimal(m.Parked), ago(m.LastAckAt.Time, v.Time.Time), ago(m.ProvenEqualAt.Time, v.Time.Time), m.URL})
	}
	say(w, "\n")
	if err := table(w, []string{"MEMBER", "STATE", "OWED", "PARKED", "LAST ACK", "PROVEN EQUAL", "URL"}, rows); err != nil {
		return err
	}
	for _, m := range v.Members {
		if m.LastError != "" {
			say(w, "  %s: %s\n", m.Name, printable(m.LastError))
		}
	}
	return nil
}

// showLegacyPeers shows nodes of ai-memory. What they hold on disk they do not say.
func showLegacyPeers(w io.Writer, v *client.Status) error {
	if len(v.Legacy) == 0 {
		return nil
	}
	var rows [][]string
	for i := range v.Legacy {
		p := &v.Legacy[i]
		rows = append(rows, []string{p.Name, p.State, p.Direction, decimal(p.Owed), decimal(p.Taken), decimal(p.Drift), p.Durability, strings.Join(p.Namespaces, " "), p.URL})
	}
	say(w, "\n")
	return table(w, []string{"LEGACY PEER", "STATE", "DIRECTION", "OWED", "TAKEN", "ID DRIFT", "DURABILITY", "NAMESPACES", "URL"}, rows)
}

// ago says how long before now something was.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return spanOf(now.Sub(t)) + " ago"
}
