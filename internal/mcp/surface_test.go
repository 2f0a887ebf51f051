package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tallystick/tallystick/internal/mcp/mcptest"
	"github.com/tallystick/tallystick/internal/mcp/tool"
	"github.com/tallystick/tallystick/internal/node"
)

var update = flag.Bool("update", false, "write golden files anew")

// running is a node by itself, at a URL.
func running(t *testing.T) string {
	t.Helper()
	cfg := node.Default()
	cfg.Data, cfg.Listen, cfg.Node, cfg.LogLevel = t.TempDir(), "127.0.0.1:0", "a", "error"
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- node.Run(ctx, cfg, func(url string) { ready <- url }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("node: %v", err)
		}
	})
	select {
	case url := <-ready:
		return url
	case err := <-done:
		done <- err
		t.Fatalf("the node ended: %v", err)
	}
	return ""
}

func listed(t *testing.T, s *sdk.ClientSession) []*sdk.Tool {
	t.Helper()
	res, err := s.ListTools(t.Context(), nil)
	if err != nil || res.NextCursor != "" {
		t.Fatalf("%v, next %q", err, res.NextCursor)
	}
	return res.Tools
}

// lines are tools, a line each: as JSON, or where the list is long the name, the
// parameters with ! those that are needed, and the hints.
func lines(t *testing.T, tools []*sdk.Tool) []byte {
	t.Helper()
	var b bytes.Buffer
	if len(tools) > whole {
		for _, tool := range tools {
			fmt.Fprintln(&b, tool.Name, parameters(t, tool), hints(tool))
		}
		return b.Bytes()
	}
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, tool := range tools {
		if err := enc.Encode(tool); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// whole is how many tools a golden file shows whole.
const whole = 9

// schema is what the tests read of one.
type schema struct {
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
}

func schemaOf(t *testing.T, of any) schema {
	t.Helper()
	var s schema
	raw, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func hints(tool *sdk.Tool) string {
	a := tool.Annotations
	switch {
	case a.ReadOnlyHint:
		return "reads"
	case *a.DestructiveHint:
		return "destroys"
	case a.IdempotentHint:
		return "changes, once"
	}
	return "changes"
}

func parameters(t *testing.T, tool *sdk.Tool) []string {
	t.Helper()
	s := schemaOf(t, tool.InputSchema)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) {
			name += "!"
		}
		out = append(out, name)
	}
	return out
}

// What agents are offered is part of their prompts: a change of it is one to look at.
func TestTheToolsOfEachProfileAreAsItsGoldenFileSays(t *testing.T) {
	url := running(t)
	for _, profile := range tool.Profiles() {
		t.Run(profile, func(t *testing.T) {
			tools := listed(t, mcptest.Talk(t, url, mcptest.As("ann", profile, ""), nil, ""))
			got := lines(t, tools)
			if again := lines(t, listed(t, mcptest.Talk(t, url, mcptest.As("bob", profile, "x"), nil, ""))); !bytes.Equal(got, again) {
				t.Error("the second time the list is another one")
			}
			file := filepath.Join("testdata", profile+".txt")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the list is not that of %s: run with -update, and look at the difference", file)
			}
			raw, err := json.Marshal(tools)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d tools, %d bytes, %d tokens of 4 bytes", len(tools), len(raw), len(raw)/4)
			for _, tool := range tools {
				if tool.Title == "" || tool.Description == "" || tool.Annotations == nil || tool.InputSchema == nil {
					t.Errorf("%s lacks a word: %+v", tool.Name, tool)
				}
			}
		})
	}
}

// Every word of the core profile is part of every prompt: 4 bytes are a token.
func TestTheCoreProfileIsSmall(t *testing.T) {
	tools := listed(t, mcptest.Talk(t, running(t), mcptest.As("ann", tool.Core, ""), nil, ""))
	raw, err := json.Marshal(tools)
	if err != nil {
		t.Fatal(err)
	}
	if len(tools) > 7 || len(raw)/4 >= 1500 {
		t.Errorf("%d tools of %d tokens, want 7 below 1500", len(tools), len(raw)/4)
	}
}

// theirs is the list of the program itself, where this machine has it.
const theirs = "../../../shared/vectors/ai-memory-tools-list.json"

