package inbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Message is what one agent writes to another. It becomes a memory of the
// namespace _messages/<recipient>, which only the two of them may read, unless the
// sender is anonymous.
type Message struct {
	To       memory.AgentID
	Subject  string
	Body     string
	Payload  memory.Object // structured data beside the body
	About    string        // id of a memory
	Priority int32
	Tier     memory.Tier
	Metadata memory.Object
}

// Namespaces and metadata of what agents hand to each other.
const (
	inboxNamespace  = memory.InboxRoot + "/"
	oldInbox        = memory.OldInboxRoot + "/"
	messageTag      = "_message"
	sharedNamespace = memory.SharedRoot + "/"
	turnsNamespace  = "_turns"

	MetaSubject = "subject"   // of a message: its title has a suffix if that was taken
	MetaPayload = "payload"   // of a message
	MetaAbout   = "memory_id" // of a message

	metaSharedFrom = "shared_from_memory_id"
)

// Send puts a message into the inbox of an agent.
func (b *Book) Send(ctx context.Context, c engine.Caller, m Message) (engine.Outcome, error) {
	if err := m.To.Valid(); err != nil {
		return engine.Outcome{}, err
	}
	if err := memory.ValidTitle(m.Subject); err != nil {
		return engine.Outcome{}, err
	}
	meta, err := m.Metadata.WithAll(map[string]any{memory.MetaTarget: m.To, memory.MetaRecipient: m.To, "message_kind": "notify", MetaSubject: m.Subject})
	if err == nil && len(m.Payload) > 0 {
		meta, err = meta.With(MetaPayload, json.RawMessage(m.Payload))
	}
	if err == nil && m.About != "" {
		meta, err = meta.With(MetaAbout, m.About)
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("new id: %w", err)
	}
	d := records.Draft{Memory: memory.Memory{
		ID: id.String(), Title: m.Subject, Content: m.Body, Namespace: Of(m.To), Priority: m.Priority, Tier: m.Tier,
		Source: "notify", Tags: []string{messageTag}, Metadata: meta,
	}}
	out, err := b.records.CreateReserved(ctx, c, d)
	if _, taken := errors.AsType[*engine.ConflictError](err); taken {
		// Two messages may have one engine.SubjectOf, two memories of a namespace not one title.
		d.Memory.Title = ending(m.Subject, " ("+id.String()+")")
		out, err = b.records.CreateReserved(ctx, c, d)
	}
	return out, err
}

// ending returns s with a suffix, shortened so that it stays a title.
func ending(s, suffix string) string {
	if r, n := []rune(s), utf8.RuneCountInString(suffix); len(r)+n > memory.MaxTitle {
		s = string(r[:memory.MaxTitle-n])
	}
	return s + suffix
}

// Of is the namespace of the messages for an agent.
func Of(agent memory.AgentID) string { return inboxNamespace + string(agent) }

// Inbox returns the messages for an agent, newest first, at most limit, and how
// many of all there are this node has not yet given out in a recall.
func (b *Book) Inbox(ctx context.Context, agent memory.AgentID, unread bool, limit int) (recs []memory.Record, open int, err error) {
	for _, root := range []string{Of(agent), oldInbox + string(agent)} {
		f := memory.Filter{Viewer: agent, Namespace: root}
		b.core.Ask(&f)
		some, err := b.query.Select(ctx, f, query.MaxSelected, func(r *memory.Record) bool {
			if r.AccessCount == 0 {
				open++
			}
			return !unread || r.AccessCount == 0
		})
		if err != nil {
			return nil, 0, err
		}
		recs = append(recs, some...)
	}
	slices.SortFunc(recs, func(a, b memory.Record) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return recs[:min(len(recs), limit)], open, nil
}

// Share gives an agent a copy of a memory that the caller may read, in the
// namespace _shared/<caller>→<agent>. Shared again, the copy is brought up to date.
// It returns the id of the memory, of which a prefix will do.
func (b *Book) Share(ctx context.Context, c engine.Caller, id string, to memory.AgentID) (engine.Outcome, string, error) {
	c = c.Named()
	if err := to.Valid(); err != nil {
		return engine.Outcome{}, "", err
	}
	if out, again, err := engine.Again(ctx, b.core, c); again || err != nil {
		if again && out.Record != nil {
			out.Record.Metadata.Field(metaSharedFrom, &id)
		}
		return out, id, err
	}
	rec, err := b.query.Get(ctx, c.Agent, id)
	if err != nil {
		return engine.Outcome{}, "", err
	}
	meta, err := rec.Metadata.Without(memory.MetaAgent, memory.MetaScope, memory.MetaGovernance)
	if err != nil {
		return engine.Outcome{}, "", err
	}
	meta, err = meta.WithAll(map[string]any{
		memory.MetaTarget: to, metaSharedFrom: rec.ID, "shared_from_agent_id": c.Agent, "shared_at": b.core.Now(),
	})
	if err != nil {
		return engine.Outcome{}, "", err
	}
	m := rec.Memory
	m.ID, m.Metadata, m.CreatedAt, m.ExpiresAt = "", meta, 0, 0
	m.Namespace = sharedNamespace + string(c.Agent) + "→" + string(to)
	out, err := b.records.CreateReserved(ctx, c, records.Draft{Memory: m, OnConflict: records.ConflictMerge, Confidence: &rec.Confidence})
	return out, rec.ID, err
}
