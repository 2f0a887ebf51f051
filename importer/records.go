package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tallystick/tallystick/client"
)

const maxLine = 4 << 20 // bytes

// record is a memory or a link as an export writes it, or as a person does.
type record struct {
	client.Draft
	MemoryKind string          `json:"memory_kind"`
	ExpiresAt  json.RawMessage `json:"expires_at"` // hides the draft's: may be null or ""
	Source     string          `json:"source_id"`
	Target     string          `json:"target_id"`
	Relation   string          `json:"relation"`
	Origin     string          `json:"source"` // hides the draft's
	State      string          `json:"state"`
}

func (r *record) item(o Options, where string) (Item, error) {
	if r.Source != "" || r.Target != "" {
		return Item{Link: &client.Link{Source: r.Source, Target: r.Target, Relation: r.Relation}, Where: where}, nil
	}
	d := r.Draft
	d.Source = r.Origin
	if d.Source == "" {
		d.Source = "import"
	}
	if d.Kind == "" {
		d.Kind = r.MemoryKind
	}
	if o.Namespace != "" {
		d.Namespace = o.Namespace
	}
	if d.Tier == "" {
		d.Tier = o.Tier
	}
	d.Title, d.Content = clean(d.Title), clean(d.Content)
	switch {
	case strings.TrimSpace(d.Title) == "":
		return Item{}, errors.New("no title")
	case strings.TrimSpace(d.Content) == "":
		return Item{}, errors.New("no content")
	}
	if s := strings.Trim(string(r.ExpiresAt), `"`); s != "" && s != "null" {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return Item{}, fmt.Errorf("expires_at %q: want RFC 3339", s)
		}
		d.ExpiresAt = &at
	}
	it := Item{Draft: d, Where: where, Archived: r.State == "archived", Ref: d.ID}
	if who := owner(objectOf(d.Metadata)); validAgent(who) {
		it.Owner = who // what an operator exports is of many agents
	}
	return it, nil
}

// readLines reads JSONL.
func readLines(in io.Reader, name string, o Options, yield func(Item, error) bool) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		raw := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff")))
		if len(raw) == 0 {
			continue
		}
		where := fmt.Sprintf("%s line %d", name, n)
		if !emit(raw, where, o, yield) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s line %d: %w", name, n+1, err)
	}
	return nil
}

func emit(raw []byte, where string, o Options, yield func(Item, error) bool) bool {
	var r record
	err := json.Unmarshal(raw, &r)
	var item Item
	if err == nil {
		item, err = r.item(o, where)
	}
	if err != nil {
		return yield(Item{}, &ItemError{Where: where, Err: err})
	}
	return yield(item, nil)
}

// readDocument reads JSON values: arrays of values, conversations, an object
// with memories and links in it, single memories.
func readDocument(in io.Reader, name string, o Options, yield func(Item, error) bool) (bool, error) {
	dec := json.NewDecoder(in)
	for n := 1; ; n++ {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		if more, err := value(raw, fmt.Sprintf("%s value %d", name, n), 0, o, yield); !more || err != nil {
			return more, err
		}
	}
}

func value(raw json.RawMessage, where string, depth int, o Options, yield func(Item, error) bool) (bool, error) {
	raw = bytes.TrimSpace(raw)
	if raw[0] == '[' && depth < 2 {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return false, fmt.Errorf("%s: %w", where, err)
		}
		for i, v := range list {
			if more, err := value(v, fmt.Sprintf("%s[%d]", where, i), depth+1, o, yield); !more || err != nil {
				return more, err
			}
		}
		return true, nil
	}
	var doc struct {
		Sample       string                     `json:"sample_id"`
		Conversation map[string]json.RawMessage `json:"conversation"`
		Memories     json.RawMessage            `json:"memories"`
		Links        json.RawMessage            `json:"links"`
	}
	known := json.Unmarshal(raw, &doc) == nil
	switch {
	case !known:
	case doc.Conversation != nil:
		return conversation(doc.Sample, doc.Conversation, where, o, yield), nil
	case len(doc.Memories) > 0 && depth == 0:
		more, err := value(doc.Memories, where+" memories", 1, o, yield)
		if more && err == nil && len(doc.Links) > 0 {
			return value(doc.Links, where+" links", 1, o, yield)
		}
		return more, err
	}
	return emit(raw, where, o, yield), nil
}

type turn struct {
	Speaker string `json:"speaker"`
	ID      string `json:"dia_id"`
	Text    string `json:"text"`
	Caption string `json:"blip_caption"`
}

// conversation yields the turns of a LoCoMo conversation in order: one memory
// per turn, titled by the turn's id.
func conversation(sample string, sessions map[string]json.RawMessage, where string, o Options, yield func(Item, error) bool) bool {
	namespace := o.Namespace
	if namespace == "" {
		namespace = "locomo"
	}
	if s := segment(sample); s != "" {
		namespace += "/" + s
	}
	for _, n := range numbered(sessions) {
		key := "session_" + strconv.Itoa(n)
		at := fmt.Sprintf("%s %s", where, key)
		var turns []turn
		if err := json.Unmarshal(sessions[key], &turns); err != nil {
			if !yield(Item{}, &ItemError{Where: at, Err: err}) {
				return false
			}
			continue
		}
		var date string
		_ = json.Unmarshal(sessions[key+"_date_time"], &date) // a conversation without dates is one all the same
		for i, t := range turns {
			item, err := t.item(n, i, date, namespace, o)
			item.Where = fmt.Sprintf("%s turn %d", at, i+1)
			if err != nil {
				err = &ItemError{Where: item.Where, Err: err}
			}
			if !yield(item, err) {
				return false
			}
		}
	}
	return true
}

func (t turn) item(session, index int, date, namespace string, o Options) (Item, error) {
	text := clean(t.Text)
	if c := oneLine(clean(t.Caption)); c != "" {
		text = strings.TrimSpace(text + " [image: " + c + "]")
	}
	if strings.TrimSpace(text) == "" {
		return Item{}, errors.New("no text")
	}
	if s := oneLine(clean(t.Speaker)); s != "" {
		text = s + ": " + text
	}
	title := oneLine(clean(t.ID))
	if title == "" {
		title = fmt.Sprintf("D%d:%d", session, index+1)
	}
	meta := map[string]string{"session": "D" + strconv.Itoa(session)}
	if date != "" {
		meta["session_date"] = date
	}
	raw, err := json.Marshal(meta)
	if err != nil {
		return Item{}, err
	}
	return Item{Draft: client.Draft{
		Title: fit(title, ""), Content: pieces(text, maxContent)[0], Namespace: namespace, Tier: o.Tier,
		Source: "import", Kind: "conversation", Metadata: raw,
	}}, nil
}

// numbered returns the session numbers of a conversation, ascending.
func numbered(sessions map[string]json.RawMessage) []int {
	var out []int
	for key := range sessions {
		if n, err := strconv.Atoi(strings.TrimPrefix(key, "session_")); err == nil && key == "session_"+strconv.Itoa(n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// segment makes s one segment of a namespace.
func segment(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '/' || r == '\\' {
			return '-'
		}
		return r
	}, clean(s))
	return strings.Trim(s, ".-")
}