func TestTheToolsOfAIMemoryAreThoseThatItsProgramLists(t *testing.T) {
	raw, err := os.ReadFile(theirs)
	if err != nil {
		t.Skipf("no list of the program's own to compare with: %v", err)
	}
	var want []struct {
		Name  string `json:"name"`
		Input schema `json:"inputSchema"`
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	tools := listed(t, mcptest.Talk(t, running(t), mcptest.As("ann", tool.AIMemory, ""), nil, ""))
	byName := map[string]schema{}
	for _, tool := range tools {
		byName[tool.Name] = schemaOf(t, tool.InputSchema)
	}
	if len(tools) != len(want) {
		t.Errorf("%d tools, want %d", len(tools), len(want))
	}
	for _, w := range want {
		got, there := byName[w.Name]
		slices.Sort(got.Required)
		slices.Sort(w.Input.Required)
		if !there || !slices.Equal(got.Required, w.Input.Required) || len(got.Properties) != len(w.Input.Properties) {
			t.Errorf("%s: %+v, want %+v", w.Name, got, w.Input)
		}
		for name := range w.Input.Properties {
			if got.Properties[name] == nil {
				t.Errorf("%s takes no %s", w.Name, name)
			}
		}
	}
}

func TestAnAgentThatKnowsAIMemoryFindsItsTools(t *testing.T) {
	s := mcptest.Talk(t, running(t), mcptest.As("ann", tool.AIMemory, ""), nil, "")
	_, kept, failed := mcptest.Use(t, s, "memory_store", map[string]any{"title": "Gate", "content": "It is 4711.", "tags": nil, "force": true, "tier": "long"})
	id, _ := kept["id"].(string)
	if failed || id == "" {
		t.Fatalf("%v", kept)
	}
	for _, tt := range []struct {
		tool string
		args map[string]any
		want string // in the text
		bad  bool
	}{
		{"memory_search", map[string]any{"query": "gate", "format": "toon", "include_archived": false}, "4711", false},
		{"memory_search", map[string]any{"query": "gate", "include_archived": true}, "NOT_SUPPORTED: include_archived", true},
		{"memory_recall", map[string]any{"context": "gate", "session_id": "s", "kinds": nil}, "4711", false},
		{"memory_update", map[string]any{"id": id, "content": "It is 4712.", "expected_version": 1}, "Kept as", false},
		{"memory_update", map[string]any{"id": id, "content": "It is 4713.", "expected_version": 1}, "PRECONDITION_FAILED", true},
		{"memory_update", map[string]any{"id": id, "expected_version": "one"}, "VALIDATION_FAILED: expected_version", true},
		{"memory_verify", map[string]any{"source_id": id, "target_id": "none"}, "NOT_FOUND", true},
		{"memory_reflect", map[string]any{"content": "x", "source_ids": []string{id}, "title": "y"}, "NOT_IMPLEMENTED: not implemented: reflections", true},
		{"memory_skill_list", nil, "not skills", true},
		{"memory_store", map[string]any{"title": "x", "content": "y", "colour": "red"}, "UNKNOWN_FIELD", true},
		{"memory_gc", map[string]any{"dry_run": true}, "NOT_SUPPORTED", true},
		{"memory_delete", map[string]any{"id": id}, "", false},
	} {
		text, _, failed := mcptest.Use(t, s, tt.tool, tt.args)
		if failed != tt.bad || !strings.Contains(text, tt.want) {
			t.Errorf("%s %v: %v %q, want %q", tt.tool, tt.args, failed, text, tt.want)
		}
	}
}

// TestAnAnswerSaysWhatWasNotDone: a model that reads "deleted" takes it for done.
func TestAnAnswerSaysWhatWasNotDone(t *testing.T) {
	url := running(t)
	for _, profile := range []string{tool.Full, tool.AIMemory} {
		s := mcptest.Talk(t, url, mcptest.As("ann", profile, "trial"), nil, "")
		_, made, _ := mcptest.Use(t, s, "memory_store", map[string]any{"title": "a " + profile, "content": "x", "namespace": "trial"})
		id := fmt.Sprint(made["id"])
		tries := map[string]map[string]any{
			"memory_forget":        {"namespace": "trial"},
			"memory_archive_purge": {},
		}
		if profile == tool.Full {
			tries["memory_delete"], tries["memory_erase"], tries["memory_archive"] = map[string]any{"id": id}, map[string]any{"id": id}, map[string]any{"ids": []string{id}}
		}
		for name, args := range tries {
			args["dry_run"] = true
			text, got, failed := mcptest.Use(t, s, name, args)
			if failed || got["dry_run"] != true || !strings.HasPrefix(text, "Nothing was changed") {
				t.Errorf("%s of %s: %s, %v", name, profile, text, got)
			}
		}
		if text, _, failed := mcptest.Use(t, s, "memory_get", map[string]any{"id": id}); failed {
			t.Errorf("afterwards: %s", text)
		}
	}
	s := mcptest.Talk(t, url, mcptest.As("ann", tool.Full, ""), nil, "")
	if text, got, failed := mcptest.Use(t, s, "memory_list", map[string]any{"namespace": "trial", "limt": 1}); failed || fmt.Sprint(got["ignored"]) != "[limt]" || !strings.Contains(text, "limt") {
		t.Errorf("a field that it does not know: %s, %v", text, got["ignored"])
	}
}
