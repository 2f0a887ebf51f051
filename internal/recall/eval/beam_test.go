package eval_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// TestBEAM measures recall on long chats, where they are.
func TestBEAM(t *testing.T) {
	dir := os.Getenv("TALLY_BEAM")
	if dir == "" {
		t.Skip("TALLY_BEAM names no directory with chats of BEAM: recall on long chats is not measured")
	}
	s, err := eval.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := report(t, s)
	if r.All.Any10 < 70 {
		t.Errorf("any@10 %.1f, want at least 70.0", r.All.Any10)
	}
}

func TestReadBEAM(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := eval.Open(dir); err == nil || !strings.Contains(err.Error(), "BEAM") {
		t.Errorf("an empty directory: %v", err)
	}
	for _, chat := range []string{"10", "9"} {
		write(chat+"/chat.json", `[{"turns":[[{"id":0,"content":"Plan it? ->-> 1,1","time_anchor":"March-15-2024"},{"id":1,"content":"Done."}]]}]`)
		write(chat+"/probing_questions/probing_questions.json", `{"abstention":[{"question":"Why?"}],"update":[{"question":"When?","source_chat_ids":{"a":[1,[0]],"b":1}}]}`)
	}
	s, err := eval.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []eval.Question{
		{Text: "Why?", Namespace: "9", Group: "abstention"},
		{Text: "When?", Namespace: "9", Group: "update", Answers: []string{"9/000001", "9/000000"}},
	}
	if diff := cmp.Diff(want, s.Questions[:2]); diff != "" || len(s.Questions) != 4 {
		t.Error(diff, len(s.Questions))
	}
	if m := s.Memories[0]; len(s.Memories) != 4 || m.Body != "Plan it?" || m.Said != when.Date(2024, 3, 15) || m.Session != "D1" || m.Namespace != "9" {
		t.Errorf("%d memories, the first is %+v", len(s.Memories), m)
	}
	write("9/chat.json", `{`)
	if _, err := eval.Open(dir); err == nil {
		t.Error("a broken chat is taken")
	}
}

func TestReadLongMemEval(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.json")
	const text = `[
	{"question_id":"q1","question_type":"multi-session","question":"Where?","haystack_dates":["2023/05/20 (Sat) 02:21","?"],
	 "haystack_session_ids":["a","b"],"answer_session_ids":["b"],
	 "haystack_sessions":[[{"role":"user","content":"Hello"}],[{"role":"user","content":"In Gdansk","has_answer":true},{"role":"assistant","content":"Fine"}]]},
	{"question_id":"q2","question_type":"user","question":"Who?","haystack_session_ids":["b"],"answer_session_ids":["b"],
	 "haystack_sessions":[[{"content":"Ann"},{"content":"Bob"}]]},
	{"question_id":"q3_abs","question_type":"user","question":"Why?","haystack_session_ids":["b"],"answer_session_ids":["b"],
	 "haystack_sessions":[[{"content":"Ann"}]]}]`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := eval.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []eval.Question{
		{Text: "Where?", Namespace: "q1", Group: "multi-session", Answers: []string{"q1/S0002/0001"}},
		{Text: "Who?", Namespace: "q2", Group: "user", Answers: []string{"q2/S0001/0001", "q2/S0001/0002"}},
		{Text: "Why?", Namespace: "q3_abs", Group: "abstention"},
	}
	if diff := cmp.Diff(want, s.Questions); diff != "" {
		t.Error(diff)
	}
	if len(s.Memories) != 6 || s.Memories[0].Said != when.Date(2023, 5, 20) || s.Memories[1].Said != when.None || len(s.Hash) != 64 {
		t.Errorf("%d memories, %+v", len(s.Memories), s.Memories[:2])
	}
	if err := os.WriteFile(path, []byte(`[{"question_id":1}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := eval.Open(path); err == nil {
		t.Error("a broken question is taken")
	}
}
