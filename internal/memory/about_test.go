package memory_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

// namesOf collects what the JSON of an op says under keys that name a memory or a
// proposal: "id" and all that end like it, alone or in a list.
func namesOf(v any, into map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			namesOf(x, into)
		}
	case map[string]any:
		for key, x := range v {
			if key == "metadata" || key == "entity_id" { // words of its owner
				continue
			}
			if key == "id" || strings.HasSuffix(key, "_id") || strings.HasSuffix(key, "_ids") {
				textsOf(x, into)
			}
			namesOf(x, into)
		}
	}
}

func textsOf(v any, into map[string]bool) {
	switch v := v.(type) {
	case string:
		into[v] = true
	case []any:
		for _, x := range v {
			textsOf(x, into)
		}
	}
}

// What an op names and does not say that it is about would be shown to everybody.
func TestEveryIdOfAnOpIsInItsAbout(t *testing.T) {
	for _, k := range memory.Kinds() {
		t.Run(k.String(), rapid.MakeCheck(func(t *rapid.T) {
			op := memorytest.Op(k).Draw(t, "op")
			raw, err := json.Marshal(op)
			if err != nil {
				t.Fatal(err)
			}
			var doc any
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			found := map[string]bool{}
			namesOf(doc, found)
			if len(found) == 0 && k != memory.KindClearStandard { // which names a namespace alone
				t.Fatalf("no id was found in %s", raw)
			}
			about := op.About()
			known := []string{about.Proposal}
			for _, r := range about.Memories {
				if r.Role == 0 {
					t.Fatalf("%s has no role", r.ID)
				}
				known = append(known, r.ID)
			}
			for id := range found {
				if !slices.Contains(known, id) {
					t.Fatalf("%s is in %s, and not in %+v", id, raw, about)
				}
			}
			if len(about.Memories) == 0 && about.Proposal == "" && about.Namespace == "" {
				t.Fatalf("the op is about nothing: %s", raw)
			}
		}))
	}
}

// What an op writes it is about, and it says so of its hollow form too.
func TestAnOpIsAboutWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := memorytest.Entry().Draw(t, "entry")
		entries := []*memory.Entry{e}
		if h, ok := e.Hollowed(memory.Dot{Origin: "z.1", Seq: 1}); ok {
			entries = append(entries, h)
		}
		for _, e := range entries {
			a := e.Op.About()
			for _, k := range e.Op.Subjects() {
				switch k.Family {
				case memory.FamContent, memory.FamLife, memory.FamTouch:
					if !slices.ContainsFunc(a.Memories, func(r memory.Ref) bool { return r.ID == k.A }) {
						t.Fatalf("%s is not in %+v", k.Name(), a)
					}
				case memory.FamLink:
					if len(a.Memories) != 2 || a.Memories[0].ID != k.A || a.Memories[1].ID != k.B {
						t.Fatalf("%s is not in %+v", k.Name(), a)
					}
				case memory.FamStandard:
					if a.Namespace != k.A {
						t.Fatalf("%s is not in %+v", k.Name(), a)
					}
				case memory.FamProposal, memory.FamVote, memory.FamVerdict:
					if a.Proposal != k.A {
						t.Fatalf("%s is not in %+v", k.Name(), a)
					}
				}
				if life, _ := memory.LifeOf(e.Op, k.A); k.Family == memory.FamLife && life == memory.Unborn {
					t.Fatalf("%s goes to no life", k.Name())
				}
			}
		}
	})
}

func TestEveryKindIsAnEventOrSaysWhyNot(t *testing.T) {
	quiet := map[memory.Kind]string{memory.KindTouch: "a read is nobody else's to hear of"} // kind: why nobody is told of it
	for _, k := range memory.Kinds() {
		event := memorytest.Op(k).Example(1).About().Event
		if why := quiet[k]; (event == "") != (why != "") {
			t.Errorf("%s is the event %q; a reason to be none: %q", k, event, why)
		}
		if event != "" && !slices.Contains(memory.Events(), event) {
			t.Errorf("%s is the event %q, which nobody can ask for", k, event)
		}
	}
}

func TestFamiliesHaveNames(t *testing.T) {
	names := map[string]bool{}
	for _, f := range memory.Families() {
		k := memory.Key{Family: f, A: "a", B: "b", C: "c"}
		if got, ok := memory.ParseKey(k.String()); !ok || got != k {
			t.Errorf("%s: %q is read as %+v, %v", f, k.String(), got, ok)
		}
		names[f.String()] = true
	}
	if len(names) != len(memory.Families()) || names[""] {
		t.Errorf("names of families: %v", names)
	}
	last := memory.Families()[len(memory.Families())-1]
	for _, f := range []memory.Family{0, last + 1, 255} {
		if _, ok := memory.ParseKey((memory.Key{Family: f, A: "a"}).String()); ok {
			t.Errorf("%s is read as a family", f)
		}
	}
	if got := (memory.Key{Family: memory.FamVote, A: "p", B: "ai:bob"}).Name(); got != "vote p ai:bob" {
		t.Errorf("a vote is called %q", got)
	}
}
