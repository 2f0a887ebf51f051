package memory_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

// The numbers are on disks and on the wire: this list may grow at its end.
func TestKindsKeepTheirNumbers(t *testing.T) {
	want := []string{
		"put", "delete", "erase", "archive", "restore", "link", "unlink", "consolidate",
		"propose", "decide", "resolve", "set_standard", "clear_standard", "touch",
	}
	var got []string
	for i, k := range memory.Kinds() {
		if int(k) != i+1 {
			t.Errorf("kind %s has number %d, want %d", k, k, i+1)
		}
		if op := memory.New(k); op.Kind() != k {
			t.Errorf("New(%s) is a %s", k, op.Kind())
		}
		got = append(got, k.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if memory.New(0) != nil || memory.New(200) != nil || memory.Kind(200).String() != "unknown" {
		t.Error("there are kinds beyond the list")
	}
}

func TestEveryOpHasItsOwnRegisters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := memorytest.AnyOp().Draw(t, "op")
		keys := op.Subjects()
		if len(keys) == 0 {
			t.Fatal("the op writes nothing")
		}
		for i, k := range keys {
			if slices.Contains(keys[:i], k) {
				t.Fatalf("%q is named twice", k)
			}
			if !slices.Contains(memory.Families(), k.Family) || k.A == "" {
				t.Fatalf("%q names no register", k)
			}
			if strings.Contains(k.A+k.B+k.C, "\x00") {
				t.Fatalf("%q holds a NUL", k)
			}
		}
	})
}

func TestSubjects(t *testing.T) {
	m := memory.Memory{ID: "m-1"}
	tests := map[string]struct {
		op   memory.Op
		want []memory.Key
	}{
		"an edit":       {&memory.Put{Memory: m}, []memory.Key{memory.ContentKey("m-1")}},
		"a creation":    {&memory.Put{Memory: m, Create: true}, []memory.Key{memory.ContentKey("m-1"), memory.LifeKey("m-1")}},
		"an erasure":    {&memory.Erase{ID: "m-1"}, []memory.Key{memory.ContentKey("m-1"), memory.LifeKey("m-1")}},
		"a deletion":    {&memory.Delete{ID: "m-1"}, []memory.Key{memory.LifeKey("m-1")}},
		"an archiving":  {&memory.Archive{ID: "m-1"}, []memory.Key{memory.LifeKey("m-1")}},
		"a restoration": {&memory.Restore{ID: "m-1"}, []memory.Key{memory.LifeKey("m-1")}},
		"a link":        {&memory.Link{Source: "a", Target: "b", Relation: "r"}, []memory.Key{{Family: memory.FamLink, A: "a", B: "b", C: "r"}}},
		"an unlinking": {&memory.Unlink{Source: "a", Target: "b", Relations: []string{"r", "s"}}, []memory.Key{
			{Family: memory.FamLink, A: "a", B: "b", C: "r"}, {Family: memory.FamLink, A: "a", B: "b", C: "s"},
		}},
		"a consolidation": {&memory.Consolidate{Into: m, Sources: []memory.SourceVersion{{ID: "a"}, {ID: "b"}}}, []memory.Key{
			memory.ContentKey("m-1"), memory.LifeKey("m-1"), memory.LifeKey("a"), memory.LifeKey("b"),
		}},
		"a proposal":         {&memory.Propose{ID: "p"}, []memory.Key{{Family: memory.FamProposal, A: "p"}}},
		"a vote":             {&memory.Decide{ID: "p", Voter: "ai:bob"}, []memory.Key{{Family: memory.FamVote, A: "p", B: "ai:bob"}}},
		"an outcome":         {&memory.Resolve{ID: "p"}, []memory.Key{{Family: memory.FamVerdict, A: "p"}}},
		"a standard":         {&memory.SetStandard{Namespace: "ns"}, []memory.Key{{Family: memory.FamStandard, A: "ns"}}},
		"a standard cleared": {&memory.ClearStandard{Namespace: "ns"}, []memory.Key{{Family: memory.FamStandard, A: "ns"}}},
		"a touch":            {&memory.Touch{ID: "m-1"}, []memory.Key{memory.TouchKey("m-1", false)}},
		"a touch that keeps": {&memory.Touch{ID: "m-1", Keep: true}, []memory.Key{memory.TouchKey("m-1", true)}},
	}
	kinds := map[memory.Kind]bool{}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.op.Subjects()); diff != "" {
				t.Error(diff)
			}
		})
		kinds[tt.op.Kind()] = true
	}
	for _, k := range memory.Kinds() {
		if !kinds[k] {
			t.Errorf("the table has no %s", k)
		}
	}
}

