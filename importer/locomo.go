package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

type turn struct {
	Speaker string `json:"speaker"`
	ID      string `json:"dia_id"`
	Text    string `json:"text"`
	Caption string `json:"blip_caption"`
}

// conversation yields the turns of a LoCoMo conversation in order: one memory
// per turn, titled by the turn's id.
func (c ownReader) conversation(doc fields, where string) {
	sessions := doc.object("conversation")
	sub := *c.carrier // the turns go below the namespace that was asked for
	namespace := cmp.Or(c.Namespace, "locomo")
	if s := segment(doc.text("sample_id")); s != "" {
		namespace += "/" + s
	}
	sub.Namespace = namespace
	for _, n := range numbered(sessions) {
		key := "session_" + strconv.Itoa(n)
		at := where + " " + key
		var turns []turn
		if err := json.Unmarshal(sessions[key], &turns); err != nil {
			sub.bad(at, fmt.Errorf("no list of turns: %w", err))
			continue
		}
		date := sessions.text(key + "_date_time")
		for i, t := range turns {
			if f := t.found(n, i, date); f != nil {
				f.where = fmt.Sprintf("%s turn %d", at, i+1)
				sub.memory(f)
			} else {
				sub.bad(fmt.Sprintf("%s turn %d", at, i+1), errNoContent)
			}
		}
	}
	c.ended = sub.ended
}

// found is a turn as a memory; nil if it says nothing.
func (t turn) found(session, index int, date string) *found {
	text := t.Text
	if s := oneLine(t.Caption); s != "" {
		text = strings.TrimSpace(text + " [image: " + s + "]")
	}
	if strings.TrimSpace(clean(text)) == "" {
		return nil
	}
	if s := oneLine(t.Speaker); s != "" {
		text = s + ": " + text
	}
	f := &found{own: true, meta: fields{"session": json.RawMessage(`"D` + strconv.Itoa(session) + `"`)}}
	f.Title = cmp.Or(oneLine(t.ID), fmt.Sprintf("D%d:%d", session, index+1))
	f.Content, f.Source, f.Kind = text, "import", "conversation"
	if raw, err := json.Marshal(date); err == nil && date != "" {
		f.meta["session_date"] = raw
	}
	return f
}

// numbered returns the session numbers of a conversation, ascending.
func numbered(sessions fields) []int {
	var out []int
	for key := range sessions {
		if n, err := strconv.Atoi(strings.TrimPrefix(key, "session_")); err == nil && key == "session_"+strconv.Itoa(n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}
