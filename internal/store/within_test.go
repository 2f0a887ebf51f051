package store

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

// The condition in SQL and the pattern in Go must mean the same, also where a
// pattern is a range of the index.
func TestWithinMeansTheSameInTheDatabase(t *testing.T) {
	s, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	segment := rapid.SampledFrom([]string{"a", "b", "a-", "a0", "ab", "*", "**"})
	name := rapid.SampledFrom([]string{"a", "b", "a-", "a0", "ab"})
	join := func(parts []string) string { return strings.Join(parts, "/") }
	rapid.Check(t, func(rt *rapid.T) {
		in := memory.Within{}
		for range rapid.IntRange(0, 3).Draw(rt, "globs") {
			in = append(in, memory.Glob(join(rapid.SliceOfN(segment, 1, 4).Draw(rt, "glob"))))
		}
		namespace := join(rapid.SliceOfN(name, 1, 4).Draw(rt, "namespace"))
		w := where{}
		s.within(&w, in)
		cond := "1"
		if len(w.parts) > 0 {
			cond = w.String()
		}
		var got bool
		_, err := s.tables.read.row(context.Background(), `SELECT `+cond+` FROM (SELECT ? AS namespace) m`, append(w.args, namespace), &got)
		if err != nil {
			rt.Fatal(err)
		}
		if want := in.Covers(namespace); got != want {
			rt.Errorf("%v of %q: %v in the database, want %v", in, namespace, got, want)
		}
	})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
