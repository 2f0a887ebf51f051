// Package auditing shows and checks the audit log of a running node.
package auditing

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity"
)

// Log reads the audit log of a running node for its operator.
type Log struct {
	path string
	log  *audit.Log
}

// New returns what reads a log that is kept in a file.
func New(path string, log *audit.Log) Log { return Log{path, log} }

const (
	auditWindow = 1 << 20 // bytes from the end that are read at first
	auditMost   = 4 << 20 // bytes that are looked through for one page
)

// Page implements the Audit of package api. It reads backwards, as far as it has to and
// no further than auditMost.
func (a Log) Page(ctx context.Context, q client.AuditInput) (client.AuditPage, error) {
	limit := cmp.Or(q.Limit, 100)
	f, err := os.Open(a.path)
	if err != nil {
		return client.AuditPage{}, fmt.Errorf("read the audit log: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	end, err := endOf(f, q.Before)
	if err != nil {
		return client.AuditPage{}, fmt.Errorf("read the audit log: %w", err)
	}
	var looked part
	for window := int64(auditWindow); ; window *= 4 {
		from := max(0, end-window)
		if looked, err = matching(ctx, f, from, end, limit+1, q); err != nil {
			return client.AuditPage{}, err
		}
		if looked.whole || len(looked.rows) > limit || window >= auditMost {
			break
		}
	}
	rows := looked.rows
	v := client.AuditPage{Rows: rows[:min(limit, len(rows))], Head: a.log.Head().String()}
	v.Count = len(v.Rows)
	switch {
	case len(rows) > limit:
		v.Next = v.Rows[v.Count-1].Seq
	case !looked.whole:
		v.Next, v.LookedTo = looked.first.Seq, client.TimeOf(looked.first.At)
	}
	return v, nil
}

// endOf is a place in the log behind which no row comes before the given one, and not
// far behind the last that does: rows are found by halving, not by reading all of them.
func endOf(f *os.File, before uint64) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil || before == 0 {
		return end, err
	}
	low, high := int64(0), end
	for high-low > 4*audit.MaxRow {
		mid := low + (high-low)/2
		at := uint64(0)
		for e, err := range audit.Entries(io.NewSectionReader(f, mid, 4*audit.MaxRow)) { // its first row is cut off, and left out
			if err != nil {
				return 0, err
			}
			at = e.Seq
			break
		}
		if at != 0 && at < before {
			low = mid
		} else {
			high = mid
		}
	}
	return min(end, high+4*audit.MaxRow), nil
}

// part is what was found in a part of the log.
type part struct {
	rows  []client.AuditRow
	first audit.Entry // of those that were looked at
	whole bool        // there is nothing before it
}

// matching returns the rows of a part of the log that fit, the newest first and at most
// as many as given.
func matching(ctx context.Context, f *os.File, from, to int64, most int, q client.AuditInput) (part, error) {
	in := bufio.NewReader(io.NewSectionReader(f, from, to-from))
	if from > 0 { // the rest of a row, or a whole one that is found again
		if _, err := in.ReadString('\n'); err != nil {
			return part{}, fmt.Errorf("read the audit log: %w", err)
		}
	}
	out := part{rows: []client.AuditRow{}, whole: from == 0}
	text := strings.ToLower(q.Text)
	for e, err := range audit.Entries(in) {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return part{}, err
		}
		if q.Before != 0 && e.Seq >= q.Before {
			break
		}
		if out.first.Seq == 0 {
			out.first = e
		}
		r := client.AuditRow{Seq: e.Seq, At: client.TimeOf(e.At), Kind: string(e.Kind), Actor: e.Actor, Subject: e.Subject, Tag: e.Tag, Detail: e.Detail, Times: e.Count}
		all := strings.ToLower(strings.Join([]string{r.Kind, r.Actor, r.Subject, r.Tag, r.Detail}, "\n"))
		if (q.Kind == "" || r.Kind == q.Kind) && strings.Contains(all, text) {
			out.rows = append(out.rows[max(0, len(out.rows)+1-most):], r)
		}
	}
	slices.Reverse(out.rows)
	return out, nil
}

// Verify implements the Audit of package api. What this process knows as the end of the log must be
// there, and each row names the digest of the one before it: nobody can have changed one
// since without being found, whatever key they have.
func (a Log) Verify(context.Context) (client.AuditVerdict, error) {
	head := a.log.Head() // before the file is read: it may grow meanwhile
	raw, err := os.ReadFile(a.path)
	if err != nil {
		return client.AuditVerdict{}, fmt.Errorf("read the audit log: %w", err)
	}
	var first identity.PublicKey
	for e, err := range audit.Entries(bytes.NewReader(raw[:bytes.IndexByte(raw, '\n')+1])) {
		if err == nil {
			first, _ = identity.ParsePublicKey(e.Subject) // a wrong one fits no signature
		}
	}
	r, err := audit.Verify(bytes.NewReader(raw), first, head)
	if err != nil {
		return client.AuditVerdict{}, err
	}
	v := client.AuditVerdict{OK: r.OK(), Rows: r.Rows, Head: r.Head.String(), Faults: r.Faults, Findings: []string{}}
	for _, x := range r.Findings {
		v.Findings = append(v.Findings, x.String())
	}
	return v, nil
}

// Copy implements the Audit of package api.
func (a Log) Copy(_ context.Context, w io.Writer) error {
	f, err := os.Open(a.path)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	_, err = io.Copy(w, f)
	return err
}
