package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// Barrier returns when all that was being committed when it was called is durable.
func (s *changes) Barrier(ctx context.Context) error {
	return s.do(ctx, queueMember, 0, func(context.Context, *tx) error { return nil })
}

// KeepStatements keeps what members have signed. It is durable with the next commit.
func (s *changes) KeepStatements(ctx context.Context, list []memory.Statement) error {
	return s.do(ctx, queueLocal, len(list), func(ctx context.Context, t *tx) error {
		credentials := map[[2]string]int64{}
		for i := range list {
			s := &list[i]
			rid, err := t.credential(ctx, credentials, s.Credential, s.Chain)
			if err != nil {
				return err
			}
			if err := t.aside(ctx, `INSERT INTO statements (origin, first, last, member, epoch, at, credential, signed, signature) VALUES (?,?,?,?,?,?,?,?,?)`,
				string(s.Run.Origin), int64(s.Run.From), int64(s.Run.To), string(s.Member), int64(s.Epoch), int64(s.At), rid, s.Signed, s.Signature); err != nil {
				return err
			}
		}
		return nil
	})
}

// credential returns the row of a credential; known are those that were asked for.
func (t *tx) credential(ctx context.Context, known map[[2]string]int64, header, chain string) (int64, error) {
	rid, ok := known[[2]string{header, chain}]
	if ok {
		return rid, nil
	}
	if err := t.aside(ctx, `INSERT INTO credentials (header, chain) VALUES (?,?) ON CONFLICT (header, chain) DO NOTHING`, header, chain); err != nil {
		return 0, err
	}
	if _, err := t.queryRow(ctx, `SELECT rid FROM credentials WHERE header = ? AND chain = ?`, []any{header, chain}, &rid); err != nil {
		return 0, err
	}
	known[[2]string{header, chain}] = rid
	return rid, nil
}

// DropStatements forgets the statements that were made before an instant, and, of those
// that are left, all but the newest most.
func (s *changes) DropStatements(ctx context.Context, before memory.Instant, most int) error {
	return s.do(ctx, queueLocal, 1, func(ctx context.Context, t *tx) error {
		if err := t.aside(ctx, `DELETE FROM statements WHERE at < ? OR rid <= (SELECT coalesce(max(rid), 0) FROM statements) - ?`, int64(before), most); err != nil {
			return err
		}
		return t.aside(ctx, `DELETE FROM credentials WHERE rid NOT IN (SELECT credential FROM statements)`)
	})
}

// longestRun is how many entries a run of a statement has at most. Longer ones are not found.
const longestRun = 1024

// Statements returns what members have signed about the entry of d, the newest last.
func (s *log) Statements(ctx context.Context, d memory.Dot) ([]memory.Statement, error) {
	var out []memory.Statement
	err := s.read.each(ctx, `SELECT s.first, s.last, s.member, s.epoch, s.at, s.signed, s.signature, c.header, c.chain
		FROM statements s JOIN credentials c ON c.rid = s.credential
		WHERE s.origin = ? AND s.last >= ? AND s.last < ? AND s.first <= ? ORDER BY s.rid`,
		[]any{string(d.Origin), int64(d.Seq), int64(d.Seq + longestRun), int64(d.Seq)}, func(r rowScanner) error {
			x := memory.Statement{Run: memory.Range{Origin: d.Origin}}
			err := r.Scan(&x.Run.From, &x.Run.To, &x.Member, &x.Epoch, &x.At, &x.Signed, &x.Signature, &x.Credential, &x.Chain)
			out = append(out, x)
			return err
		})
	return out, err
}

// Digests returns those of the entries of r, in order. [memory.ErrTruncated] says
// that one of them is not in the log, or not any more.
func (s *log) Digests(ctx context.Context, r memory.Range) ([]memory.Digest, error) {
	id, ok := s.originID(r.Origin)
	next := r.From
	var out []memory.Digest
	err := s.read.each(ctx, `SELECT seq, digest FROM log WHERE origin = ? AND seq >= ? AND seq <= ? ORDER BY seq`,
		[]any{id, int64(r.From), int64(min(r.To, 1<<62))}, func(row rowScanner) error {
			var seq uint64
			var digest []byte
			if err := row.Scan(&seq, &digest); err != nil {
				return err
			}
			if seq != next {
				return errStop
			}
			out = append(out, toDigest(digest))
			next++
			return nil
		})
	if err != nil && !errors.Is(err, errStop) {
		return nil, err
	}
	if !ok || next != r.To+1 {
		return nil, fmt.Errorf("digests of %s from %d to %d: %w", r.Origin, r.From, r.To, memory.ErrTruncated)
	}
	return out, nil
}
