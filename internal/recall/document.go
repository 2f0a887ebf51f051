package recall

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// ChangeOf is what a record means to an index: only what is live is in it. What
// has expired is left out when it is asked for.
func ChangeOf(r *memory.Record) index.Change {
	d := index.Document{ID: r.ID}
	if r.Life != memory.Live || r.Title == "" && r.Memory.Content == "" {
		return index.Change{Document: d, Gone: true}
	}
	m := &r.Memory
	a := m.Access()
	d = index.Document{
		ID: r.ID, Namespace: m.Namespace, Title: m.Title, Body: m.Content, Tags: m.Tags, Kind: m.MemoryKind, Tier: string(m.Tier),
		SourceURI: m.SourceURI, Priority: m.Priority, Created: int64(m.CreatedAt), Said: when.None,
		Access: index.Access{Owner: string(a.Owner), Target: string(a.Target), Private: a.Private, Team: a.Team},
	}
	if life, _ := r.Stands(m.ExpiresAt); life != memory.Live {
		d.Expires = int64(m.ExpiresAt) // else it was restored since, and stays
	}
	d.Session, d.Speaker, d.Language = textOf(m.Metadata, "session", "session_id", "conversation_id"), textOf(m.Metadata, "speaker", "author"), textOf(m.Metadata, "language", "lang")
	if d.Session != "" {
		d.Said = saidOn(textOf(m.Metadata, "date", "said_at", "timestamp"))
	}
	return index.Change{Document: d}
}

// textOf returns the first of the keys that is a text or a number in meta.
func textOf(meta memory.Object, keys ...string) string {
	if len(meta) == 0 {
		return ""
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(meta, &fields) != nil {
		return ""
	}
	for _, k := range keys {
		raw, ok := fields[k]
		if !ok {
			continue
		}
		var s string
		if json.Unmarshal(raw, &s) != nil {
			s = strings.Trim(string(raw), " \t\n")
			if s == "null" || strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
				continue
			}
		}
		if s != "" {
			return s
		}
	}
	return ""
}

func saidOn(s string) when.Day {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return when.DayOf(t)
		}
	}
	return when.None
}

// filter is what a filter means to the index.
func filter(f memory.Filter) index.Filter {
	var within func(string) bool
	if f.Within != nil {
		within = f.Within.Covers
	}
	var mates map[string]bool
	if len(f.Mates) > 0 {
		mates = make(map[string]bool, len(f.Mates))
		for _, m := range f.Mates {
			mates[string(m)] = true
		}
	}
	return index.Filter{
		Within: within, Viewer: string(f.Viewer), Mates: mates, All: f.All, Namespace: f.Namespace, Subtree: f.Subtree, Tier: string(f.Tier), Tags: f.Tags, Kinds: f.Kinds,
		Owner: string(f.Owner), MinPriority: max(0, f.MinPriority), Since: int64(f.Since), Until: int64(f.Until),
		Title: f.Title, SourceURI: f.SourceURI, Now: int64(f.Now),
	}
}
