package store

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Reading the links of one memory must not read all links there are.
func TestLinksAreFoundByBothEnds(t *testing.T) {
	s, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	var plan []string
	err = s.tables.read.each(context.WithoutCancel(t.Context()), `EXPLAIN QUERY PLAN `+sqlHolders+sqlLinksOf, []any{6, 3, "a", 3, "a", 1, 1, 1, 1},
		func(r rowScanner) error {
			var id, parent, unused int
			var detail string
			err := r.Scan(&id, &parent, &unused, &detail)
			plan = append(plan, detail)
			return err
		})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(plan, "\n")
	if !strings.Contains(text, "(family=? AND a=?)") || !strings.Contains(text, "(family=? AND b=?)") {
		t.Errorf("the plan is\n%s", text)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
