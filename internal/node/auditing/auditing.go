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

const auditWindow = 1 << 20 // bytes from the end that are read at first

// Page implements the Audit of package api. It reads from the end, as far as it has to.
func (a Log) Page(ctx context.Context, q client.AuditInput) (client.AuditPage, error) {
	limit := cmp.Or(q.Limit, 100)
	f, err := os.Open(a.path)
	if err != nil {
		return client.AuditPage{}, fmt.Errorf("read the audit log: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return client.AuditPage{}, fmt.Errorf("read the audit log: %w", err)
	}
	var rows []client.AuditRow
	for window := int64(auditWindow); ; window *= 4 {
		from := max(0, size-window)
		if rows, err = matching(ctx, f, from, size, limit+1, q); err != nil {
			return client.AuditPage{}, err
		}
		if from == 0 || len(rows) > limit {
			break
		}
	}
	v := client.AuditPage{Rows: rows[:min(limit, len(rows))], Head: a.log.Head().String()}
	v.Count = len(v.Rows)
	if len(rows) > limit {
		v.Next = v.Rows[v.Count-1].Seq
	}
	return v, nil
}

// matching returns the rows of a part of the log that fit, the newest first and at most
// as many as given.
func matching(ctx context.Context, f *os.File, from, to int64, most int, q client.AuditInput) ([]client.AuditRow, error) {
	part := bufio.NewReader(io.NewSectionReader(f, from, to-from))
	if from > 0 { // the rest of a row, or a whole one that is found again
		if _, err := part.ReadString('\n'); err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
	}
	rows := []client.AuditRow{}
	text := strings.ToLower(q.Text)
	for e, err := range audit.Entries(part) {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return nil, err
		}
		r := client.AuditRow{Seq: e.Seq, At: client.TimeOf(e.At), Kind: string(e.Kind), Actor: e.Actor, Subject: e.Subject, Tag: e.Tag, Detail: e.Detail, Times: e.Count}
		all := strings.ToLower(strings.Join([]string{r.Kind, r.Actor, r.Subject, r.Tag, r.Detail}, "\n"))
		if (q.Before == 0 || r.Seq < q.Before) && (q.Kind == "" || r.Kind == q.Kind) && strings.Contains(all, text) {
			rows = append(rows[max(0, len(rows)+1-most):], r)
		}
	}
	slices.Reverse(rows)
	return rows, nil
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
