package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// docs/errors.md is the table of codes, joined with the errors that become them
// and the exit codes that they become.
func TestTheTableOfErrorsIsDocumented(t *testing.T) {
	var b strings.Builder
	say(&b, "# Errors\n\nEvery error has a stable code. Programs branch on it; `error` in the body is for people, and its\n"+
		"words may change. This page is written by a test, `go test ./cmd/tally -run TableOfErrors -update`,\n"+
		"from the tables that the node and the command line use.\n\n"+
		"| code | HTTP status | exit code of `tally` | what it means | from |\n|---|---|---|---|---|\n")
	sentinels := verb.Sentinels()
	for _, c := range client.Codes() {
		from := sentinels[c.Code]
		for i, name := range from {
			from[i] = "`" + name + "`"
		}
		say(&b, "| `%s` | %s | %d | %s | %s |\n", c.Code, strings.TrimSpace(fmt.Sprint(c.Status, " ", http.StatusText(c.Status))), c.Exit, c.Meaning, strings.Join(from, ", "))
	}
	say(&b, "\nWhere no error is named, the HTTP layer finds the fault itself. All other errors are `INTERNAL`.\n\n"+
		"## Exit codes\n\n| exit code | what it means |\n|---|---|\n")
	for _, row := range exitTable() {
		say(&b, "| %d | %s |\n", row.code, row.meaning)
	}
	say(&b, "\nAn answer whose code is not in the table, from a proxy or from another server, is judged by its\nstatus.\n")
	page := filepath.Join("..", "..", "docs", "errors.md")
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("docs/errors.md (-is +should be):\n%s", diff)
	}
}

func TestEveryErrorCodeHasAnExitCode(t *testing.T) {
	var codes []client.Code
	for _, c := range client.Codes() {
		codes = append(codes, c.Code)
		// A server that is older, and says the status only, must lead to the same.
		bare := exitCode(fmt.Errorf("around: %w", &client.Error{Status: c.Status}))
		if coded := exitCode(&client.Error{Status: c.Status, Code: string(c.Code)}); coded != bare && c.Code != "QUORUM_NOT_MET" {
			t.Errorf("%s: exit code %d, but status %d alone is %d", c.Code, coded, c.Status, bare)
		}
	}
	for code := range verb.Sentinels() {
		if !slices.Contains(codes, code) {
			t.Errorf("%s, which errors become, is not in the table of codes", code)
		}
	}
}
