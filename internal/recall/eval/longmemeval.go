package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// readLongMemEval reads questions in the format of LongMemEval, each with the
// sessions that it is asked over: one namespace for each question, one memory for
// each turn. The answers are the turns that are marked so; where none is, all turns
// of the sessions that answer. Those that are made to have no answer have none.
func readLongMemEval(r io.Reader) (*Set, error) {
	s := &Set{Name: "LongMemEval"}
	d := json.NewDecoder(r)
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		var q longMemQuestion
		if err := d.Decode(&q); err != nil {
			return nil, fmt.Errorf("question %d: %w", len(s.Questions)+1, err)
		}
		s.longMem(&q)
	}
	return s, nil
}

type longMemQuestion struct {
	ID       string   `json:"question_id"`
	Type     string   `json:"question_type"`
	Question string   `json:"question"`
	Dates    []string `json:"haystack_dates"`
	Sessions []string `json:"haystack_session_ids"`
	Turns    [][]struct {
		Content string `json:"content"`
		Answer  bool   `json:"has_answer"`
	} `json:"haystack_sessions"`
	Answers []string `json:"answer_session_ids"`
}

func (s *Set) longMem(q *longMemQuestion) {
	out := Question{Text: q.Question, Namespace: q.ID, Group: q.Type}
	answering := map[string]bool{}
	for _, a := range q.Answers {
		answering[a] = true
	}
	var whole []string // turns of the sessions that answer
	for n, turns := range q.Turns {
		session, said := fmt.Sprintf("S%04d", n+1), when.None
		if n < len(q.Dates) {
			said = longMemDay(q.Dates[n])
		}
		for k, t := range turns {
			id := fmt.Sprintf("%s/%s/%04d", q.ID, session, k+1)
			s.Memories = append(s.Memories, index.Document{
				ID: id, Namespace: q.ID, Session: session, Body: t.Content, Said: said,
				Kind: "observation", Tier: "long", Priority: 5, Created: int64(len(s.Memories) + 1),
			})
			if t.Answer {
				out.Answers = append(out.Answers, id)
			}
			if n < len(q.Sessions) && answering[q.Sessions[n]] {
				whole = append(whole, id)
			}
		}
	}
	switch {
	case strings.HasSuffix(q.ID, "_abs"):
		out.Answers, out.Group = nil, "abstention"
	case len(out.Answers) == 0:
		out.Answers = whole
	}
	s.Questions = append(s.Questions, out)
}

// longMemDay reads "2023/05/20 (Sat) 02:21".
func longMemDay(s string) when.Day {
	day, _, _ := strings.Cut(s, " ")
	t, err := time.Parse("2006/01/02", day)
	if err != nil {
		return when.None
	}
	return when.DayOf(t)
}
