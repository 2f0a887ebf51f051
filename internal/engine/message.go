package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/memory"
)

// Message is what one agent writes to another. It becomes a memory of the
// namespace _inbox/<recipient>, which only the two of them may read, unless the
// sender is nobody in particular.
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
	inboxRoot       = "_inbox"
	inboxNamespace  = inboxRoot + "/"
	sharedRoot      = "_shared"
	sharedNamespace = sharedRoot + "/"
	turnsNamespace  = "_turns"

	MetaSubject = "subject"   // of a message: its title has a suffix if that was taken
	MetaPayload = "payload"   // of a message
	MetaAbout   = "memory_id" // of a message
)

// Send puts a message into the inbox of an agent.
func (e *Engine) Send(ctx context.Context, c Caller, m Message) (Outcome, error) {
	if err := m.To.Valid(); err != nil {
		return Outcome{}, err
	}
	if err := memory.ValidTitle(m.Subject); err != nil {
		return Outcome{}, err
	}
	meta, err := withAll(m.Metadata, map[string]any{memory.MetaTarget: m.To, "message_kind": "notify", MetaSubject: m.Subject})
	if err == nil && len(m.Payload) > 0 {
		meta, err = with(meta, MetaPayload, json.RawMessage(m.Payload))
	}
	if err == nil && m.About != "" {
		meta, err = with(meta, MetaAbout, m.About)
	}
	if err != nil {
		return Outcome{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Outcome{}, fmt.Errorf("new id: %w", err)
	}
	d := Draft{own: true, Memory: memory.Memory{
		ID: id.String(), Title: m.Subject, Content: m.Body, Namespace: inboxNamespace + string(m.To), Priority: m.Priority, Tier: m.Tier,
		Source: "notify", Metadata: meta,
	}}
	out, err := e.Create(ctx, c, d)
	if _, taken := errors.AsType[*ConflictError](err); taken {
		// Two messages may have one subject, two memories of a namespace not one title.
		d.Memory.Title = ending(m.Subject, " ("+id.String()+")")
		out, err = e.Create(ctx, c, d)
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

func withAll(meta memory.Object, more map[string]any) (memory.Object, error) {
	var err error
	for key, v := range more {
		if meta, err = with(meta, key, v); err != nil {
			return nil, err
		}
	}
	return meta, nil
}

// Inbox returns the messages for an agent, newest first, at most limit, and how
// many of all there are this node has not yet given out in a recall.
func (e *Engine) Inbox(ctx context.Context, agent memory.AgentID, unread bool, limit int) (recs []memory.Record, open int, err error) {
	f := memory.Filter{Viewer: agent, Namespace: inboxNamespace + string(agent)}
	e.asked(&f)
	recs, err = e.gather(ctx, f, maxGathered, func(r *memory.Record) bool {
		if r.AccessCount == 0 {
			open++
		}
		return !unread || r.AccessCount == 0
	})
	slices.SortFunc(recs, func(a, b memory.Record) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return recs[:min(len(recs), limit)], open, err
}

// Share gives an agent a copy of a memory that the caller may read, in the
// namespace _shared/<caller>→<agent>. Shared again, the copy is brought up to date.
func (e *Engine) Share(ctx context.Context, c Caller, id string, to memory.AgentID) (Outcome, *memory.Record, error) {
	c = c.named()
	if err := to.Valid(); err != nil {
		return Outcome{}, nil, err
	}
	rec, _, err := e.Get(ctx, c.Agent, id)
	if err != nil {
		return Outcome{}, nil, err
	}
	meta := rec.Metadata
	for _, key := range []string{memory.MetaAgent, memory.MetaScope, memory.MetaGovernance} {
		if meta, err = without(meta, key); err != nil {
			return Outcome{}, nil, err
		}
	}
	meta, err = withAll(meta, map[string]any{
		memory.MetaTarget: to, "shared_from_memory_id": rec.ID, "shared_from_agent_id": c.Agent, "shared_at": e.now(),
	})
	if err != nil {
		return Outcome{}, nil, err
	}
	m := rec.Memory
	m.ID, m.Metadata, m.CreatedAt, m.ExpiresAt = "", meta, 0, 0
	m.Namespace = sharedNamespace + string(c.Agent) + "→" + string(to)
	out, err := e.Create(ctx, c, Draft{own: true, Memory: m, OnConflict: ConflictMerge, Confidence: &rec.Confidence})
	return out, rec, err
}

// Turn is one turn of a conversation that a host reports.
type Turn struct {
	Session   string // as the host calls it
	Index     int64
	Role      string
	Content   string
	Namespace string
	Metadata  memory.Object
}

// CaptureTurn keeps a turn. The same turn of the same agent's session again is
// no write: dup is then true, and the outcome has no entry.
func (e *Engine) CaptureTurn(ctx context.Context, c Caller, t Turn) (out Outcome, id string, dup bool, err error) {
	c = c.named()
	if t.Index < 0 {
		return out, "", false, fmt.Errorf("host_turn_index %d: want 0 or more: %w", t.Index, memory.ErrInvalid)
	}
	if err := memory.ValidTitle(t.Session); err != nil {
		return out, "", false, fmt.Errorf("host_session_id: %w", err)
	}
	setDefault(&t.Namespace, turnsNamespace)
	index := strconv.FormatInt(t.Index, 10)
	id = memory.DerivedID("\x00turn", string(c.Agent)+"\x00"+t.Session+"\x00"+index)
	if h, err := e.replay(ctx, c); h != nil || err != nil {
		if err == nil {
			out, err = e.settle(ctx, c, h)
		}
		return out, id, false, err
	}
	// In whatever life: what was captured and deleted does not come back.
	if _, err := e.store.Record(ctx, id); err == nil || !errors.Is(err, memory.ErrNotFound) {
		return out, id, err == nil, err
	}
	meta, err := withAll(t.Metadata, map[string]any{"host_session_id": t.Session, "host_turn_index": t.Index, "role": t.Role})
	if err != nil {
		return out, id, false, err
	}
	out, err = e.Create(ctx, c, Draft{OnConflict: ConflictVersion, Memory: memory.Memory{
		ID: id, Title: ending(strings.TrimSpace(t.Session), " #"+index), Content: t.Content, Namespace: t.Namespace, MemoryKind: "conversation", Source: "hook",
		Tags: []string{"turn"}, Metadata: meta,
	}})
	clash, taken := errors.AsType[*ConflictError](err)
	if taken && clash.ID == id { // another request was faster
		return Outcome{}, id, true, nil
	}
	return out, id, false, err
}
