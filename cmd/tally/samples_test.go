package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// The document of the API names commands that there are, with flags that they have.
func TestTheAPINamesCommandsThatThereAre(t *testing.T) {
	d := serve(t, "--data", t.TempDir(), "--listen", "127.0.0.1:0")
	res, err := http.Get(d.url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var doc struct {
		Paths map[string]map[string]struct {
			Samples []struct{ Label, Source string } `json:"x-codeSamples"` //nolint:tagliatelle // as the document has it
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	root, n := newRoot(&app{}), 0
	for path, ops := range doc.Paths {
		for _, op := range ops {
			for _, s := range op.Samples {
				if s.Label != "tally" {
					continue
				}
				n++
				words := strings.Fields(s.Source)[1:]
				cmd, rest, err := root.Find(words)
				if err != nil || cmd == root {
					t.Errorf("%s: there is no command %q (%v)", path, s.Source, err)
					continue
				}
				for _, word := range rest {
					if name, is := strings.CutPrefix(word, "--"); is && cmd.Flag(name) == nil {
						t.Errorf("%s: %q: there is no flag --%s", path, s.Source, name)
					}
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d commands are named", n)
	}
}
