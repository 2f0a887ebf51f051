package mcp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/mcp/mcptest"
	"github.com/tallystick/tallystick/internal/mcp/tool"
)

// Many models read the text of an answer alone: what they have to know stands there, in
// words and without what only programs need.
func TestTextsSayWhatAModelHasToKnow(t *testing.T) {
	s := mcptest.Talk(t, running(t), mcptest.As("ann", tool.Core, "work"), nil, "")
	ask := func(name string, args map[string]any) string {
		text, _, _ := mcptest.Use(t, s, name, args)
		return text
	}
	text, made, _ := mcptest.Use(t, s, "remember", map[string]any{
		"title": "Token", "content": "it is ghp_x7Kq2Lm9Zr4Tb8Wn3Vc6Yd1Fh5Jg0Pk2Sa7Q", "tags": []string{"keys", "ci"},
	})
	id := fmt.Sprint(made["id"])
	if !strings.Contains(text, "masked") || !strings.Contains(text, "github-token") {
		t.Errorf("a secret was masked, and not told: %s", text)
	}
	if text := ask("get", map[string]any{"id": id}); !strings.Contains(text, "tags keys, ci") {
		t.Errorf("an edit replaces tags, and these were not told: %s", text)
	}
	if text := ask("link", map[string]any{"source_id": id, "target_id": "4198b4ee-28b8-8e84-b9a0-6065a8e730ad", "relation": "likes"}); !strings.Contains(text, "related_to") {
		t.Errorf("which relations there are was not told: %s", text)
	}
	for _, tt := range []struct {
		ids  []string
		want string
	}{
		{[]string{}, "Nothing was archived."},
		{[]string{id}, "Archived " + id + "."},
		{[]string{id, "x"}, "Nothing was archived. Not there, archived already, or not yours: " + id + ", x."},
	} {
		if text := ask("forget", map[string]any{"ids": tt.ids}); text != tt.want {
			t.Errorf("forget %v: %s, want %s", tt.ids, text, tt.want)
		}
	}
}

// posted sends a message as it is.
func posted(t *testing.T, url, project, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	res, err := mcptest.As("ann", "", project).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What a field means where it is absent is said of the tool, and not of the route.
func TestAFieldIsDescribedAsTheToolHasIt(t *testing.T) {
	for _, tool := range listed(t, mcptest.Talk(t, running(t), mcptest.As("ann", tool.Core, "work"), nil, "")) {
		raw, err := json.Marshal(tool.InputSchema)
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range []string{"409", "Goes into the metadata", "global if it is absent"} {
			if strings.Contains(string(raw), of) {
				t.Errorf("%s says %q: %s", tool.Name, of, raw)
			}
		}
	}
}

// A key that is there twice is refused, whether or not the project is put in beside it.
func TestAKeyThatIsThereTwiceIsRefused(t *testing.T) {
	url := running(t)
	for _, project := range []string{"", "work"} {
		for args, twice := range map[string]string{
			`{"title":"a","title":"b","content":"x"}`:                              "title",
			`{"title":"a","title":"b","content":"x","namespace":null}`:             "title",
			`{"title":"a","content":"x","namespace":"secret","namespace":null}`:    "namespace",
			`{"namespace":null,"title":"a","tags":["]"],"content":"{x","tags":[]}`: "tags",
		} {
			text := posted(t, url, project, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remember","arguments":`+args+`}}`)
			if !strings.Contains(text, "UNKNOWN_FIELD") || !strings.Contains(text, twice+" (given twice)") {
				t.Errorf("project %q: %s: %s", project, args, text)
			}
		}
	}
	for args, want := range map[string]string{`{"title":"c","content":"x"}`: "work", `{"title":"d","content":"x","namespace":null}`: "work", `{"title":"e","content":"x","namespace":"own"}`: "own"} {
		text := posted(t, url, "work", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remember","arguments":`+args+`}}`)
		if !strings.Contains(text, `"namespace":"`+want+`"`) {
			t.Errorf("%s: %s", args, text)
		}
	}
}
