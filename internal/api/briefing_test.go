package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/journal"
)

// agentOf speaks to the node for an agent.
func (n *node) agentOf(name string) *client.Client {
	n.t.Helper()
	c, err := client.New(client.Options{URL: n.url, Agent: name})
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

func (n *node) keep(d client.Draft) string {
	n.t.Helper()
	d.Scope = "collective"
	out, err := n.agentOf("ann").Create(n.t.Context(), d)
	if err != nil {
		n.t.Fatal(err)
	}
	return out.ID
}

func (n *node) briefing(agent string, in client.BriefingInput) *client.Briefing {
	n.t.Helper()
	out, err := n.agentOf(agent).Agents().Briefing(n.t.Context(), in)
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

func whys(b *client.Briefing) map[string]string {
	out := map[string]string{}
	for _, item := range b.Items {
		out[item.ID] = item.Why
	}
	return out
}

func TestABriefingIsPutTogetherByRule(t *testing.T) {
	n := alone(t)
	ids := map[string]string{
		n.keep(client.Draft{Title: "Near", Content: "pinned\n- Rule: here", Namespace: "work/api", Tags: []string{"pinned"}}):                     "pinned",
		n.keep(client.Draft{Title: "Above", Content: "pinned above", Namespace: "work", Tags: []string{"pinned"}, Priority: 9}):                   "pinned",
		n.keep(client.Draft{Title: "Everywhere", Content: "weighty", Priority: 8}):                                                                "important",
		n.keep(client.Draft{Title: "Always", Content: "be kind", Namespace: "work/api", Tags: []string{"rule"}}):                                  "rule",
		n.keep(client.Draft{Title: "Go", Content: "format it", Namespace: "work", Tags: []string{"rule", "on:path:internal/**/*.go"}}):            "trigger",
		n.keep(client.Draft{Title: "Release", Content: "tag it", Namespace: "work", Tags: []string{"rule", "on:word:release", "on:tool:deploy"}}): "trigger",
	}
	n.keep(client.Draft{Title: "Light", Content: "no matter", Namespace: "work/api"})
	n.keep(client.Draft{Title: "Elsewhere", Content: "pinned there", Namespace: "work/web", Tags: []string{"pinned"}})
	house := n.keep(client.Draft{Title: "House", Content: "ask first", Namespace: "work"})
	if _, _, err := n.agentOf("ann").Governance().SetStandard(t.Context(), "work", client.StandardDraft{ID: house}); err != nil {
		t.Fatal(err)
	}
	plain := n.briefing("bob", client.BriefingInput{Namespace: "work/api"})
	got := whys(plain)
	for id, why := range ids {
		if got[id] != why {
			t.Errorf("%s is there for %q, want %q", id, got[id], why)
		}
	}
	if len(plain.Items) != len(ids)+1 || plain.Items[0].Why != "standard" || len(plain.LeftOut) != 0 {
		t.Errorf("items %v, left out %v", plain.Items, plain.LeftOut)
	}
	order := []string{"Rules of work (House): ask first", "- Rule: Always: be kind", "- Near: pinned\n  - Rule: here", "- Above: pinned above", "- Everywhere:", "- Rule for path internal/**/*.go: Go ["}
	at := 0
	for _, piece := range order {
		i := strings.Index(plain.Text[at:], piece)
		if i < 0 {
			t.Fatalf("%q is not behind the others in\n%s", piece, plain.Text)
		}
		at += i
	}
	if again := n.briefing("bob", client.BriefingInput{Namespace: "work/api"}); again.Text != plain.Text {
		t.Errorf("the second time\n%s", again.Text)
	}
	for name, tt := range map[string]struct {
		in   client.BriefingInput
		want []string
	}{
		"a path":         {client.BriefingInput{Paths: []string{"internal/api/table.go", "README.md"}}, []string{"format it"}},
		"another path":   {client.BriefingInput{Paths: []string{"cmd/table.go"}}, nil},
		"a tool":         {client.BriefingInput{Tools: []string{"Deploy"}}, []string{"tag it"}},
		"a word":         {client.BriefingInput{Text: "Make the Release, now"}, []string{"tag it"}},
		"part of a word": {client.BriefingInput{Text: "releases"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tt.in.Namespace = "work/api"
			b := n.briefing("bob", tt.in)
			for _, text := range []string{"format it", "tag it"} {
				if strings.Contains(b.Text, text) != slices.Contains(tt.want, text) {
					t.Errorf("%q: %v in\n%s", text, strings.Contains(b.Text, text), b.Text)
				}
			}
		})
	}
}

func TestABriefingKeepsToItsBudgetAndNamesWhatIsLeftOut(t *testing.T) {
	n := alone(t)
	for i := range 30 {
		n.keep(client.Draft{Title: fmt.Sprintf("Pin %02d", i), Content: strings.Repeat("word ", 20+7*i), Tags: []string{"pinned"}})
	}
	for _, budget := range []int{50, 200, 1000, 5000} {
		b := n.briefing("bob", client.BriefingInput{BudgetTokens: budget})
		if b.Tokens > budget || len(b.Items)+len(b.LeftOut) != 30 || len(b.Items) == 0 && budget > 100 {
			t.Errorf("of %d tokens %d, %d shown, %d left out", budget, b.Tokens, len(b.Items), len(b.LeftOut))
		}
		for _, title := range b.LeftOut {
			if strings.Contains(b.Text, title+":") {
				t.Errorf("%s is shown and left out", title)
			}
		}
	}
}

func TestAHandoffIsForItsRecipientUntilItExpires(t *testing.T) {
	n := alone(t)
	ann := n.agentOf("ann")
	hand := func(in client.HandoffInput) client.Outcome {
		t.Helper()
		in.Namespace = "work"
		out, err := ann.Agents().HandOver(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return *out
	}
	open := hand(client.HandoffInput{Title: "Door", Summary: "The frame is out.", Steps: []string{"Measure."}, TTL: 3600})
	mine := hand(client.HandoffInput{Title: "Key", Summary: "Lost.", To: "bob", Questions: []string{"Who\nhas it?"}})
	if again := hand(client.HandoffInput{Title: "Door", Summary: "Again."}); again.ID == open.ID {
		t.Error("the second handoff took the place of the first")
	}
	for agent, want := range map[string]bool{"bob": true, "ann": false, "zoe": false} {
		got := whys(n.briefing(agent, client.BriefingInput{Namespace: "work/deep"}))
		if (got[mine.ID] == "handoff") != want || got[open.ID] != "handoff" {
			t.Errorf("%s sees %v", agent, got)
		}
	}
	if _, _, err := n.agentOf("zoe").Get(t.Context(), mine.ID); err == nil {
		t.Error("a third one reads what was for bob")
	}
	rec, _, err := n.agentOf("bob").Get(t.Context(), mine.ID)
	if err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Handoff client.Handoff `json:"handoff"`
	}
	if err := json.Unmarshal(rec.Metadata, &meta); err != nil || meta.Handoff.From != "ann" || meta.Handoff.To != "bob" || len(meta.Handoff.Questions) != 1 {
		t.Errorf("%+v, %v", meta, err)
	}
	if text := n.briefing("bob", client.BriefingInput{Namespace: "work"}).Text; !strings.Contains(text, "Handoff from ann to bob") || !strings.Contains(text, "Next steps:\n  - Measure.") {
		t.Errorf("%s", text)
	}
	n.ahead.Add(int64(2 * time.Hour))
	if got := whys(n.briefing("bob", client.BriefingInput{Namespace: "work"})); got[open.ID] != "" || got[mine.ID] == "" {
		t.Errorf("two hours later: %v", got)
	}
	for name, in := range map[string]client.HandoffInput{
		"nobody": {Title: "x", Summary: "y", To: "no one"}, "no time": {Title: "x", Summary: "y", TTL: 1}, "no word": {Title: "x"},
	} {
		if _, err := ann.Agents().HandOver(t.Context(), in); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

func TestWhatAnAgentWasShownCanBeAskedFor(t *testing.T) {
	file, err := journal.Open(filepath.Join(t.TempDir(), "shown"), 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	n := open(t, options{api: func(c *api.Config) { c.Journal = file }})
	id := n.keep(client.Draft{Title: "Pin", Content: "x", Tags: []string{"pinned"}})
	b := n.briefing("bob", client.BriefingInput{})
	list, err := n.agentOf("bob").Agents().Shown(t.Context(), "", 0)
	if err != nil || list.Count != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if s := list.Shown[0]; s.AgentID != "bob" || s.Tokens != b.Tokens || len(s.Digest) != 64 || len(s.Items) != 1 || s.Items[0].ID != id || s.Items[0].Version != 1 {
		t.Errorf("%+v", s)
	}
	if list, err := n.agentOf("zoe").Agents().Shown(t.Context(), "", 0); err != nil || list.Count != 0 {
		t.Errorf("somebody else: %+v, %v", list, err)
	}
	operator, err := client.New(client.Options{URL: n.url, OperatorKey: operatorKey})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := operator.Agents().Shown(t.Context(), "bob", 5); err != nil || list.Count != 1 {
		t.Errorf("the operator: %+v, %v", list, err)
	}
}
