package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

// endpoint stands in for the network, which has no place in a bubble of time.
type endpoint struct {
	answer func(n int, title string) (status int, header http.Header, err error)
	hang   func(context.Context) // instead of an answer
	at     []time.Time
	titles []string
}

// RoundTrip implements [http.RoundTripper].
func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var n memory.Notice
	if err := json.Unmarshal(b, &n); err != nil {
		return nil, err
	}
	title, _ := n.Details["title"].(string)
	e.at, e.titles = append(e.at, time.Now()), append(e.titles, title)
	if e.hang != nil {
		e.hang(r.Context())
		return nil, r.Context().Err()
	}
	status, header, err := e.answer(len(e.at), title)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(&bytes.Buffer{}), Request: r}, nil
}

// plain is a source that tells of everything that was written.
type plain struct {
	*store.Store
	changed chan struct{} // never closed: the runner looks by itself, too
}

func (p plain) Changed() <-chan struct{} { return p.changed }

func (p plain) Notice(_ context.Context, rec *memory.Record, _ *memory.Subscription, ev memory.Event) (*memory.Notice, error) {
	m, has := ev.Entry.Content()
	if !has {
		return nil, nil //nolint:nilnil // not for the subscriber
	}
	return &memory.Notice{
		Event: memory.EventStore, LSN: ev.LSN, Dot: ev.Entry.Dot, CorrelationID: memory.CorrelationID(rec.ID, ev.Entry.Dot),
		Details: map[string]any{"title": m.Title},
	}, nil
}

// deliver runs, in a bubble of time, a node with one subscription and one
// memory for each title, for as long as told.
func deliver(t *testing.T, e *endpoint, cfg Config, forSo time.Duration, titles ...string) (*Runner, *store.Store) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, memory.DefaultMaxSkew), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := NewGuard(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Node, cfg.Log, cfg.Guard = "a", slog.New(slog.DiscardHandler), guard
	r := New(cfg, plain{st, make(chan struct{})}, st)
	r.sender.client.Transport = e
	ctx, cancel := context.WithCancel(t.Context())
	storeCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done, storeDone := make(chan error, 1), make(chan error, 1)
	go func() { storeDone <- st.Run(storeCtx) }()
	content, err := json.Marshal(memory.Subscription{URL: "https://hooks.example/x", Key: memory.SecretKey("whatever")})
	if err != nil {
		t.Fatal(err)
	}
	write(t, st, memory.Memory{ID: "sub", Namespace: memory.SubscriptionNamespace, Title: "subscription", Content: string(content)})
	for _, title := range titles {
		write(t, st, memory.Memory{ID: title, Namespace: "house", Title: title, Content: "x"})
	}
	go func() { done <- r.Run(ctx) }()
	time.Sleep(forSo)
	cancel()
	err = <-done
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-storeDone, st.Close()); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, st
}

func write(t *testing.T, st *store.Store, m memory.Memory) {
	t.Helper()
	m.Tier, m.Priority, m.Confidence, m.Source, m.MemoryKind, m.ConfidenceSource, m.Version = memory.Long, 5, 1, "api", "observation", "caller_provided", 1
	m.CreatedAt = memory.InstantOf(time.Now())
	if _, err := st.Submit(t.Context(), &memory.Write{Actor: memory.Anonymous, Ops: []memory.NewOp{{Op: &memory.Put{Memory: m, Create: true}}}}); err != nil {
		t.Fatal(err)
	}
}

func TestAttemptsAreSpreadFurtherAndFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(int, string) (int, http.Header, error) { return 503, nil, nil }}
		r, _ := deliver(t, e, Config{Attempts: 8, MaxBackoff: 20 * time.Second}, 3*time.Minute, "one")
		if len(e.at) != 8 {
			t.Fatalf("%d attempts, want 8", len(e.at))
		}
		for i, secs := range []int{1, 2, 4, 8, 16, 20, 20} {
			want := time.Duration(secs) * time.Second
			if got := e.at[i+1].Sub(e.at[i]); got < want/2 || got > want {
				t.Errorf("attempt %d came after %s, want %s to %s", i+2, got, want/2, want)
			}
		}
		if r.GivenUp.Load() != 1 {
			t.Error("it was not given up")
		}
	})
}

func TestAnEndpointMayAskForTime(t *testing.T) {
	for name, tt := range map[string]struct {
		after string
		least time.Duration
		most  time.Duration
	}{
		"seconds":           {"40", 40 * time.Second, 40 * time.Second},
		"more than we wait": {"3000", time.Minute, time.Minute},
		"nonsense":          {"soon", 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &endpoint{answer: func(n int, _ string) (int, http.Header, error) {
					if n == 1 {
						return 429, http.Header{"Retry-After": {tt.after}}, nil
					}
					return 200, nil, nil
				}}
				deliver(t, e, Config{MaxBackoff: time.Minute}, 5*time.Minute, "one")
				if len(e.at) != 2 {
					t.Fatalf("%d attempts, want 2", len(e.at))
				}
				if got := e.at[1].Sub(e.at[0]); got < tt.least || got > tt.most {
					t.Errorf("tried again after %s, want %s to %s", got, tt.least, tt.most)
				}
			})
		})
	}
}

func TestAnAttemptThatHangsIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took []time.Duration
		e := &endpoint{hang: func(ctx context.Context) {
			began := time.Now()
			<-ctx.Done()
			took = append(took, time.Since(began))
		}}
		r, st := deliver(t, e, Config{Timeout: 7 * time.Second, Attempts: 2}, time.Minute, "one")
		if r.GivenUp.Load() != 1 || len(took) != 2 {
			t.Fatalf("%d given up after %d attempts", r.GivenUp.Load(), len(took))
		}
		for _, d := range took {
			if d != 7*time.Second {
				t.Errorf("an attempt took %s", d)
			}
		}
		letters, err := st.DeadLetters(t.Context(), "sub", false, 10)
		if err != nil || len(letters) != 1 || letters[0].Error != context.DeadlineExceeded.Error() {
			t.Errorf("dead letters %+v: %v", letters, err)
		}
	})
}

func TestStoppingEndsAnAttemptAndDoesNotCountIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{hang: func(ctx context.Context) { <-ctx.Done() }}
		began := time.Now()
		r, st := deliver(t, e, Config{Timeout: time.Hour}, time.Minute, "one")
		if took := time.Since(began); took > time.Minute+time.Second {
			t.Errorf("stopping took %s", took-time.Minute)
		}
		saved, err := st.Deliveries(t.Context())
		if err != nil || r.Failed.Load() != 0 || saved["sub"].Attempts != 0 {
			t.Errorf("%d failed, saved %+v: %v", r.Failed.Load(), saved, err)
		}
	})
}

func TestAPoisonedEventDoesNotStopTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ int, title string) (int, http.Header, error) {
			if title == "poison" {
				return 0, nil, errors.New("connection refused")
			}
			return 200, nil, nil
		}}
		r, st := deliver(t, e, Config{Attempts: 2}, time.Minute, "one", "poison", "two")
		if got, want := e.titles, []string{"one", "poison", "poison", "two"}; !slices.Equal(got, want) {
			t.Errorf("delivered %q, want %q", got, want)
		}
		saved, err := st.Deliveries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := saved["sub"]
		if d.Delivered != 2 || d.Failed != 2 || d.Attempts != 0 || d.LSN != st.View().LSN || d.LastError != "" || r.GivenUp.Load() != 1 {
			t.Errorf("saved %+v, log is at %d", d, st.View().LSN)
		}
	})
}
