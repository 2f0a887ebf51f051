package memory_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

func TestEntriesThatNoNodeTakes(t *testing.T) {
	tests := map[string]func(*memory.Entry){
		"no origin":                  func(e *memory.Entry) { e.Dot.Origin = "" },
		"no seq":                     func(e *memory.Entry) { e.Dot.Seq = 0 },
		"seq beyond the limit":       func(e *memory.Entry) { e.Dot.Seq = 1 << 63 },
		"no op":                      func(e *memory.Entry) { e.Op = nil },
		"no actor":                   func(e *memory.Entry) { e.Actor = "" },
		"reserved actor":             func(e *memory.Entry) { e.Actor = "system" },
		"a bad op":                   func(e *memory.Entry) { e.Op = &memory.Delete{} },
		"too many previous versions": func(e *memory.Entry) { e.Prev = make([]memory.Dot, 65) },
		"a bad previous version":     func(e *memory.Entry) { e.Prev = []memory.Dot{{Origin: "a", Seq: 1}} },
		"hollow of a deletion":       func(e *memory.Entry) { e.Hollow = e.Dot; e.Op = &memory.Delete{ID: "m-1"} },
		"hollow without an id":       func(e *memory.Entry) { e.Hollow = e.Dot; e.Op = &memory.Put{} },
		"hollow by nobody":           func(e *memory.Entry) { e.Hollow = memory.Dot{Seq: 3} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			e := at("a", 1, 10, &memory.Put{Memory: sample(), Create: true})
			if err := e.Validate(); err != nil {
				t.Fatal(err)
			}
			change(e)
			if err := e.Validate(); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %v, want that it is invalid", err)
			}
		})
	}
}

func TestHollowEntries(t *testing.T) {
	by := memory.Dot{Origin: "b.1", Seq: 7}
	rapid.Check(t, func(t *rapid.T) {
		e := memorytest.Entry().Draw(t, "entry")
		_, hasContent := e.Content()
		if p, ok := e.Op.(*memory.Propose); ok {
			_, hasContent = (&memory.Entry{Op: p.Action}).Content()
		}
		h, ok := e.Hollowed(by)
		if ok != hasContent {
			t.Fatalf("a %s has content: %v, has a hollow form: %v", e.Op.Kind(), hasContent, ok)
		}
		if !ok {
			return
		}
		if err := h.Validate(); err != nil {
			t.Fatal(err)
		}
		if m, ok := h.Content(); ok {
			t.Fatalf("there is still %v inside", m)
		}
		if h.Hollow != by || h.Dot != e.Dot || h.Digest != e.Digest || h.Version() != e.Version() {
			t.Fatalf("%+v is not the hollow form of %+v", h, e)
		}
		if diff := cmp.Diff(e.Op.Subjects(), h.Op.Subjects()); diff != "" {
			t.Fatal(diff)
		}
		if again, _ := h.Hollowed(by); !cmp.Equal(again, h) {
			t.Fatal("hollowing twice is not hollowing once")
		}
	})
}

func TestOnlyAnErasureIsFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := memorytest.Entry().Draw(t, "entry")
		want := memory.Version{Final: e.Op.Kind() == memory.KindErase, Stamp: e.Stamp, Dot: e.Dot}
		if got := e.Version(); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestLifeOf(t *testing.T) {
	merge := &memory.Consolidate{Into: memory.Memory{ID: "new"}, Sources: []memory.SourceVersion{{ID: "old"}}}
	tests := map[string]struct {
		op     memory.Op
		id     string
		want   memory.Life
		reason string
	}{
		"created":            {&memory.Put{Create: true}, "", memory.Live, ""},
		"restored":           {&memory.Restore{}, "", memory.Live, ""},
		"archived":           {&memory.Archive{Reason: "forget"}, "", memory.Archived, "forget"},
		"deleted":            {&memory.Delete{}, "", memory.Deleted, ""},
		"erased":             {&memory.Erase{}, "", memory.Erased, ""},
		"made of others":     {merge, "new", memory.Live, ""},
		"merged into one":    {merge, "old", memory.Archived, "consolidated"},
		"not about the life": {&memory.Link{}, "", memory.Unborn, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if life, reason := memory.LifeOf(tt.op, tt.id); life != tt.want || reason != tt.reason {
				t.Errorf("got %s, %q", life, reason)
			}
		})
	}
}

