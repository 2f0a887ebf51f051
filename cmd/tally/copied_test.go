package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What "Copy as" of the console says as a command is one.
func TestCommandsThatTheConsoleCopiesAre(t *testing.T) {
	files, err := filepath.Glob("../../console/src/*/*.tsx")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	said := regexp.MustCompile("cli: [\"`']([a-z][a-z -]*)")
	root := newRoot(&app{stdio: stdio{out: io.Discard}})
	found := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(raw), -1) {
			found++
			cmd, rest, err := root.Find(strings.Fields(m[1]))
			if err != nil || cmd == root || !cmd.Runnable() {
				t.Errorf("%s: there is no command %q (%v)", file, m[1], err)
				continue
			}
			for _, word := range rest {
				if flag, is := strings.CutPrefix(word, "--"); is && cmd.Flag(flag) == nil {
					t.Errorf("%s: %s has no --%s", file, cmd.CommandPath(), flag)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d commands were found", found)
	}
}
