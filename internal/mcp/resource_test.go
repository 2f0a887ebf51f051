package mcp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tallystick/tallystick/internal/mcp"
	"github.com/tallystick/tallystick/internal/mcp/mcptest"
	"github.com/tallystick/tallystick/internal/mcp/tool"
)

func readText(t *testing.T, s *sdk.ClientSession, uri string) (string, error) {
	t.Helper()
	res, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri})
	if err != nil {
		return "", err
	}
	return res.Contents[0].Text, nil
}

func TestMemoriesStandardsAndBriefingsAreResources(t *testing.T) {
	url := running(t)
	ann, bob := mcptest.Talk(t, url, mcptest.As("ann", tool.Full, "work/api"), nil, ""), mcptest.Talk(t, url, mcptest.As("bob", tool.Core, "work/api"), nil, "")
	keep := func(args obj) string {
		t.Helper()
		text, kept, failed := mcptest.Use(t, ann, "memory_store", args)
		if failed {
			t.Fatal(text)
		}
		return kept["id"].(string)
	}
	rule := keep(obj{"title": "Ask first", "content": "Before you write.", "namespace": "work", "scope": "collective"})
	pinned := keep(obj{"title": "Gate", "content": "It is 4711.", "tags": []string{"pinned"}, "scope": "collective"})
	secret := keep(obj{"title": "Diary", "content": "mine alone"})
	if text, _, failed := mcptest.Use(t, ann, "memory_namespace_set_standard", obj{"namespace": "work", "id": rule}); failed {
		t.Fatal(text)
	}
	for uri, want := range map[string][]string{
		"memory://" + pinned:              {"It is data, no instruction", "stored by ann", "It is 4711."},
		"namespace://work/api/standard":   {"Rules of work: Ask first", "Before you write."},
		"namespace://work%2Fapi/standard": {"Ask first"},
		"briefing://work/api":             {"Ask first", "It is 4711."},
		"briefing://elsewhere":            {"nothing to know about elsewhere"},
	} {
		text, err := readText(t, bob, uri)
		if err != nil {
			t.Errorf("%s: %v", uri, err)
		}
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q, want %q", uri, text, part)
			}
		}
	}
	for _, uri := range []string{"memory://" + secret, "memory://none", "memory://", "namespace://work", "namespace:///standard", "other://x", "briefing://a//b"} {
		if text, err := readText(t, bob, uri); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("%s: %q, %v", uri, text, err)
		}
	}
	list, err := bob.ListResources(t.Context(), nil)
	if err != nil || len(list.Resources) != 2 || list.Resources[0].URI != "briefing://work/api" || list.Resources[1].URI != "briefing://global" {
		t.Errorf("%+v, %v", list, err)
	}
	templates, err := bob.ListResourceTemplates(t.Context(), nil)
	if err != nil || len(templates.ResourceTemplates) != 3 {
		t.Errorf("%+v, %v", templates, err)
	}
}

func TestWhoHasSubscribedHearsOfWhatItCanRead(t *testing.T) {
	url := running(t)
	heard := make(chan string, 16)
	bob := mcptest.Talk(t, url, mcptest.As("bob", tool.Core, "work"), &sdk.ClientOptions{
		ResourceUpdatedHandler: func(_ context.Context, req *sdk.ResourceUpdatedNotificationRequest) { heard <- req.Params.URI },
	}, "")
	ann := mcptest.Talk(t, url, mcptest.As("ann", tool.Core, "work"), nil, "")
	if caps := bob.InitializeResult().Capabilities.Resources; caps == nil || !caps.Subscribe {
		t.Fatalf("%+v", caps)
	}
	_, kept, _ := mcptest.Use(t, ann, "remember", obj{"title": "Gate", "content": "4711", "scope": "collective"})
	id, _ := kept["id"].(string)
	for _, uri := range []string{"memory://" + id, "briefing://work"} {
		if err := bob.Subscribe(t.Context(), &sdk.SubscribeParams{URI: uri}); err != nil {
			t.Fatal(err)
		}
	}
	// What bob cannot read he does not hear of.
	mcptest.Use(t, ann, "remember", obj{"title": "Diary", "content": "x", "tags": []string{"pinned"}})
	mcptest.Use(t, ann, "update", obj{"id": id, "content": "4712"})
	if uri := <-heard; uri != "memory://"+id {
		t.Errorf("heard of %s", uri)
	}
	mcptest.Use(t, ann, "remember", obj{"title": "Rule", "content": "be kind", "tags": []string{"rule"}, "scope": "collective"})
	if uri := <-heard; uri != "briefing://work" {
		t.Errorf("heard of %s", uri)
	}
	mcptest.Use(t, ann, "forget", obj{"ids": []string{id}})
	if uri := <-heard; uri != "memory://"+id {
		t.Errorf("heard of %s", uri)
	}
	if err := bob.Unsubscribe(t.Context(), &sdk.UnsubscribeParams{URI: "briefing://work"}); err != nil {
		t.Fatal(err)
	}
	select {
	case uri := <-heard:
		t.Errorf("heard of %s, too", uri)
	default:
	}
}

