package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A command that no page names is one that nobody finds: each stands in one of docs/,
// as it is typed.
func TestEveryCommandStandsInAPage(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatal(pages, err)
	}
	var all strings.Builder
	for _, p := range append(pages, "../../README.md") {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	text := all.String()
	n := 0
	for _, c := range newRoot(&app{stdio: stdio{out: io.Discard}}).Commands() {
		if c.Hidden || c.Name() == "exit-codes" || c.Name() == "help" {
			continue
		}
		if n++; !strings.Contains(text, "tally "+c.Name()) {
			t.Errorf("tally %s is in no page of docs", c.Name())
		}
	}
	if n < 30 {
		t.Errorf("only %d commands were found", n)
	}
}
