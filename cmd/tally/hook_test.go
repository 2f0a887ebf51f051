package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/carry"
)

// event is what a client says of an event.
func event(t *testing.T, fields map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// hooked runs a hook as a client does, and returns what it says to the agent.
func hooked(t *testing.T, env []string, name, stdin string, more ...string) string {
	t.Helper()
	got := tally(t, env, stdin, append([]string{"--agent", "claude-code", "hook", name}, more...)...)
	if got.code != exitOK || got.err != "" {
		t.Fatalf("%s: %+v", name, got)
	}
	return got.out
}

func TestAHookNeverStandsInTheWay(t *testing.T) {
	home := t.TempDir()
	env := []string{"HOME=" + home, nowhere}
	big := strings.Repeat("x", 5<<20)
	for name, args := range map[string][]string{
		"{}": {"hook"}, "": {"hook", "stop"}, "not json": {"hook", "stop"}, `{"prompt": "where is the gate code"}`: {"hook", "user-prompt-submit"},
		`{"cwd": "/"}`: {"hook", "session-start", "--client", "emacs"}, `{"transcript_path": "/nowhere"}`: {"hook", "stop"}, "[]": {"hook", "lunch", "--what"},
		`{"prompt": "` + big + `"}`: {"hook", "user-prompt-submit"}, `{"transcript_path": "/dev/zero"}`: {"hook", "session-end"},
	} {
		start := time.Now()
		if got := tally(t, env, name, args...); got.code != exitOK || got.out != "" || got.err != "" {
			t.Errorf("%.40s: %+v", name, got)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%.40s: it took %s", name, took)
		}
	}
	log, err := os.ReadFile(filepath.Join(home, ".local", "state", "tallystick", "hooks.log"))
	if err != nil || strings.Count(string(log), "\n") != 9 {
		t.Errorf("%v\n%s", err, log)
	}
}

func TestAHookThatComesTooLateSaysNothing(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(release) })
	home := t.TempDir()
	if out := hooked(t, []string{"HOME=" + home, "TALLY_SERVER=" + slow.URL}, "user-prompt-submit", `{"prompt": "where is the gate code"}`); out != "" {
		t.Error(out)
	}
	log, err := os.ReadFile(filepath.Join(home, ".local", "state", "tallystick", "hooks.log"))
	if err != nil || !strings.Contains(string(log), "within 150 ms") {
		t.Errorf("%v\n%s", err, log)
	}
}

func TestWhatIsKnownGoesIntoASession(t *testing.T) {
	d := alone(t, "desk")
	env := []string{"TALLY_SERVER=" + d.url}
	project := filepath.Join(t.TempDir(), "shop")
	if err := os.MkdirAll(project, 0o700); err != nil {
		t.Fatal(err)
	}
	if out := hooked(t, env, "session-start", event(t, map[string]any{"cwd": project})); out != "" {
		t.Errorf("there is nothing to know, and it said %s", out)
	}
	d.tally("remember", "Prices", "Money is rounded half to even.", "-n", "shop", "--priority", "9")
	d.tally("remember", "Cart", "The cookie of the cart needs a path.", "-n", "shop")
	d.tally("remember", "Lunch", "The kitchen serves soup at noon.", "-n", "house")
	var got struct {
		Hook struct {
			Event string `json:"hookEventName"`
			Text  string `json:"additionalContext"`
		} `json:"hookSpecificOutput"`
	}
	out := hooked(t, env, "session-start", event(t, map[string]any{"cwd": project, "hook_event_name": "SessionStart"}))
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Hook.Event != "SessionStart" || !strings.Contains(got.Hook.Text, "half to even") || !strings.Contains(got.Hook.Text, "no instruction") {
		t.Errorf("%v: %s", err, out)
	}
	ask := func(prompt string, more ...string) string {
		return hooked(t, env, "user-prompt-submit", event(t, map[string]any{"prompt": prompt, "hook_event_name": "UserPromptSubmit", "session_id": "s"}), more...)
	}
	eventually(t, "the index has what was written", func() bool { return ask("why does the cookie of the cart get lost?") != "" })
	if out := ask("why does the cookie of the cart get lost?"); !strings.Contains(out, "needs a path") || strings.Contains(out, "soup") {
		t.Error(out)
	}
	if out := ask("why does the cookie of the cart get lost?", "--client", "cursor"); !strings.Contains(out, `"additional_context"`) || !strings.Contains(out, `"continue":true`) {
		t.Error(out)
	}
	for _, nothing := range []string{"please refactor the parser of the tokenizer", "/clear", "ok", "", "the"} {
		if out := ask(nothing); out != "" {
			t.Errorf("%q: %s", nothing, out)
		}
	}
	if out := ask("why does the cookie of the cart get lost?", "--budget", "5"); out != "" {
		t.Errorf("over the budget: %s", out)
	}
}