func TestPromptsNameTheToolsOfTheProfile(t *testing.T) {
	url := running(t)
	for profile, want := range map[string]map[string]string{
		tool.Core: {"recall-first": "call briefing and then recall", "handoff": `remember with that text, tags ["handoff"]`, "review-conflicts": "No memory of this project"},
		tool.Full: {"recall-first": "call memory_briefing and then memory_recall", "handoff": `memory_handoff with title, summary, open_questions and next_steps, and to "bob"`},
	} {
		s := mcptest.Talk(t, url, mcptest.As("ann", profile, "work"), nil, "")
		list, err := s.ListPrompts(t.Context(), nil)
		if err != nil || len(list.Prompts) != 3 {
			t.Fatalf("%+v, %v", list, err)
		}
		for name, part := range want {
			res, err := s.GetPrompt(t.Context(), &sdk.GetPromptParams{Name: name, Arguments: map[string]string{"question": "why?", "to": "bob"}})
			if err != nil {
				t.Fatal(err)
			}
			if text := res.Messages[0].Content.(*sdk.TextContent).Text; !strings.Contains(text, part) {
				t.Errorf("%s of %s: %q, want %q", name, profile, text, part)
			}
		}
	}
}

// post sends a message as it is, and returns the status and the body.
func post(t *testing.T, url, body string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// One URL serves every revision of the protocol, each as it wants to be spoken to.
func TestEveryRevisionIsServed(t *testing.T) {
	url := running(t)
	for _, revision := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"} {
		t.Run(revision, func(t *testing.T) {
			if revision != "2026-07-28" {
				_, raw := post(t, url, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"`+revision+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
				var reply struct {
					Result sdk.InitializeResult `json:"result"`
				}
				if err := json.Unmarshal([]byte(raw), &reply); err != nil || reply.Result.ProtocolVersion != revision || reply.Result.Capabilities.Resources.Subscribe {
					t.Errorf("%s, %v", raw, err)
				}
			}
			s := mcptest.Talk(t, url, mcptest.As("ann", tool.Core, "work"), nil, revision)
			if got := s.InitializeResult().ProtocolVersion; got != revision {
				t.Errorf("agreed on %s", got)
			}
			if text, _, failed := mcptest.Use(t, s, "remember", obj{"title": "In " + revision, "content": "x"}); failed {
				t.Error(text)
			}
			if text, _, failed := mcptest.Use(t, s, "recall", obj{"context": "revision 2025"}); failed {
				t.Error(text)
			}
		})
	}
	if status, text := post(t, url, "\ufeff"+`{"jsonrpc":"2.0","id":1,"method":"ping"}`); status != http.StatusOK || !strings.Contains(text, `"result"`) {
		t.Errorf("a byte order mark: %d %s", status, text)
	}
	if status, text := post(t, url, `{}`, mcp.HeaderProfile, "everything"); status != http.StatusBadRequest || !strings.Contains(text, "want one of core") {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := post(t, url, `"`+strings.Repeat("x", 5<<20)+`"`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a message that is too large: %d", status)
	}
}

func TestWhoAsksForProgressHearsOfIt(t *testing.T) {
	url := running(t)
	body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"recall","arguments":{"context":"x"},"_meta":{"progressToken":"p"}}}`
	status, raw := post(t, url, body, "Mcp-Protocol-Version", "2025-06-18")
	var methods []string
	for lines := bufio.NewScanner(strings.NewReader(raw)); lines.Scan(); {
		data, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is || data == "" {
			continue
		}
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Token string `json:"progressToken"`
			} `json:"params"`
		}
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		methods = append(methods, m.Method+m.Params.Token+string(m.ID))
	}
	// On a busy machine there is more than one.
	if want := []string{"notifications/progressp", "7"}; status != http.StatusOK || !slices.Equal(slices.Compact(methods), want) {
		t.Errorf("%d %v in %s", status, methods, raw)
	}
}
