package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

const (
	beamChat      = "chat.json"
	beamQuestions = "probing_questions/probing_questions.json"
)

// readBEAM reads chats in the layout of BEAM: one memory for each message, one
// namespace for each chat, one session for each batch. Questions that the chat has
// no answer to have none.
func readBEAM(tree fs.FS) (*Set, error) {
	s := &Set{Name: "BEAM"}
	var dirs []string
	err := fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() == beamChat {
			dirs = append(dirs, path.Dir(p))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(dirs, func(a, b string) int {
		na, _ := strconv.Atoi(path.Base(a))
		nb, _ := strconv.Atoi(path.Base(b))
		return cmp.Or(cmp.Compare(path.Dir(a), path.Dir(b)), cmp.Compare(na, nb), cmp.Compare(a, b))
	})
	for _, dir := range dirs {
		if err := errors.Join(s.beamChat(tree, dir), s.beamQuestions(tree, dir)); err != nil {
			return nil, fmt.Errorf("chat %s: %w", dir, err)
		}
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("no %s in the directory: not a set in the layout of BEAM", beamChat)
	}
	return s, nil
}

func (s *Set) beamChat(tree fs.FS, dir string) error {
	var batches []struct {
		Turns [][]struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
			Anchor  string `json:"time_anchor"`
		} `json:"turns"`
	}
	if err := readJSON(tree, path.Join(dir, beamChat), &batches); err != nil {
		return err
	}
	said := when.None
	for n, b := range batches {
		for _, turn := range b.Turns {
			for _, m := range turn {
				if t, err := time.Parse("January-2-2006", m.Anchor); err == nil {
					said = when.DayOf(t)
				}
				body, _, _ := strings.Cut(m.Content, "->->")
				s.Memories = append(s.Memories, index.Document{
					ID: beamID(dir, m.ID), Namespace: dir, Session: fmt.Sprintf("D%d", n+1), Body: strings.TrimSpace(body), Said: said,
					Kind: "observation", Tier: "long", Priority: 5, Created: int64(len(s.Memories) + 1),
				})
			}
		}
	}
	return nil
}

func (s *Set) beamQuestions(tree fs.FS, dir string) error {
	var questions map[string][]struct {
		Question string          `json:"question"`
		Sources  json.RawMessage `json:"source_chat_ids"`
	}
	if err := readJSON(tree, path.Join(dir, beamQuestions), &questions); err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(questions)) {
		for _, q := range questions[kind] {
			out := Question{Text: q.Question, Namespace: dir, Group: kind}
			for _, id := range numbers(q.Sources) {
				if a := beamID(dir, id); !slices.Contains(out.Answers, a) {
					out.Answers = append(out.Answers, a)
				}
			}
			s.Questions = append(s.Questions, out)
		}
	}
	return nil
}

func beamID(dir string, id int) string { return fmt.Sprintf("%s/%06d", dir, id) }

func readJSON(tree fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// numbers returns the whole numbers in a JSON value, however deep.
func numbers(raw json.RawMessage) []int {
	var out []int
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	for {
		t, err := d.Token()
		if err != nil {
			return out
		}
		if n, ok := t.(json.Number); ok {
			if i, err := strconv.Atoi(n.String()); err == nil {
				out = append(out, i)
			}
		}
	}
}
