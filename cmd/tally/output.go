package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tallystick/tallystick/client"
)

// table writes rows as aligned columns.
func table(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if len(head) > 0 {
		say(t, "%s\n", strings.Join(head, "\t"))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
		say(t, "%s\n", strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return t.Flush()
}

// short cuts a text to n characters for a person at a terminal. What goes to a
// pipe, a file or an agent stays whole.
func (a *app) short(s string, n int) string {
	if !terminal(a.out) {
		return s
	}
	return cutTo(s, n)
}

// showList writes memories as a table, and how to keep those that expire.
func showList(a *app, w io.Writer, list []client.Memory) error {
	if len(list) == 0 {
		say(w, "nothing found\n")
		return nil
	}
	now := time.Now()
	rows := make([][]string, len(list))
	for i, m := range list {
		rows[i] = []string{
			m.ID, m.Namespace, m.Tier, decimal(m.Priority), stamp(m.UpdatedAt.Time), remains(&m, now), a.short(m.Title, 60) + mark(&m),
		}
	}
	if err := table(w, []string{"ID", "NAMESPACE", "TIER", "PRIO", "UPDATED", "EXPIRES", "TITLE"}, rows); err != nil {
		return err
	}
	hints(w, list, now)
	return nil
}

// mark says behind the title of a memory what somebody should look at.
func mark(m *client.Memory) string {
	if m.Conflicts == 0 {
		return ""
	}
	return "  [" + count(m.Conflicts, "conflict") + "]"
}

// hints says once, below several memories, what can be done about those that
// expire, have expired, or are in conflict.
func hints(w io.Writer, list []client.Memory, now time.Time) {
	some := func(f func(m client.Memory) bool) bool { return slices.ContainsFunc(list, f) }
	if some(func(m client.Memory) bool { return !m.ExpiresAt.IsZero() && m.ExpiresAt.After(now) }) {
		say(w, "→ to keep one that expires: tally keep ID\n")
	}
	if some(func(m client.Memory) bool { return !m.ArchivedAt.IsZero() }) {
		say(w, "→ to bring one back: tally restore ID\n")
	}
	if some(func(m client.Memory) bool { return m.Conflicts > 0 }) {
		say(w, "→ to see and settle a conflict: tally history ID, tally resolve ID\n")
	}
}

// showReceipt writes one line: how safe the write is.
func showReceipt(w io.Writer, r *client.Receipt) {
	if r == nil {
		return
	}
	say(w, "receipt  %s  %s: held by %d of %d (%s)\n", r.Dot, r.Durability, len(r.HeldBy), r.N, strings.Join(r.HeldBy, ", "))
	if len(r.HeldBy) < r.W {
		say(w, "  → fewer than the %d asked for: it is kept, and reaches the others by itself\n", r.W)
	}
	for _, p := range r.Told {
		say(w, "  legacy peer %s: %s, durability %s", printable(p.Name), strings.ReplaceAll(p.State, "_", " "), p.Durability)
		if p.Reason != "" {
			say(w, " (%s)", printable(p.Reason))
		}
		say(w, "\n")
	}
}

// showOutcome prints what became of a write, and turns a write that waits for
// approval into its exit code.
func (a *app) showOutcome(verb string, out *client.Outcome) error {
	err := a.show(out, func(w io.Writer) error {
		if p := out.Pending; p != nil {
			say(w, "waits for approval: %s\n  → somebody entitled runs: tally pending approve %s\n", printable(p.Reason), p.ID)
			return nil
		}
		line := verb
		if out.ID != "" {
			line += "  " + out.ID
		}
		if out.Memory != nil {
			line += "  " + printable(a.short(out.Memory.Title, 60))
		}
		switch {
		case out.Replayed && out.Erased:
			line += "  (an earlier request with this idempotency key did it, and the memory has been erased since)"
		case out.Replayed:
			line += "  (an earlier request with this idempotency key did it)"
		}
		say(w, "%s\n", line)
		showReceipt(w, out.Receipt)
		if len(out.Masked) > 0 {
			say(w, "masked: %s\n", strings.Join(out.Masked, ", "))
		}
		if len(out.PotentialContradictions) > 0 {
			say(w, "may contradict: %s\n", strings.Join(out.PotentialContradictions, " "))
		}
		if out.Memory != nil && !out.Memory.ExpiresAt.IsZero() {
			say(w, "%s\n", expiry(out.Memory, time.Now()))
		}
		return nil
	})
	if err == nil && out.Pending != nil {
		return errPending
	}
	return err
}

// orPending reports an error, or a write that waits for approval.
func orPending(a *app, out *client.Outcome, err error) error {
	if err != nil {
		return err
	}
	return a.showOutcome("", out)
}

// showHits writes what a question found: a table for a person at a terminal,
// and the whole texts otherwise, or where they are asked for.
func showHits(w io.Writer, hits []client.Hit, whole bool) error {
	if len(hits) == 0 {
		say(w, "nothing found\n")
		return nil
	}
	now := time.Now()
	list := make([]client.Memory, len(hits))
	rows := make([][]string, len(hits))
	for i, h := range hits {
		list[i] = h.Memory
		if whole {
			showHit(w, &h, now)
			continue
		}
		rows[i] = []string{
			fmt.Sprintf("%.2f", h.Score), h.ID, h.Namespace, remains(&h.Memory, now), cutTo(h.Title, 50) + mark(&h.Memory),
			cutTo(strings.Join(strings.Fields(h.Content), " "), 70),
		}
	}
	if !whole {
		if err := table(w, []string{"SCORE", "ID", "NAMESPACE", "EXPIRES", "TITLE", "TEXT"}, rows); err != nil {
			return err
		}
		hints(w, list, now)
	}
	return nil
}

// showHit writes one hit with all of its text.
func showHit(w io.Writer, h *client.Hit, now time.Time) {
	say(w, "# %s\n%s  %s  score %.2f\n", printable(h.Title), h.ID, printable(h.Namespace), h.Score)
	if line := expiry(&h.Memory, now); line != "" {
		say(w, "%s\n", line)
	}
	if h.Conflicts > 0 {
		say(w, "%s: tally history %s\n", count(h.Conflicts, "version")+" in conflict", h.ID)
	}
	say(w, "\n%s\n\n", strings.TrimRight(safe(h.Content), "\n"))
}
