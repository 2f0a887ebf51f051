package auditing

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity"
)

// auditOf is an audit log with n refusals behind its first row.
func auditOf(t *testing.T, n int) Log {
	t.Helper()
	return auditWith(t, n, "")
}

// auditWith is auditOf with a detail in each row.
func auditWith(t *testing.T, n int, detail string) Log {
	t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	log, err := audit.Open(path, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	events := make([]audit.Event, n)
	for i := range events {
		events[i] = audit.Event{Kind: audit.Refusal, Actor: fmt.Sprint("agent-", i%7), Subject: strings.Repeat("x", 200), Detail: detail}
	}
	if err := log.Append(events...); err != nil {
		t.Fatal(err)
	}
	return New(path, log)
}

// A page may begin to read in the middle of the longest row.
func TestLongRowsAreReadFromTheMiddle(t *testing.T) {
	const rows = 400
	a := auditWith(t, rows, strings.Repeat("<", 1024)) // six bytes each as JSON
	info, err := os.Stat(a.path)
	if err != nil || info.Size() < auditWindow+4096 {
		t.Fatalf("%d bytes (%v): nothing is read from the middle", info.Size(), err)
	}
	for before := uint64(0); ; {
		page, err := a.Page(t.Context(), client.AuditInput{Limit: 30, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rows {
			if before != 0 && r.Seq != before-1 {
				t.Fatalf("row %d behind %d", r.Seq, before)
			}
			before = r.Seq
		}
		if page.Next == 0 {
			break
		}
		if before != page.Next {
			t.Fatalf("next is %d behind %d", page.Next, before)
		}
		if err := a.log.Append(audit.Event{Kind: audit.Refusal, Actor: "other"}); err != nil { // the middle is another one each time
			t.Fatal(err)
		}
	}
}

func TestTheAuditLogIsReadFromItsEnd(t *testing.T) {
	const rows = 9000 // of more bytes than are read at first
	a := auditOf(t, rows)
	var seqs []uint64
	for before := uint64(0); ; {
		page, err := a.Page(t.Context(), client.AuditInput{Limit: 1000, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rows {
			seqs = append(seqs, r.Seq)
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	slices.Reverse(seqs)
	for i, s := range seqs {
		if s != uint64(i+1) {
			t.Fatalf("row %d is at place %d", s, i+1)
		}
	}
	if len(seqs) != rows+1 {
		t.Errorf("%d rows, want %d", len(seqs), rows+1)
	}
	for name, q := range map[string]client.AuditInput{
		"kind": {Kind: "opened"}, "text": {Text: "AGENT-3"}, "nothing": {Text: "nobody"}, "both": {Kind: "opened", Text: "agent"},
	} {
		want := map[string]int{"kind": 1, "text": 100}[name]
		page, err := a.Page(t.Context(), q)
		if err != nil || page.Count != want || len(page.Rows) != want {
			t.Errorf("%s: %d rows, %v, want %d", name, page.Count, err, want)
		}
	}
}

// What few rows fit, or none, is not looked for in all of the log at once.
func TestOneLookReadsNoMoreThanAPartOfTheLog(t *testing.T) {
	const rows = 2200
	a := auditWith(t, rows, strings.Repeat("<", 1024))
	info, err := os.Stat(a.path)
	if err != nil || info.Size() < 3*auditMost {
		t.Fatalf("%d bytes (%v): one look is enough", info.Size(), err)
	}
	q := client.AuditInput{Kind: "opened"} // the first row, and no other
	for looks := 1; ; looks++ {
		page, err := a.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Next == 0 {
			if page.Count != 1 || page.Rows[0].Seq != 1 || !page.LookedTo.IsZero() || looks < 3 {
				t.Errorf("after %d looks %+v", looks, page)
			}
			return
		}
		if page.Count != 0 || page.LookedTo.IsZero() || q.Before != 0 && page.Next >= q.Before || looks > 20 {
			t.Fatalf("look %d before %d: %d rows, to %s, next %d", looks, q.Before, page.Count, page.LookedTo.Time, page.Next)
		}
		q.Before = page.Next
	}
}

func TestAChangedAuditLogIsFoundWhateverKeySignsIt(t *testing.T) {
	a := auditOf(t, 20)
	raw, err := os.ReadFile(a.path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(raw, []byte("\n"))
	other, err := os.ReadFile(auditOf(t, 20).path) // whole, and of another key
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"as it was": raw, "a row is changed": bytes.Replace(raw, []byte("agent-3"), []byte("agent-4"), 1), "the end is missing": bytes.Join(lines[:10], nil),
		"a row is missing": bytes.Join(slices.Delete(slices.Clone(lines), 5, 6), nil), "another log": other, "nothing": nil,
	} {
		if err := os.WriteFile(a.path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := a.Verify(t.Context())
		if err != nil || v.OK != (name == "as it was") || v.OK != (len(v.Findings) == 0) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}