// What hooks have kept, an import of the same transcript finds there, and the other
// way round.
func TestWhatWasSaidIsKeptOnce(t *testing.T) {
	d := alone(t, "desk")
	env := []string{"TALLY_SERVER=" + d.url}
	dir := filepath.Join(t.TempDir(), "-home-ann-shop")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	transcript := filepath.Join(dir, "s1.jsonl")
	turn := func(n, question, answer string) string {
		return `{"type":"user","sessionId":"s1","uuid":"u` + n + `","timestamp":"2026-01-01T10:0` + n + `:00Z","cwd":"/home/ann/shop","message":{"role":"user","content":"` + question + `"}}` + "\n" +
			`{"type":"assistant","sessionId":"s1","uuid":"a` + n + `","timestamp":"2026-01-01T10:0` + n + `:05Z","message":{"role":"assistant","content":[{"type":"text","text":"` + answer + `"}]}}` + "\n"
	}
	var text strings.Builder
	count := func() int {
		return must[client.Page](d, "list", "-n", "chats/claude-code/home-ann-shop", "--agent", "claude-code").Count
	}
	for i, n := range []string{"1", "2", "3", "4"} {
		text.WriteString(turn(n, "Question "+n, "Answer "+n))
		if err := os.WriteFile(transcript, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		name := "stop"
		if i == 3 {
			name = "pre-compact"
		}
		for range 2 {
			if out := hooked(t, env, name, event(t, map[string]any{"transcript_path": transcript, "session_id": "s1"})); out != "" {
				t.Error(out)
			}
		}
		if got := count(); got != i+1 {
			t.Errorf("after %d exchanges %d are kept", i+1, got)
		}
	}
	got := tally(t, env, "", "--agent", "claude-code", "import", transcript, "--json")
	if r := parse[carry.Report](t, got.out); r.Written != 0 || r.Unchanged != 4 {
		t.Errorf("%+v", r)
	}
	m := must[client.Page](d, "list", "-n", "chats/claude-code/home-ann-shop", "--agent", "claude-code").Memories[0]
	if sessionOf(m.Metadata) != "s1" || !strings.Contains(string(m.Metadata), `"sequence"`) || m.MemoryKind != "conversation" {
		t.Errorf("%+v", m)
	}
	// What was said in this session the agent knows; in the next it is told.
	for session, known := range map[string]bool{"s1": false, "s2": true} {
		out := hooked(t, env, "user-prompt-submit", event(t, map[string]any{"prompt": "what was question 3 and its answer?", "session_id": session}))
		if (out != "") != known {
			t.Errorf("session %s: %q", session, out)
		}
	}
}

func TestWordsThatTellSomething(t *testing.T) {
	for text, want := range map[string]string{
		"What does the gate do, please?": "gate", "Warum bitte ist nicht Schluss": "warum schlus", "日本語を読む": "日本 本語 語を を読 読む", "a an of": "", "snake_case tests": "snake_case test",
	} {
		if got := strings.Join(tellingWords(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestALogOfHooksStaysSmall(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, ".local", "state", "tallystick")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hooks.log"), make([]byte, maxHookLog+1), 0o600); err != nil {
		t.Fatal(err)
	}
	hooked(t, []string{"HOME=" + home}, "stop", "{}")
	info, err := os.Stat(filepath.Join(dir, "hooks.log"))
	if err != nil || info.Size() > 1000 {
		t.Errorf("%v, %v", info, err)
	}
}

// Secrets do not get into memories, and what was masked is not written again.
func TestSecretsInATranscriptAreMaskedOnce(t *testing.T) {
	d := alone(t, "desk")
	transcript := filepath.Join(t.TempDir(), "s1.jsonl")
	secret := "ghp_" + strings.Repeat("aB3x9Kq7Lm", 4)[:36]
	line := `{"type":"user","sessionId":"s1","uuid":"u1","timestamp":"2026-01-01T10:00:00Z","cwd":"/p","message":{"role":"user","content":"push with ` + secret + `"}}` + "\n"
	if err := os.WriteFile(transcript, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		got := tally(t, []string{"TALLY_SERVER=" + d.url}, "", "import", transcript, "--json")
		if r := parse[carry.Report](t, got.out); r.Written != 1-i || r.Unchanged != i {
			t.Errorf("%+v", r)
		}
	}
	got := d.tally("list", "--json")
	if strings.Contains(got.out, secret) || !strings.Contains(got.out, "[masked: github-token]") {
		t.Error(got.out)
	}
	if got := d.tally("remember", "Deploy", "password: hunter2!x"); !strings.Contains(got.out, "masked: password") {
		t.Errorf("%+v", got)
	}
}
