package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Search returns the records whose words q asks for and that fit f, best first.
// It searches what is indexed: see SyncIndex.
func (s *tables) Search(ctx context.Context, q memory.TextQuery, f memory.Filter, limit int) ([]memory.Hit, error) {
	match := s.dialect.text.match(q)
	if match == "" {
		return nil, nil
	}
	w := s.filter(f)
	query := fmt.Sprintf(`WITH hits AS (`+s.dialect.text.hits+`) `, w.String()) +
		strings.Replace(sqlRecord, "c.raw", "c.raw, h.score", 1) + ` JOIN hits h ON h.rid = m.rid ORDER BY h.score DESC, m.id`
	args := append([]any{match}, w.args...)
	var out []memory.Hit
	err := s.read.each(ctx, query, append(args, limit), func(r rowScanner) error {
		var h memory.Hit
		var err error
		h.Record, err = s.scanRecord(r, &h.Relevance)
		out = append(out, h)
		return err
	})
	return out, err
}
