package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheProjectIsNamedByItsRemote(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "My Checkout", "deep", "er")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := projectOf(dir); got != "er" {
		t.Errorf("without a repository: %q", got)
	}
	git := filepath.Join(filepath.Dir(filepath.Dir(dir)), ".git")
	if err := os.Mkdir(git, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := projectOf(dir); got != "my-checkout" {
		t.Errorf("without a remote: %q", got)
	}
	for url, want := range map[string]string{
		"git@example.org:acme/Widgets.git": "widgets", "https://example.org/acme/api.v2/": "api.v2", "/srv/git/x_y.git": "x_y",
	} {
		config := "[core]\n\tbare = false\n[remote \"upstream\"]\n\turl = no\n[remote \"origin\"]\n\turl = " + url + "\n"
		if err := os.WriteFile(filepath.Join(git, "config"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := projectOf(dir); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

// An agent speaks with the command as it does with a server: a line each way.
func TestMessagesGoToTheNodeAndBack(t *testing.T) {
	d := alone(t, "agents")
	in, w := io.Pipe()
	r, out := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), stdio{in: in, out: out, err: io.Discard, env: []string{"TALLY_SERVER=" + d.url}}, []string{"--agent", "ann", "mcp", "--project", "work"})
		_ = out.Close()
	}()
	lines := bufio.NewScanner(r)
	ask := func(message string) map[string]any {
		t.Helper()
		if _, err := io.WriteString(w, message+"\n"); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatal("no answer")
		}
		var m map[string]any
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		return m
	}
	if m := ask("\ufeff" + `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`); m["result"] == nil {
		t.Fatalf("initialize: %v", m)
	}
	kept := ask(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"remember","arguments":{"title":"Gate","content":"4711"}}}`)
	if text, err := json.Marshal(kept); err != nil || !strings.Contains(string(text), `"namespace":"work"`) {
		t.Errorf("remember: %s, %v", text, err)
	}
	if m := ask(`no JSON`); m["error"] == nil {
		t.Errorf("no JSON: %v", m)
	}
	for message, want := range map[string]float64{
		`{"jsonrpc":"2.0","id":3,"method":"memory/list"}`: rpcMethod,
		`{"id":4,"method":"ping"}`:                        rpcRequest,
		`[{"jsonrpc":"2.0","id":5,"method":"ping"}]`:      rpcRequest, // since 2025-06-18
		`7`: rpcRequest,
	} {
		e, is := ask(message)["error"].(map[string]any)
		if !is || e["code"] != want || strings.Contains(fmt.Sprint(e["message"]), "tally status") {
			t.Errorf("%s: %v, want %v", message, e, want)
		}
	}
	_ = w.Close()
	if code := <-done; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
