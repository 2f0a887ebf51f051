package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCallsOfFsyncAreRead(t *testing.T) {
	const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.300000        1492       201           fsync
 10.00    0.010000         100        12         3 fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    0.310000        1592       213           total
`
	if got := callsIn(summary); got != 213 {
		t.Errorf("%d", got)
	}
}

func TestTheTableHasARowForEachCaseThatRan(t *testing.T) {
	var out strings.Builder
	if err := writeTable(&out, []string{"ttt", "rrr"}, []map[string]string{{"a": "gone", "j": "0"}, {"a": "back"}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[2], "| gone | back |") || !strings.HasSuffix(lines[3], "| 0 |  |") {
		t.Errorf("%s", &out)
	}
}

func TestALayoutWithoutItsProgramIsLeftOut(t *testing.T) {
	if o := (options{}); !o.lacks("rtt") || o.lacks("ttt") {
		t.Error("without a program")
	}
	if err := run(t.Context(), options{layouts: "rrr,rtt"}); err != nil {
		t.Error(err)
	}
}

func TestALayoutSaysHowNodesKnowEachOther(t *testing.T) {
	for text, want := range map[string]setup{
		"rtt": {letters: "rtt"}, "rrt+chain+embed": {letters: "rrt", trust: trustChain, embed: true}, "trr+keys": {letters: "trr", trust: trustKeys},
	} {
		if got, err := setupOf(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"rtx", "rtt+love"} {
		if _, err := setupOf(text); err == nil {
			t.Errorf("%s is a layout", text)
		}
	}
}

// Both kinds of node get the same keys, each in the form that it reads.
func TestBothKindsOfNodesGetTheirPapers(t *testing.T) {
	for _, trust := range []string{trustKeys, trustCred, trustChain} {
		p, err := newPapers(trust, []string{"a", "b"})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		env, err := p.forReal(dir, 0)
		if err != nil || !slices.Contains(env, "AI_MEMORY_FED_IDENTITY=mesh/a") {
			t.Errorf("%s: %v, %v", trust, env, err)
		}
		_, err = os.Stat(filepath.Join(dir, "keys", "mesh", "b.pub"))
		if enrolled := err == nil; enrolled != (trust == trustKeys) {
			t.Errorf("%s: the key of the other is enrolled: %v", trust, enrolled)
		}
		text, err := p.forOurs(dir, 1)
		if err != nil || !strings.Contains(text, "legacy.priv") || strings.Contains(text, "chain_file = \"\"") != (trust != trustChain) {
			t.Errorf("%s: %s, %v", trust, text, err)
		}
		if line := p.peer(0); strings.Contains(line, "key = ") != (trust == trustKeys) {
			t.Errorf("%s: %s", trust, line)
		}
	}
}

func TestTheModelAnswersAsThatOfOpenAIDoes(t *testing.T) {
	e, err := newEmbedder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]int{`{"input":"one","model":"m"}`: 1, `{"input":["two","three"]}`: 2} {
		resp, err := http.Post(e.url+"/embeddings", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data []struct{ Embedding []float32 }
		}
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || len(got.Data) != want || len(got.Data[0].Embedding) != dimensions {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
		_ = resp.Body.Close()
	}
	if e.timesAsked("t") != 2 || e.timesAsked("one") != 1 {
		t.Errorf("asked for %v", e.asked)
	}
}
