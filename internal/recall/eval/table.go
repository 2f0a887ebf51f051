package eval

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// maxLine is more than the longest memory takes.
const maxLine = 1 << 20

// ReadTable reads a labelled set from lines of fields with tabs between them: of a
// memory namespace, id, session, speaker, date and text; of a question, behind
// a ?, namespace, group, the ids of its answers with blanks between them, and text.
// Lines that begin with # say nothing.
func ReadTable(r io.Reader) (*Set, error) {
	s := &Set{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if err := s.line(strings.Split(line, "\t")); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return s, lines.Err()
}

func (s *Set) line(f []string) error {
	if namespace, ok := strings.CutPrefix(f[0], "?"); ok {
		if len(f) != 4 {
			return fmt.Errorf("a question has 4 fields, not %d", len(f))
		}
		s.Questions = append(s.Questions, Question{Namespace: namespace, Group: f[1], Answers: strings.Fields(f[2]), Text: f[3]})
		return nil
	}
	if len(f) != 6 {
		return fmt.Errorf("a memory has 6 fields, not %d", len(f))
	}
	m := index.Document{
		Namespace: f[0], ID: f[1], Session: f[2], Speaker: f[3], Said: when.None, Body: f[5],
		Kind: "observation", Tier: "long", Priority: 5, Created: int64(len(s.Memories) + 1),
	}
	if f[4] != "" {
		day, err := time.Parse(time.DateOnly, f[4])
		if err != nil {
			return err
		}
		m.Said = when.DayOf(day)
	}
	s.Memories = append(s.Memories, m)
	return nil
}
