package api_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

const completePath = "/api/v1/export?format=complete"

// lived gives n a life: memories in every state, links, rules, proposals.
func (n *node) lived() {
	n.t.Helper()
	for _, s := range conversation() {
		if !strings.Contains(s.path, "$") {
			n.call(s.method, s.path, s.body, "X-Agent-Id", s.agent).want(s.status)
		}
	}
	var ops []memory.Shipment
	digest := func(e *memory.Entry) memory.Digest {
		raw, err := wire.EncodeEntry(e)
		if err != nil {
			n.t.Fatal(err)
		}
		return sha256.Sum256(raw)
	}
	for _, e := range memorytest.History(rand.New(rand.NewPCG(3, 5)), 3, 300, digest) {
		raw, err := wire.EncodeEntry(e)
		if err != nil {
			n.t.Fatal(err)
		}
		ops = append(ops, memory.Shipment{Raw: raw})
	}
	in, _ := memory.Open(wire.DecodeEntry, ops)
	if got, err := n.store.Take(n.t.Context(), in, false); err != nil || len(got.Refused) > 0 {
		n.t.Fatal(got, err)
	}
}

func (n *node) load(body, query string) answer {
	n.t.Helper()
	return n.call("POST", "/api/v1/import/complete"+query, body, "Content-Type", "application/x-ndjson")
}

func other(t *testing.T) *node {
	t.Helper()
	return open(t, options{store: func(c *store.Config) { c.Node = "b" }}).operated()
}

func TestACompleteExportMakesAnotherNodeEqual(t *testing.T) {
	a := alone(t).operated()
	a.lived()
	file := a.call("GET", completePath, "").want(http.StatusOK).raw
	lines := strings.Split(strings.TrimSuffix(file, "\n"), "\n")
	var m struct {
		Entries int
		Counts  map[string]int
		Digest  string
	}
	if err := json.Unmarshal([]byte(lines[0]), &m); err != nil || m.Entries != len(lines)-2 || m.Digest != a.store.View().Root.String() {
		t.Fatalf("%v, %d lines, %s", err, len(lines), lines[0])
	}
	counts := map[string]int{}
	for _, line := range lines[1 : len(lines)-1] {
		var e struct {
			Type, Dot, Kind, Digest string
			Raw                     []byte
			Op                      map[string]any
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Type != "entry" || e.Op == nil || e.Dot == "" || len(e.Raw) == 0 {
			t.Fatalf("%v in %.300s", err, line)
		}
		counts[e.Kind]++
		for key := range e.Op {
			if key != strings.ToLower(key) {
				t.Errorf("%s has a field %s", e.Kind, key)
			}
		}
	}
	if !maps.Equal(counts, m.Counts) {
		t.Errorf("counted %v, the manifest says %v", counts, m.Counts)
	}
	for _, k := range memory.Kinds() {
		if counts[k.String()] == 0 {
			t.Errorf("the test has no %s", k)
		}
	}

	b := other(t)
	b.load(file, "?dry_run=true").want(http.StatusOK).is(float64(m.Entries), "applied").is(false, "equal").is(m.Digest, "manifest_digest")
	if n := b.store.View().LSN; n != 0 {
		t.Errorf("a dry run has written %d entries", n)
	}
	b.load(file, "").want(http.StatusOK).is(float64(m.Entries), "applied").is(true, "equal").is(m.Digest, "digest").is(true, "adopted")
	b.load("\ufeff"+file, "").want(http.StatusOK).is(0.0, "applied").is(float64(m.Entries), "known").is(true, "equal")
	for _, path := range []string{"/api/v1/export?format=ndjson", "/api/v1/pending?status=pending", "/api/v1/archive", "/api/v1/namespaces"} {
		here, there := a.call("GET", path, "").want(http.StatusOK), b.call("GET", path, "").want(http.StatusOK)
		if unread(here.raw) != unread(there.raw) {
			t.Errorf("%s differs:\n%.600s\n%.600s", path, here.raw, there.raw)
		}
	}
	// An export of the copy is taken in where it came from, and changes nothing.
	back := b.call("GET", completePath, "").want(http.StatusOK).raw
	a.load(back, "").want(http.StatusOK).is(0.0, "applied").is(true, "equal")
}

// unread takes out what a node keeps for itself: who read what.
func unread(s string) string {
	return regexp.MustCompile(`"access_count":\d+,|"last_accessed_at":"[^"]+",`).ReplaceAllString(s, "")
}

func TestACompleteExportThatIsNotWholeIsRefused(t *testing.T) {
	a := alone(t).operated()
	for i := range 3 {
		a.create(fmt.Sprint("t", i))
	}
	file := a.call("GET", completePath, "").want(http.StatusOK).raw
	lines := strings.SplitAfter(file, "\n")
	lines = lines[:len(lines)-1]
	join := func(l ...string) string { return strings.Join(l, "") }
	tests := map[string]struct{ body, want string }{
		"empty":                {"", "the body is empty"},
		"no manifest":          {lines[1], "line 1: not the manifest"},
		"other format":         {`{"title":"x"}` + "\n", "line 1: not the manifest"},
		"another version":      {strings.Replace(file, `"format_version":1`, `"format_version":2`, 1), "line 1: format version 2"},
		"bad head":             {strings.Replace(file, `"heads":{"`, `"heads":{"!`, 1), "line 1: heads"},
		"no last line":         {join(lines[:4]...), "line 4: the export is cut off"},
		"cut in a line":        {join(lines[0], lines[1], lines[2][:40]), "line 3: the export is cut off"},
		"cut in the last line": {strings.TrimSuffix(file, "}\n"), "line 5: the export is cut off"},
		"a line is missing":    {join(lines[0], lines[1], lines[3], lines[4]), "line 4: 3 lines and 2 entries came, the export has 4 and 3"},
		"a line is twice":      {join(lines[0], lines[1], lines[1], lines[3], lines[4]), "SHA-256 differs"},
		"words were changed":   {strings.Replace(file, `"anonymous"`, `"anonymoux"`, 1), "SHA-256 differs"},
		"bytes were changed":   {strings.Replace(file, `"raw":"h`, `"raw":"i`, 1), "line 2: the bytes of the entry are not those of its digest"},
		"not JSON":             {join(lines[0], "oops\n"), "line 2: "},
		"something else":       {join(lines[0], `{"type":"memory"}`+"\n"), "line 2: not an entry"},
		"goes on":              {file + lines[1], "line 6: the file goes on"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := other(t)
			for _, query := range []string{"?dry_run=true", ""} {
				got := b.load(tt.body, query).want(http.StatusBadRequest).text("error")
				if !strings.Contains(got, tt.want) {
					t.Errorf("%q, want %q", got, tt.want)
				}
			}
			b.load(file, "").want(http.StatusOK).is(true, "equal")
		})
	}
}

func TestACompleteExportIsForTheOperator(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.APIKey = "secret" }})
	n.call("GET", completePath, "").want(http.StatusUnauthorized)
	n.load("", "").want(http.StatusUnauthorized)
	n.call("GET", completePath, "", "X-Api-Key", "secret").want(http.StatusForbidden).is("OPERATOR_ONLY", "code")
	n.operated().call("GET", completePath, "").want(http.StatusOK)
	n.call("GET", "/api/v1/export?format=odd", "", "X-Api-Key", "secret").want(http.StatusBadRequest)
}
