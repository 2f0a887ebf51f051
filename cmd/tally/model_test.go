package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/node/models"
)

func TestModelsAreListedAddedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	list := func() map[string]bool {
		t.Helper()
		got := tally(t, nil, "", "model", "list", "--data", dir, "--json")
		out := parse[struct {
			Models []modelView `json:"models"`
		}](t, got.out)
		added := map[string]bool{}
		for _, m := range out.Models {
			if m.Licence == "" || m.Languages == "" || m.Package == "" {
				t.Errorf("%+v", m)
			}
			added[m.Name] = m.Added
		}
		return added
	}
	if got := tally(t, nil, "", "eval", "--data", dir, "--model", "wordllama-256"); got.code != exitOther || !strings.Contains(got.err, "no such model") {
		t.Errorf("measured without: %+v", got)
	}
	if there := list(); len(there) < 3 || there["wordllama-256"] {
		t.Errorf("in an empty directory: %v", there)
	}
	file := filepath.Join(dir, "notes.whl")
	if err := os.WriteFile(file, []byte("no wheel"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tally(t, nil, "", "model", "add", file, "--data", dir); got.code != exitOther || !strings.Contains(got.err, "wordllama==0.4.0.post1") {
		t.Errorf("a file that is no package: %+v", got)
	}
	if got := tally(t, nil, "", "model", "remove", "wordllama-256", "--data", dir); got.code != exitOther || !strings.Contains(got.err, "no such model") {
		t.Errorf("one that is not there: %+v", got)
	}
	damaged := filepath.Join(models.Dir(dir), "wordllama-256")
	if err := os.MkdirAll(damaged, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(models.VectorsFile(dir, "wordllama-256"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !list()["wordllama-256"] {
		t.Error("one that is there is not listed")
	}
	if got := tally(t, nil, "", "model", "remove", "wordllama-256", "--data", dir); got.code != exitOK {
		t.Errorf("remove: %+v", got)
	}
	for _, path := range []string{damaged, models.VectorsFile(dir, "wordllama-256")} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
}

type modelStates struct {
	Models []client.Model `json:"models"`
}

// A damaged model is said, and keeps nobody from recalling by words.
func TestANodeStartsWithADamagedModel(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	data := filepath.Join(t.TempDir(), "data")
	dir := filepath.Join(models.Dir(data), "wordllama-256")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "vectors.safetensors"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0")
	got := must[modelStates](n, "model", "status")
	if len(got.Models) != 1 || got.Models[0].State != "failed" || !strings.Contains(got.Models[0].Problem, "not what it should be") {
		t.Errorf("%+v", got)
	}
	for _, args := range [][]string{{"status"}, {"doctor"}} {
		if got := n.tally(args...); !strings.Contains(got.out, "model wordllama-256") || !strings.Contains(got.out, "not what it should be") {
			t.Errorf("%v does not say it: %s", args, got.out)
		}
	}
	anybody, err := client.New(client.Options{URL: n.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := anybody.Status(t.Context()); err != nil || len(s.Models) != 1 || s.Models[0].Problem != "it cannot be used" {
		t.Errorf("whoever is not the operator is told %+v, %v", s, err)
	}
	must[client.Outcome](n, "remember", "Gate code", "It is 4711.")
	if found := must[client.Recalled](n, "recall", "gate code"); found.Count != 1 {
		t.Errorf("found %d", found.Count)
	}
}

// With a model, what is said in other words is found, also after a start that
// makes no vector again.
func TestANodeRecallsByMeaning(t *testing.T) {
	from := os.Getenv("TALLY_MODELS")
	if from == "" {
		t.Skip("TALLY_MODELS names no folder with the packages of models: recall by meaning is not tried on a node")
	}
	wheels, err := filepath.Glob(filepath.Join(from, "wordllama-*.whl"))
	if err != nil || len(wheels) != 1 {
		t.Fatalf("want one package of wordllama in %s: %v, %v", from, wheels, err)
	}
	data := filepath.Join(t.TempDir(), "data")
	if got := tally(t, nil, "", "model", "add", wheels[0], "--data", data); got.code != exitOK || !strings.Contains(got.out, "MIT") {
		t.Fatalf("add: %+v", got)
	}
	n := serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0")
	for title, text := range map[string]string{
		"Pets": "Caroline adopted a puppy from the shelter.", "Server": "The database runs on port 5432.", "Food": "We had pasta for dinner.",
		"Trip": "The train to Lisbon leaves at nine.", "Plant": "The roses need water in the evening.",
	} {
		must[client.Outcome](n, "remember", title, text)
	}
	ready := func() {
		t.Helper()
		eventually(t, "vectors of all memories", func() bool {
			s := must[modelStates](n, "model", "status")
			return s.Models[0].State == "ready" && s.Models[0].Vectors == 5 && s.Models[0].Behind == 0
		})
	}
	find := func() {
		t.Helper()
		if got := must[client.Recalled](n, "recall", "dog"); got.Count == 0 || got.Memories[0].Title != "Pets" {
			t.Errorf("found %+v", got.Memories)
		}
	}
	ready()
	find()
	n.terminate()
	if _, err := os.Stat(models.VectorsFile(data, "wordllama-256")); err != nil {
		t.Fatal(err)
	}
	n = serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0")
	ready()
	find()
}
