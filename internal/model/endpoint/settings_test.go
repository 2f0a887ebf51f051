package endpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/model/endpoint"
)

func TestSettingsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "models")
	if l, err := endpoint.List(dir); err != nil || len(l) > 0 {
		t.Errorf("without a folder: %v, %v", l, err)
	}
	s := settings(endpoint.OpenAI, "https://api.example.com/v1")
	s.KeyEnv, s.Query = "KEY", "query: "
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "e5-small"), 0o700); err != nil { // a model of files
		t.Fatal(err)
	}
	l, err := endpoint.List(dir)
	if err != nil || len(l) != 1 || l[0].Err != nil || l[0].Name != "openai-some-model-1-48" || !reflect.DeepEqual(l[0].Settings, s) {
		t.Fatalf("%+v, %v", l, err)
	}
	file := filepath.Join(dir, s.Name(), "endpoint.json")
	for _, bad := range []string{"{", `{"protocol":"openai"}`, `{"protocol":"ollama","url":"http://127.0.0.1:1","model":"m","width":4,"near":0.5,"floor":0.2,"patience_ms":1}`} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := endpoint.List(dir); err != nil || len(l) != 1 || !errors.Is(l[0].Err, endpoint.ErrSettings) {
			t.Errorf("%s: %+v, %v", bad, l, err)
		}
	}
}

func TestSettingsThatAreNotValidSayWhy(t *testing.T) {
	for says, change := range map[string]func(*endpoint.Settings){
		"protocol":     func(s *endpoint.Settings) { s.Protocol = "grpc" },
		"want a URL":   func(s *endpoint.Settings) { s.URL = "ftp://x" },
		"without user": func(s *endpoint.Settings) { s.URL = "https://key@x" },
		"in the clear": func(s *endpoint.Settings) { s.URL = "http://192.0.2.1:11434" },
		"has a name":   func(s *endpoint.Settings) { s.Model = "" },
		"numbers":      func(s *endpoint.Settings) { s.Width = 1 << 20 },
		"not in both":  func(s *endpoint.Settings) { s.KeyFile, s.KeyEnv = "a", "B" },
		"waits":        func(s *endpoint.Settings) { s.Patience = 0 },
		"cosines":      func(s *endpoint.Settings) { s.Floor = 0.9 },
	} {
		s := settings(endpoint.Ollama, "http://127.0.0.1:11434")
		if err := s.Valid(); err != nil {
			t.Fatal(err)
		}
		change(&s)
		if err := s.Valid(); !errors.Is(err, endpoint.ErrSettings) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	s := settings(endpoint.Ollama, "http://192.0.2.1:11434")
	if s.Insecure = true; s.Valid() != nil {
		t.Error(s.Valid())
	}
}

// What makes other vectors is another space, under the same name too.
func TestASpaceIsNamedByWhatMakesItsVectors(t *testing.T) {
	s := settings(endpoint.Ollama, "http://127.0.0.1:11434")
	spaces := map[string]bool{s.Space(): true}
	for _, change := range []func(*endpoint.Settings){
		func(s *endpoint.Settings) { s.Protocol = endpoint.OpenAI },
		func(s *endpoint.Settings) { s.Model = "other" },
		func(s *endpoint.Settings) { s.Width++ },
		func(s *endpoint.Settings) { s.Query = "q: " },
		func(s *endpoint.Settings) { s.Passage = "q: " },
	} {
		other := s
		change(&other)
		if spaces[other.Space()] {
			t.Errorf("%+v has the space of another", other)
		}
		spaces[other.Space()] = true
	}
	moved := s
	moved.URL, moved.KeyEnv = "https://elsewhere", "KEY"
	if moved.Space() != s.Space() {
		t.Error("the same model elsewhere is another space")
	}
}

func TestPrefixesAreKnownByTheNameOfTheModel(t *testing.T) {
	for model, want := range map[string][2]string{
		"nomic-embed-text:v1.5":            {"search_query: ", "search_document: "},
		"intfloat/multilingual-e5-large":   {"query: ", "passage: "},
		"intfloat/e5-base-v2":              {"query: ", "passage: "},
		"intfloat/e5-mistral-7b-instruct":  {"", ""},
		"text-embedding-3-small":           {"", ""},
		"bge-m3":                           {"", ""},
		"snowflake-arctic-embed2":          {"query: ", ""},
		"BAAI/bge-small-en-v1.5":           {"Represent this sentence for searching relevant passages: ", ""},
		"jina-embeddings-v2-base-e5-nomic": {"", ""},
	} {
		if q, p := endpoint.Prefixes(model); q != want[0] || p != want[1] {
			t.Errorf("%s: %q and %q, want %q", model, q, p, want)
		}
	}
}
