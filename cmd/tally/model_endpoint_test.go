package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/model/endpoint/endpointtest"
	"github.com/tallystick/tallystick/internal/node/models"
)

func TestAModelOfAServerIsAddedAndRemoved(t *testing.T) {
	dir, s := t.TempDir(), endpointtest.New(t, 64)
	for what, args := range map[string][]string{
		"neither":       {},
		"a file, too":   {"x.whl", "--ollama", s.URL, "--name", "m"},
		"both":          {"--ollama", s.URL, "--openai", s.URL, "--name", "m"},
		"too many args": {"a", "b"},
	} {
		if got := tally(t, nil, "", append([]string{"model", "add", "--data", dir}, args...)...); got.code != exitUsage {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got := tally(t, nil, "", "model", "add", "--data", dir, "--ollama", "http://192.0.2.1:1", "--name", "m"); got.code != exitOther || !strings.Contains(got.err, "in the clear") {
		t.Errorf("in the clear: %+v", got)
	}
	denied := []string{"TALLY_OUTBOUND=deny embed *"}
	if got := tally(t, denied, "", "model", "add", "--data", dir, "--ollama", s.URL, "--name", "m"); got.code != exitOther || !strings.Contains(got.err, "deny embed *") || len(s.Requests()) > 0 {
		t.Errorf("denied: %+v, asked %d times", got, len(s.Requests()))
	}
	named := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	denied = []string{"TALLY_OUTBOUND=deny embed 127.0.0.0/8, deny embed ::1/128"}
	if got := tally(t, denied, "", "model", "add", "--data", dir, "--ollama", named, "--name", "m"); got.code != exitOther || !strings.Contains(got.err, "deny embed ") || len(s.Requests()) > 0 {
		t.Errorf("denied by where the name leads: %+v, asked %d times", got, len(s.Requests()))
	}
	s.Key("secret")
	if got := tally(t, nil, "", "model", "add", "--data", dir, "--openai", s.URL, "--name", "m"); got.code != exitOther || !strings.Contains(got.err, "wrong key") {
		t.Errorf("without a key: %+v", got)
	}
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := tally(t, nil, "", "model", "add", "--data", dir, "--openai", s.URL, "--name", "nomic-embed-text", "--key-file", key)
	if got.code != exitOK || !strings.Contains(got.out, "openai-nomic-embed-text-64") || !strings.Contains(got.out, "search_query") {
		t.Fatalf("add: %+v", got)
	}
	const name = "openai-nomic-embed-text-64"
	raw, err := os.ReadFile(filepath.Join(models.Dir(dir), name, "endpoint.json"))
	if err != nil || strings.Contains(string(raw), "secret") {
		t.Errorf("%s, %v", raw, err)
	}
	if got := tally(t, nil, "", "model", "list", "--data", dir); !strings.Contains(got.out, name) || !strings.Contains(got.out, s.URL) {
		t.Errorf("list: %+v", got)
	}
	if got := tally(t, nil, "", "eval", "--data", dir, "--model", name); got.code != exitOK || !strings.Contains(got.out, "recall, "+name) {
		t.Errorf("eval: %+v", got)
	}
	if got := tally(t, nil, "", "model", "remove", name, "--data", dir); got.code != exitOK {
		t.Errorf("remove: %+v", got)
	}
	if got := tally(t, nil, "", "model", "list", "--data", dir); strings.Contains(got.out, name) {
		t.Errorf("still there: %s", got.out)
	}
}

// A node recalls by the vectors of a server; without it when that is away, and says
// so; and makes its vectors again when the model is another one.
func TestANodeRecallsByTheVectorsOfAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	data, s := filepath.Join(t.TempDir(), "data"), endpointtest.New(t, 64)
	add := func() {
		t.Helper()
		if got := tally(t, nil, "", "model", "add", "--data", data, "--ollama", s.URL, "--name", "m", "--patience", "5s"); got.code != exitOK {
			t.Fatalf("add: %+v", got)
		}
	}
	add()
	n := serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0")
	for _, title := range []string{"Gate code", "Pets", "Server", "Trip"} {
		must[client.Outcome](n, "remember", title, "It is the "+title+".")
	}
	status := func(reached func(client.Model) bool) {
		t.Helper()
		eventually(t, "the model", func() bool {
			got := must[modelStates](n, "model", "status")
			return len(got.Models) > 0 && reached(got.Models[0])
		})
	}
	status(func(m client.Model) bool { return m.State == "ready" && m.Vectors == 4 && m.Problem == "" })
	arm := func() string {
		t.Helper()
		got := must[client.Recalled](n, "recall", "gate code", "--explain")
		if got.Count == 0 || got.Memories[0].Title != "Gate code" {
			t.Errorf("found %+v", got.Memories)
		}
		for _, a := range got.Arms {
			if a.Name == "meaning" {
				return a.State + " " + a.Why
			}
		}
		return ""
	}
	if got := arm(); got != "ran " {
		t.Errorf("the arm %s", got)
	}
	s.Fail(func(w http.ResponseWriter, _ []string) bool {
		w.Header().Set("Retry-After", "3600")
		http.Error(w, "{}", http.StatusServiceUnavailable)
		return true
	})
	must[client.Outcome](n, "remember", "Plant", "The roses need water.")
	status(func(m client.Model) bool { return m.Behind > 0 && strings.Contains(m.Problem, "status 503") })
	if got := arm(); !strings.HasPrefix(got, "skipped") || !strings.Contains(got, "does not answer") {
		t.Errorf("the arm %s", got)
	}
	if got := must[client.Recalled](n, "recall", "gate code"); !slices.ContainsFunc(got.Arms, func(a client.Arm) bool { return a.Name == "meaning" }) {
		t.Errorf("nobody is told without asking for it: %+v", got.Arms)
	}
	if got := n.tally("doctor"); !strings.Contains(got.out, "status 503") {
		t.Errorf("doctor does not say it: %s", got.out)
	}
	n.terminate()
	s.Fail(nil)
	s.Width(32)
	add()
	n = serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0")
	eventually(t, "vectors of the other model", func() bool {
		for _, m := range must[modelStates](n, "model", "status").Models {
			if m.Name == "ollama-m-32" {
				return m.State == "ready" && m.Vectors == 5
			}
		}
		return false
	})
	if got := arm(); got != "ran " {
		t.Errorf("the arm %s", got)
	}
}
