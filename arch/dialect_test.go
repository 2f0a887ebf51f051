package arch_test

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// dialectWords are what only one database engine understands, and its name.
const dialectWords = `(?i)json_each|pragma|\bfts\d?\b|sqlite|\bwal\b|wal_|write-ahead|\browid\b|bm25|\bin page\b|postgres|tsvector|::int|\bpgx`

// The store is written in the SQL that engines share. What is particular to one
// is in a file of the dialect, so that a second engine is a second file.
func TestOnlyDialectFilesKnowAnEngine(t *testing.T) {
	words := regexp.MustCompile(dialectWords)
	n, excused := 0, map[string]bool{}
	for _, f := range goFiles(t) {
		if !f.test && words.Match(f.src) {
			excused[f.dir] = true
		}
		if problem := dialectProblem(words, f); problem != "" {
			t.Error(problem)
		}
		if f.dir == "store" {
			n++
		}
	}
	for dir, why := range foreignEngines() {
		if dir != "arch" && !excused[dir] {
			t.Errorf("%s has no such word, and needs no excuse: %s", dir, why)
		}
	}
	if n < 20 {
		t.Errorf("only %d files of the store were looked at", n)
	}
}

func dialectProblem(words *regexp.Regexp, f *goFile) string {
	switch {
	case f.test, foreignEngines()[f.dir] != "":
		return ""
	case f.dir == "store" && strings.HasPrefix(path.Base(f.path), "dialect_"):
		return ""
	}
	if w := words.FindString(string(f.src)); w != "" {
		return f.path + " says " + w + ": that belongs into a file dialect_*.go of the store"
	}
	return ""
}

// foreignEngines are the packages that have such words for another reason.
func foreignEngines() map[string]string {
	return map[string]string{
		"arch":          "it has this rule",
		"client":        "the name of the store is a word of an answer",
		"verb":          "it gives that answer",
		"importer":      "it reads databases of other programs",
		"screen":        "it finds keys in addresses of databases",
		"recall/rank":   "a formula for ranking has the name of a function",
		"recall/search": "the same",
		"store/walfile": "it is a part of the dialect of SQLite",
	}
}

func TestTheRuleFindsDialectWords(t *testing.T) {
	words := regexp.MustCompile(dialectWords)
	for text, want := range map[string]bool{
		"`SELECT 1 FROM json_each(?)`": true, "`PRAGMA x`": true, "`DELETE FROM fts`": true, "`m.rid IN page`": true,
		"`SELECT id FROM memories`": false, "`walk`": false,
	} {
		f := parseText(t, "internal/store/x.go", "store", "package store\n\nconst q = "+text+"\n")
		if got := dialectProblem(words, f) != ""; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
