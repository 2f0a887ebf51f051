package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// ReadLoCoMo reads conversations in the format of LoCoMo: one memory for each
// turn, one namespace for each conversation. Questions without evidence have no
// answers.
func ReadLoCoMo(r io.Reader) (*Set, error) {
	var file []struct {
		ID           string                     `json:"sample_id"`
		Conversation map[string]json.RawMessage `json:"conversation"`
		QA           []struct {
			Question string   `json:"question"`
			Evidence []string `json:"evidence"`
			Category int      `json:"category"`
		} `json:"qa"`
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, fmt.Errorf("conversations: %w", err)
	}
	set := &Set{Name: "LoCoMo"}
	turn := regexp.MustCompile(`D\d+:\d+`)
	for _, c := range file {
		if err := set.conversation(c.ID, c.Conversation); err != nil {
			return nil, fmt.Errorf("conversation %s: %w", c.ID, err)
		}
		for _, qa := range c.QA {
			q := Question{Text: qa.Question, Namespace: c.ID, Group: fmt.Sprintf("c%d", qa.Category)}
			for _, e := range qa.Evidence {
				for _, id := range turn.FindAllString(e, -1) {
					q.Answers = append(q.Answers, turnID(c.ID, id))
				}
			}
			set.Questions = append(set.Questions, q)
		}
	}
	return set, nil
}

// turnID makes ids that sort as the turns were said.
func turnID(conversation, turn string) string {
	var session, n int
	if _, err := fmt.Sscanf(turn, "D%d:%d", &session, &n); err != nil {
		return conversation + "/" + turn
	}
	return fmt.Sprintf("%s/%03d:%03d", conversation, session, n)
}

func (s *Set) conversation(id string, fields map[string]json.RawMessage) error {
	for n := 1; ; n++ {
		raw, ok := fields[fmt.Sprintf("session_%d", n)]
		if !ok {
			return nil
		}
		var turns []struct {
			Speaker string `json:"speaker"`
			ID      string `json:"dia_id"`
			Text    string `json:"text"`
			Caption string `json:"blip_caption"`
		}
		if err := json.Unmarshal(raw, &turns); err != nil {
			return fmt.Errorf("session %d: %w", n, err)
		}
		said := saidOn(fields[fmt.Sprintf("session_%d_date_time", n)])
		for _, t := range turns {
			body := t.Text
			if t.Caption != "" {
				body += " (" + t.Caption + ")"
			}
			s.Memories = append(s.Memories, index.Document{
				ID: turnID(id, t.ID), Namespace: id, Body: body, Kind: "observation", Tier: "long", Priority: 5,
				Created: int64(len(s.Memories) + 1), Session: fmt.Sprintf("D%d", n), Speaker: t.Speaker, Said: said,
			})
		}
	}
}

// saidOn reads "1:56 pm on 8 May, 2023".
func saidOn(raw json.RawMessage) when.Day {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return when.None
	}
	_, day, _ := strings.Cut(text, " on ")
	t, err := time.Parse("2 January, 2006", strings.TrimSpace(day))
	if err != nil {
		return when.None
	}
	return when.DayOf(t)
}
