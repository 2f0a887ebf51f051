package rehearsal_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/rehearsal"
	"github.com/tallystick/tallystick/internal/rehearsal/rehearsaltest"
)

func TestMain(m *testing.M) {
	if code, is := rehearsaltest.Main(); is {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// bench is a stage, and how it ends.
type bench struct {
	*rehearsal.Stage

	t   *testing.T
	dir string
	end func()
}

func open(t *testing.T, lasts time.Duration) *bench {
	t.Helper()
	b := &bench{t: t, dir: filepath.Join(t.TempDir(), "rehearsal")}
	s, err := rehearsal.New(rehearsal.Config{Program: os.Args[0], Dir: b.dir, Lasts: lasts, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	b.Stage = s
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	b.end = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// until waits for the rehearsal to stand in some way.
func (b *bench) until(what string, is func(client.Rehearsal) bool) client.Rehearsal {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; <-tick.C {
		r := b.Show(b.t.Context())
		if is(r) {
			return r
		}
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain until %s: %+v", what, r)
		}
	}
}

// owed is what a node owes to another one.
func owed(r client.Rehearsal, from, to string) uint64 {
	for _, n := range r.Nodes {
		for _, m := range n.Members {
			if n.Name == from && m.Name == to {
				return m.Owed
			}
		}
	}
	return 0
}

func TestANodeIsCutOffWrittenToOnBothSidesAndMeetsTheOthersAgain(t *testing.T) {
	b := open(t, 0)
	defer b.end()
	ctx := t.Context()
	b.must(b.Begin(ctx))
	b.must(b.Begin(ctx)) // it runs already
	b.until("all are equal", func(r client.Rehearsal) bool { return r.Equal && len(r.Nodes) == 3 })
	b.must(b.Cut(ctx, "cedar"))
	b.must(b.Write(ctx, "cedar", 3))
	b.must(b.Write(ctx, "alder", 5))
	b.must(b.Edit(ctx))
	r := b.until("both sides owe", func(r client.Rehearsal) bool {
		return !r.Equal && owed(r, "alder", "cedar") == 6 && owed(r, "cedar", "birch") == 4 && owed(r, "alder", "birch") == 0 && r.Nodes[0].Conflicts == 0
	})
	if r.Cut != "cedar" || r.Nodes[2].Digest == r.Nodes[0].Digest {
		t.Errorf("%+v", r)
	}
	b.must(b.Cut(ctx, ""))
	r = b.until("they meet", func(r client.Rehearsal) bool { return r.Equal && r.Cut == "" })
	for _, n := range r.Nodes {
		if n.Live != 9 || n.Conflicts != 1 {
			t.Errorf("%s holds %d memories, %d of them in conflict", n.Name, n.Live, n.Conflicts)
		}
	}
	if last := r.Notes[len(r.Notes)-1]; last.What != "equal" || last.AfterMS <= 0 {
		t.Errorf("%+v", r.Notes)
	}
	for name, err := range map[string]error{"a stranger": b.Cut(ctx, "oak"), "too many": b.Write(ctx, "alder", 1000), "none": b.Write(ctx, "alder", 0)} {
		if !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingIsLeftOfARehearsal(t *testing.T) {
	b := open(t, 0)
	ctx := t.Context()
	if err := b.Cut(ctx, ""); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("before it begins: %v", err)
	}
	b.must(b.Begin(ctx))
	urls := b.Show(ctx).Nodes
	b.must(b.End(ctx))
	b.must(b.End(ctx))
	b.gone(urls)
	b.must(b.Begin(ctx))
	urls = b.Show(ctx).Nodes
	b.end() // the node of the operator ends
	b.gone(urls)
	if err := b.Begin(ctx); !errors.Is(err, memory.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestARehearsalEndsByItself(t *testing.T) {
	b := open(t, 10*time.Second)
	defer b.end()
	b.must(b.Begin(t.Context()))
	urls := b.Show(t.Context()).Nodes
	b.until("it is over", func(r client.Rehearsal) bool { return r.State == "none" })
	b.must(b.End(t.Context()))
	b.gone(urls)
}

// gone checks that no process and no file is left.
func (b *bench) gone(nodes []client.RehearsalNode) {
	b.t.Helper()
	if b.Show(b.t.Context()).State != "none" || len(nodes) != 3 {
		b.t.Errorf("%+v of %d nodes", b.Show(b.t.Context()), len(nodes))
	}
	for _, n := range nodes {
		if res, err := http.Get(n.URL + "/health/live"); err == nil {
			_ = res.Body.Close()
			b.t.Errorf("%s still answers", n.Name)
		}
	}
	if _, err := os.Stat(b.dir); !errors.Is(err, fs.ErrNotExist) {
		b.t.Errorf("%s: %v", b.dir, err)
	}
}