func TestOpsThatNoNodeTakes(t *testing.T) {
	good := memorytest.Memory().Example(1)
	good.ID = "m-1"
	sources := func(n int) (out []memory.SourceVersion) {
		for i := range n {
			out = append(out, memory.SourceVersion{ID: "s-" + strings.Repeat("x", i+1)})
		}
		return out
	}
	link := func(change func(*memory.Link)) *memory.Link {
		l := &memory.Link{Source: "a", Target: "b", Relation: "related_to", CreatedAt: 1}
		change(l)
		return l
	}
	propose := func(change func(*memory.Propose)) *memory.Propose {
		p := &memory.Propose{ID: "p", Namespace: "*", Requester: "ai:bob", RequestedAt: 1, Action: &memory.Delete{ID: "a"}}
		change(p)
		return p
	}
	if err := errors.Join(link(func(*memory.Link) {}).Validate(), propose(func(*memory.Propose) {}).Validate()); err != nil {
		t.Fatal(err)
	}
	tests := map[string]memory.Op{
		"put: no memory":                &memory.Put{},
		"delete: no id":                 &memory.Delete{},
		"erase: bad id":                 &memory.Erase{ID: "a/b"},
		"restore: long id":              &memory.Restore{ID: strings.Repeat("x", 129)},
		"archive: no reason":            &memory.Archive{ID: "a"},
		"archive: long reason":          &memory.Archive{ID: "a", Reason: strings.Repeat("r", 257)},
		"archive: control character":    &memory.Archive{ID: "a", Reason: "a\nb"},
		"archive: no id":                &memory.Archive{Reason: "forget"},
		"link: to itself":               link(func(l *memory.Link) { l.Target = "a" }),
		"link: no source":               link(func(l *memory.Link) { l.Source = "" }),
		"link: bad target":              link(func(l *memory.Link) { l.Target = "b..c" }),
		"link: unknown relation":        link(func(l *memory.Link) { l.Relation = "likes" }),
		"link: no time":                 link(func(l *memory.Link) { l.CreatedAt = 0 }),
		"link: unknown attestation":     link(func(l *memory.Link) { l.AttestLevel = "sworn" }),
		"link: short signature":         link(func(l *memory.Link) { l.Signature = make([]byte, 63) }),
		"link: valid before 1970":       link(func(l *memory.Link) { l.ValidFrom = -1 }),
		"link: valid until before 1970": link(func(l *memory.Link) { l.ValidUntil = -1 }),
		"link: long observer":           link(func(l *memory.Link) { l.ObservedBy = strings.Repeat("o", 129) }),
		"unlink: no relation":           &memory.Unlink{Source: "a", Target: "b"},
		"unlink: a relation twice":      &memory.Unlink{Source: "a", Target: "b", Relations: []string{"related_to", "related_to"}},
		"unlink: unknown relation":      &memory.Unlink{Source: "a", Target: "b", Relations: []string{"likes"}},
		"unlink: too many relations":    &memory.Unlink{Source: "a", Target: "b", Relations: make([]string, 7)},
		"consolidate: one source":       &memory.Consolidate{Into: good, Sources: sources(1)},
		"consolidate: 101 sources":      &memory.Consolidate{Into: good, Sources: sources(101)},
		"consolidate: a source twice":   &memory.Consolidate{Into: good, Sources: append(sources(2), sources(1)...)},
		"consolidate: into a source":    &memory.Consolidate{Into: good, Sources: append(sources(2), memory.SourceVersion{ID: "m-1"})},
		"consolidate: a bad source":     &memory.Consolidate{Into: good, Sources: append(sources(2), memory.SourceVersion{})},
		"consolidate: no memory":        &memory.Consolidate{Sources: sources(2)},
		"propose: no action":            propose(func(p *memory.Propose) { p.Action = nil }),
		"propose: a proposal":           propose(func(p *memory.Propose) { p.Action = propose(func(*memory.Propose) {}) }),
		"propose: a vote":               propose(func(p *memory.Propose) { p.Action = &memory.Decide{ID: "p", Voter: "ai:bob"} }),
		"propose: an outcome":           propose(func(p *memory.Propose) { p.Action = &memory.Resolve{ID: "p", Verdict: "approved"} }),
		"propose: a bad action":         propose(func(p *memory.Propose) { p.Action = &memory.Delete{} }),
		"propose: no id":                propose(func(p *memory.Propose) { p.ID = "" }),
		"propose: no namespace":         propose(func(p *memory.Propose) { p.Namespace = "" }),
		"propose: no requester":         propose(func(p *memory.Propose) { p.Requester = "" }),
		"propose: no time":              propose(func(p *memory.Propose) { p.RequestedAt = 0 }),
		"propose: negative consensus":   propose(func(p *memory.Propose) { p.Approver.Consensus = -1 }),
		"decide: no voter":              &memory.Decide{ID: "p"},
		"decide: no id":                 &memory.Decide{Voter: "ai:bob"},
		"resolve: unknown outcome":      &memory.Resolve{ID: "p", Verdict: "maybe"},
		"resolve: long detail":          &memory.Resolve{ID: "p", Verdict: "failed", Detail: strings.Repeat("d", 65537)},
		"set standard: no namespace":    &memory.SetStandard{StandardID: "m-1"},
		"set standard: no memory":       &memory.SetStandard{Namespace: "ns"},
		"set standard: its own parent":  &memory.SetStandard{Namespace: "ns", StandardID: "m-1", Parent: "ns"},
		"set standard: bad parent":      &memory.SetStandard{Namespace: "ns", StandardID: "m-1", Parent: "a//b"},
		"clear standard: bad namespace": &memory.ClearStandard{Namespace: "a b"},
		"clear standard: no namespace":  &memory.ClearStandard{},
		"touch: no id":                  &memory.Touch{},
	}
	kinds := map[memory.Kind]bool{}
	for name, op := range tests {
		t.Run(name, func(t *testing.T) {
			if err := op.Validate(); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %v, want that it is invalid", err)
			}
		})
		kinds[op.Kind()] = true
	}
	for _, k := range memory.Kinds() {
		if !kinds[k] {
			t.Errorf("the table has no %s", k)
		}
	}
}

