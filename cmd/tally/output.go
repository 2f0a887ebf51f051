package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

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
		say(t, "%s\n", strings.Join(row, "\t"))
	}
	return t.Flush()
}

// printable makes s safe for one cell: no line breaks, no control sequences.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}

// safe removes control sequences from text that goes to a terminal.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// cutTo shortens s to n characters.
func cutTo(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// decimal writes a number of any type.
func decimal[T int | int32 | int64 | uint64](n T) string { return fmt.Sprint(n) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func stampOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return stamp(*t)
}

// shortIDs returns the shortest prefixes, of 8 characters or more, that tell the
// ids of one list apart.
func shortIDs(ids []string) []string {
	n := 8
	for !distinct(ids, n) {
		n++
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id[:min(n, len(id))]
	}
	return out
}

// distinct reports whether different ids have different prefixes of n characters.
func distinct(ids []string, n int) bool {
	seen := map[string]string{}
	for _, id := range ids {
		p := id[:min(n, len(id))]
		if other, ok := seen[p]; ok && other != id {
			return false
		}
		seen[p] = id
	}
	return true
}

func memoryRows(list []client.Memory) [][]string {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	short := shortIDs(ids)
	rows := make([][]string, len(list))
	for i, m := range list {
		rows[i] = []string{short[i], m.Namespace, m.Tier, decimal(m.Priority), stamp(m.UpdatedAt), cutTo(m.Title, 60)}
	}
	return rows
}

// showReceipt writes one line: how safe the write is.
func showReceipt(w io.Writer, r *client.Receipt) {
	if r == nil {
		return
	}
	say(w, "receipt  %s  %s: held by %d of %d (%s)\n", r.Dot, r.Durability, len(r.HeldBy), r.N, strings.Join(r.HeldBy, ", "))
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
			line += "  " + printable(cutTo(out.Memory.Title, 60))
		}
		if out.Replayed {
			line += "  (an earlier request with this idempotency key did it)"
		}
		say(w, "%s\n", line)
		showReceipt(w, out.Receipt)
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
