package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryCommandHasAManualPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if got := tally(t, nil, "", "man", dir); got.code != exitOK || !strings.Contains(got.out, "pages written") {
		t.Fatalf("%+v", got)
	}
	for _, c := range commandTree(newRoot(&app{})) {
		page, err := os.ReadFile(filepath.Join(dir, pageName(c)+".1"))
		if err != nil || !strings.Contains(string(page), ".SH NAME\n"+troff(pageName(c))) {
			t.Errorf("%s: %v", c.CommandPath(), err)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "tally-namespace-set.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`\fB\-\-governance\fR \fIobject\fR`, ".SH GLOBAL OPTIONS", `.BR "tally\-namespace" (1)`} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	man, err := exec.LookPath("groff")
	if err != nil {
		return
	}
	for _, name := range []string{"tally.1", "tally-serve.1"} {
		out, err := exec.CommandContext(t.Context(), man, "-man", "-Tutf8", "-ww", "-z", filepath.Join(dir, name)).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

func TestTextIsNoCommandOfTroff(t *testing.T) {
	if got, want := troff(".B x\n'y \\fB a-b"), "\\&.B x\n\\&'y \\efB a\\-b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCompletionIsAValidScript(t *testing.T) {
	for shell, check := range map[string]string{"bash": "-n", "zsh": "-n", "fish": "--no-execute"} {
		t.Run(shell, func(t *testing.T) {
			got := tally(t, nil, "", "completion", shell)
			if got.code != exitOK || !strings.Contains(got.out, "__complete") {
				t.Fatalf("%+v", got)
			}
			program, err := exec.LookPath(shell)
			if err != nil {
				t.Skip(shell + " is not installed")
			}
			cmd := exec.CommandContext(t.Context(), program, check)
			cmd.Stdin = strings.NewReader(got.out)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
