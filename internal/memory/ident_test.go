package memory_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

// check runs a table of names that are valid or not.
func check(t *testing.T, valid func(string) error, good, bad map[string]string) {
	t.Helper()
	for name, s := range good {
		t.Run(name, func(t *testing.T) {
			if err := valid(s); err != nil {
				t.Error(err)
			}
		})
	}
	for name, s := range bad {
		t.Run(name, func(t *testing.T) {
			if err := valid(s); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("%.80q: got %v, want that it is invalid", s, err)
			}
		})
	}
}

func TestNodeNames(t *testing.T) {
	check(t, func(s string) error { return memory.Node(s).Valid() },
		map[string]string{"letters": "laptop", "all that is allowed": "A-z_9", "63 characters": strings.Repeat("n", 63)},
		map[string]string{
			"nothing": "", "64 characters": strings.Repeat("n", 64), "a dot": "a.b", "a space": "a b", "a slash": "a/b",
			"a letter beyond ASCII": "bürö", "not UTF-8": "a\xff", "NUL": "a\x00",
		})
}

func TestOrigins(t *testing.T) {
	check(t, func(s string) error { return memory.Origin(s).Valid() },
		map[string]string{"first incarnation": "laptop.1", "base 36": "laptop.zz", "the highest": "n.3w5e11264sgsf"},
		map[string]string{
			"nothing": "", "no incarnation": "laptop", "empty incarnation": "laptop.", "no node": ".1", "upper case": "laptop.A",
			"leading zero": "laptop.01", "sign": "laptop.+1", "two parts": "laptop.1.2", "overflow": "n.3w5e11264sgsg",
		})
}

func TestAnOriginKnowsItsParts(t *testing.T) {
	o := memory.MakeOrigin("laptop", 36)
	if o != "laptop.10" || o.Node() != "laptop" || o.Incarnation() != "10" {
		t.Errorf("got %s of %s and %s", o, o.Node(), o.Incarnation())
	}
}

func TestAgentIDs(t *testing.T) {
	check(t, func(s string) error { return memory.AgentID(s).Valid() },
		map[string]string{
			"plain": "alice", "all that is allowed": "ai:a_b-c@d.e/f0", "anonymous": "anonymous", "128 bytes": strings.Repeat("a", 128),
			"a longer name than a reserved one": "daemon2",
		},
		map[string]string{
			"nothing": "", "129 bytes": strings.Repeat("a", 129), "a leading slash": "/a", "two dots": "a..b", "a space": "a b",
			"a newline": "a\n", "a letter beyond ASCII": "ä", "reserved: daemon": "daemon", "reserved: system": "system",
			"reserved: internal": "ai:http-internal", "not UTF-8": "\xff",
		})
}

func TestWhoOwnsNothing(t *testing.T) {
	for a, want := range map[memory.AgentID]bool{
		"": true, "anonymous": true, "anonymous:req-12": true, "alice": false, "anonymouse": false,
	} {
		if got := a.Unowned(); got != want {
			t.Errorf("%q: got %v", a, got)
		}
	}
}

func dots() *rapid.Generator[memory.Dot] {
	return rapid.Custom(func(t *rapid.T) memory.Dot {
		n := memory.Node(rapid.StringMatching(`[A-Za-z0-9_-]{1,63}`).Draw(t, "node"))
		return memory.Dot{
			Origin: memory.MakeOrigin(n, rapid.Uint64().Draw(t, "incarnation")),
			Seq:    rapid.Uint64Range(1, 1<<62).Draw(t, "seq"),
		}
	})
}

func TestDotsComeBackFromText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dots().Draw(t, "dot")
		if err := d.Valid(); err != nil {
			t.Fatal(err)
		}
		if back, err := memory.ParseDot(d.String()); err != nil || back != d {
			t.Fatalf("%s came back as %s, %v", d, back, err)
		}
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back memory.Dot
		if err := json.Unmarshal(raw, &back); err != nil || back != d {
			t.Fatalf("%s came back as %s, %v", raw, back, err)
		}
	})
}

func TestTheZeroDotIsTheEmptyText(t *testing.T) {
	raw, err := json.Marshal(memory.Dot{})
	if err != nil || string(raw) != `""` {
		t.Fatalf("got %s, %v", raw, err)
	}
	d := memory.Dot{Origin: "a.1", Seq: 1}
	if err := json.Unmarshal(raw, &d); err != nil || !d.IsZero() {
		t.Errorf("got %s, %v", d, err)
	}
	if err := json.Unmarshal([]byte(`"a.1"`), &d); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("got %v, want that it is invalid", err)
	}
}

func TestDots(t *testing.T) {
	parse := func(s string) error {
		_, err := memory.ParseDot(s)
		return err
	}
	check(t, parse, map[string]string{"first": "laptop.1.1", "the highest": "n.1.4611686018427387904"}, map[string]string{
		"nothing": "", "no seq": "laptop.1", "seq 0": "laptop.1.0", "leading zero": "laptop.1.01", "sign": "laptop.1.+1",
		"too high": "n.1.4611686018427387905", "far too high": "n.1.99999999999999999999", "text": "laptop.1.x", "empty seq": "laptop.1.",
		"four parts": "a.1.2.3", "a space": "laptop.1. 1",
	})
	for name, d := range map[string]memory.Dot{
		"no origin": {Seq: 1}, "no seq": {Origin: "a.1"}, "seq beyond the limit": {Origin: "a.1", Seq: 1<<62 + 1},
	} {
		if err := d.Valid(); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: got %v, want that it is invalid", name, err)
		}
	}
}

func FuzzParseDot(f *testing.F) {
	for _, s := range []string{"laptop.1.1", "a.zz.42", "a.1.01", "..1", "a.1.18446744073709551615"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := memory.ParseDot(s)
		switch {
		case err == nil && d.String() != s:
			t.Fatalf("%q was read as %q", s, d)
		case err == nil && d.Valid() != nil:
			t.Fatalf("%q was read, and is invalid: %v", s, d.Valid())
		case err != nil && !errors.Is(err, memory.ErrInvalid):
			t.Fatalf("%v is not an invalid value", err)
		}
	})
}

func TestKeysComeBackFromText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringMatching("[^\x00]*")
		k := memory.Key{
			Family: rapid.SampledFrom(memory.Families()).Draw(t, "family"),
			A:      part.Draw(t, "a"), B: part.Draw(t, "b"), C: part.Draw(t, "c"),
		}
		if back, ok := memory.ParseKey(k.String()); !ok || back != k {
			t.Fatalf("%q came back as %q, %v", k, back, ok)
		}
	})
}

func TestTextsThatAreNoKeys(t *testing.T) {
	for name, s := range map[string]string{
		"nothing": "", "no family": "\x00a\x00b\x00c", "unknown family": "z\x00a\x00b\x00c", "family 0": "`\x00a\x00b\x00c",
		"three parts": "a\x00a\x00b", "five parts": "a\x00a\x00b\x00c\x00d", "two letters": "aa\x00a\x00b\x00c",
	} {
		if k, ok := memory.ParseKey(s); ok {
			t.Errorf("%s: %q was read as %v", name, s, k)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(memory.ContentKey("m-1").String())
	f.Add(memory.Key{Family: memory.FamLink, A: "a", B: "b", C: "related_to"}.String())
	f.Add("h\x00\x00\x00")
	f.Fuzz(func(t *testing.T, s string) {
		if k, ok := memory.ParseKey(s); ok && k.String() != s {
			t.Fatalf("%q was read as %q", s, k)
		}
	})
}
