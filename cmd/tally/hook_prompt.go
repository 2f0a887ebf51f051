package main

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/client"
)

const (
	maxQuestion  = 2 << 10 // bytes of a prompt that are asked about
	mostRecalled = 5
	hitBytes     = 600 // of one memory
)

// prompt gives what is known about a question, and nothing if that is nothing
// good or comes too late.
func (h *hookRun) prompt(ctx context.Context) error {
	question := strings.TrimSpace(cutBytes(h.in.Prompt, maxQuestion))
	words := tellingWords(question)
	if strings.HasPrefix(question, "/") || len(words) == 0 {
		return nil // a command of the client, or nothing that could be looked for
	}
	ctx, cancel := context.WithTimeout(ctx, promptWithin)
	defer cancel()
	c, err := h.connectTo(strings.TrimSpace(strings.Split(h.address(), ",")[0]))
	if err != nil {
		return err
	}
	found, err := c.Recall(ctx, question, client.Selection{Limit: 2 * mostRecalled})
	if ctx.Err() != nil {
		return errTooLate
	}
	if err != nil {
		return err
	}
	text := recalled(found.Memories, words, h.in.Session, tokenBytes*h.tokens(promptTokens))
	if text == "" {
		return nil
	}
	return h.inject("Tallystick recalls. " + fenced + "\n\n" + text)
}

// recalled are the memories that bear on a question, the best first, as far as
// there is room. What was said in the same session the agent knows already.
func recalled(hits []client.Hit, words []string, session string, room int) string {
	var lines []string
	for i := range hits {
		h := &hits[i]
		if len(lines) == mostRecalled || h.Score < hits[0].Score/2 {
			break
		}
		if !bears(&h.Memory, words) || session != "" && sessionOf(h.Metadata) == session {
			continue
		}
		text := strings.Join(strings.Fields(h.Content), " ")
		if short := cutBytes(text, hitBytes); short != text {
			text = short + "…"
		}
		line := "- " + printable(h.Title) + ": " + printable(text) + " [" + h.ID + "]"
		if room -= len(line) + 1; room < 0 {
			break
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// bears reports whether a memory has two of the words that tell something, or the
// only one. Recall ranks all that share any word, the likely and the accidental.
func bears(m *client.Memory, words []string) bool {
	text := strings.ToLower(m.Title + " " + m.Content)
	n := 0
	for _, w := range words {
		if strings.Contains(text, w) {
			n++
		}
	}
	return n >= min(2, len(words))
}

// tellingWords are the words of a question that are not of the kind that all
// questions have: of four letters or more, without those that ask; in scripts that
// have no spaces, pairs of characters.
func tellingWords(s string) []string {
	const common = " what when where which while with this that these those from have does your about there their would could should please " +
		"make want need know tell show into than then them they will just like some more also only here been were shall again " +
		"nicht eine einen wird werden haben sind dass oder aber auch noch bitte kann "
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
		switch runes := []rune(w); {
		case runes[0] > 0x2e7f: // Chinese, Japanese, Korean
			for i := 0; i+1 < len(runes); i++ {
				out = append(out, string(runes[i:i+2]))
			}
		case len(runes) >= 4 && !strings.Contains(common, " "+w+" "):
			out = append(out, stem(w))
		}
	}
	return out
}

// stem leaves away what words end with in the plural and in other forms; it need
// not be right, only the same at the beginning.
func stem(w string) string {
	for _, end := range []string{"ing", "ies", "ed", "es", "s"} {
		if rest, ok := strings.CutSuffix(w, end); ok && len(rest) >= 4 {
			return rest
		}
	}
	return w
}

// sessionOf is the session that the metadata of a memory name.
func sessionOf(meta json.RawMessage) string {
	var m struct {
		Session string `json:"session"`
	}
	_ = json.Unmarshal(meta, &m) // what has none is of none
	return m.Session
}

// cutBytes is s or as much of it as fits into n bytes, in whole characters.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