// An op that writes a lifecycle register must say what it makes of the record.
func TestWhatWritesALifecycleSaysWhich(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := memorytest.AnyOp().Draw(t, "op")
		for _, k := range op.Subjects() {
			if life, _ := memory.LifeOf(op, k.A); k.Family == memory.FamLife && life == memory.Unborn {
				t.Fatalf("a %s leaves the record unborn", op.Kind())
			}
		}
	})
}

func TestLivesHaveNames(t *testing.T) {
	for life, want := range map[memory.Life]string{0: "unborn", 1: "live", 2: "archived", 3: "deleted", 4: "erased"} {
		if life.String() != want {
			t.Errorf("%d is %s, want %s", life, life, want)
		}
	}
}

func TestExpiryIsAPredicate(t *testing.T) {
	const expires = memory.Instant(1_000_000_000_000)
	before, after := memory.MakeStamp((expires - 1e9).Time()), memory.MakeStamp((expires + 1e9).Time())
	tests := map[string]struct {
		expires memory.Instant
		life    memory.Life
		written memory.Stamp // when the lifecycle was written
		now     memory.Instant
		want    memory.Life
		reason  string
	}{
		"never":                       {0, memory.Live, before, expires * 2, memory.Live, ""},
		"not yet":                     {expires, memory.Live, before, expires - 1, memory.Live, ""},
		"now":                         {expires, memory.Live, before, expires, memory.Archived, "ttl_expired"},
		"restored after it expired":   {expires, memory.Live, after, expires * 2, memory.Live, ""},
		"made by a clock far ahead":   {expires, memory.Live, 0, expires, memory.Archived, "ttl_expired"},
		"archived before it expired":  {expires, memory.Archived, before, expires * 2, memory.Archived, "forget"},
		"deleted before it expired":   {expires, memory.Deleted, before, expires * 2, memory.Deleted, "forget"},
		"expired, seen from the past": {expires, memory.Live, before, 1, memory.Live, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := memory.Record{Life: tt.life, LifeAt: memory.Version{Stamp: tt.written}}
			if tt.written == 0 {
				r.Content.Stamp, r.LifeAt.Stamp = after, after
			}
			r.ExpiresAt = tt.expires
			if tt.life != memory.Live {
				r.Reason = "forget"
			}
			life, reason := r.Stands(tt.now)
			if life != tt.want || reason != tt.reason {
				t.Errorf("got %s, %q", life, reason)
			}
			wantAt := tt.written.Instant()
			if tt.life == memory.Live {
				wantAt = tt.expires
			}
			if got := r.ArchivedAt(); got != wantAt {
				t.Errorf("archived at %s, want %s", got, wantAt)
			}
		})
	}
}

func TestHeadsSayWhatIsHeld(t *testing.T) {
	h := memory.Heads{"a.1": {Seq: 5, Gaps: []uint64{2, 4}}}
	for d, want := range map[memory.Dot]bool{
		{Origin: "a.1", Seq: 1}: true, {Origin: "a.1", Seq: 2}: false, {Origin: "a.1", Seq: 3}: true,
		{Origin: "a.1", Seq: 5}: true, {Origin: "a.1", Seq: 6}: false, {Origin: "a.2", Seq: 1}: false,
	} {
		if got := h.Holds(d); got != want {
			t.Errorf("%s: got %v", d, got)
		}
	}
}

func TestRefusalCodes(t *testing.T) {
	for code, err := range map[string]error{
		memory.CodeUnknownKind: memory.ErrUnknownKind, memory.CodeSkew: memory.ErrSkew,
		memory.CodeDotConflict: memory.ErrDotConflict, memory.CodeInvalid: memory.ErrInvalid,
	} {
		if got := memory.RefusalCode(fmt.Errorf("entry a.1.1: %w", err)); got != code {
			t.Errorf("%v: got %s, want %s", err, got, code)
		}
	}
}

func TestAFaultIsTheErrorBehindIt(t *testing.T) {
	f := &memory.Fault{Class: memory.FaultIdentity, Err: memory.ErrClosed}
	if !errors.Is(f, memory.ErrClosed) || f.Error() != memory.ErrClosed.Error() {
		t.Errorf("got %v", f)
	}
}