func TestEmbeddingsAreBroughtToLengthOne(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	tests := map[string]struct {
		in   memory.Embedding
		want []float32 // nil if it is refused
	}{
		"a unit vector":       {memory.Embedding{Model: "m", Vector: []float32{0, 1}}, []float32{0, 1}},
		"nearly a unit":       {memory.Embedding{Model: "m", Vector: []float32{0, 1.0005}}, []float32{0, 1.0005}},
		"a longer one":        {memory.Embedding{Model: "m", Vector: []float32{3, 4}}, []float32{0.6, 0.8}},
		"no model":            {memory.Embedding{Vector: []float32{1}}, nil},
		"a long model":        {memory.Embedding{Model: strings.Repeat("m", 129), Vector: []float32{1}}, nil},
		"no dimensions":       {memory.Embedding{Model: "m"}, nil},
		"too many dimensions": {memory.Embedding{Model: "m", Vector: make([]float32, 8193)}, nil},
		"zero":                {memory.Embedding{Model: "m", Vector: make([]float32, 3)}, nil},
		"not a number":        {memory.Embedding{Model: "m", Vector: []float32{1, nan}}, nil},
		"infinite":            {memory.Embedding{Model: "m", Vector: []float32{inf}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.in.Normal()
			if tt.want == nil {
				if !errors.Is(err, memory.ErrInvalid) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Vector); diff != "" || got.Model != tt.in.Model {
				t.Error(diff)
			}
		})
	}
}
