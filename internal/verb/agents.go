package verb

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/inbox"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	familyMeta   = "meta"
	familyOther  = "other"
	defaultInbox = 50
)

type agents struct{ *deps }

// agentVerbs are those with which agents deal with each other and begin their work.
func agentVerbs(of *deps) []Verb {
	d := agents{of}
	return []Verb{
		Of(Verb{Name: "memory_agent_list", Family: familyMeta, Summary: "list registered agents", Answers: []Answer{Gives(Fine, client.Agents{})}}, d.agents),
		Of(Verb{
			Name: "memory_readers", Family: familyMeta, Summary: "list who has read a memory on this node, or what an agent was given", Answers: []Answer{Gives(Fine, client.Readers{})},
			Codes: []client.Code{client.CodeForbidden, client.CodeNotFound}, OnlyHTTP: "it is for people who look after a node; agents know what they have read",
		}, d.whoRead),
		Of(Verb{
			Name: "memory_agent_register", Family: familyMeta, Summary: "register an agent", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Registered{}, client.Gone{})}, Codes: []client.Code{client.CodeConflict},
		}, d.registerAgent),
		Of(Verb{
			Name: "memory_notify", Family: familyOther, Summary: "send a message to an agent", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Delivered{}, client.Gone{})},
		}, d.notify),
		Of(Verb{
			Name: "memory_inbox", Family: familyOther, Summary: "list the messages for the caller",
			Answers: []Answer{Gives(Fine, client.Inbox{})},
		}, d.inbox),
		Of(Verb{
			Name: "memory_share", Family: familyOther, Summary: "give an agent a copy of a memory", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Shared{}, client.Gone{})}, Codes: []client.Code{client.CodeNotFound, client.CodeAmbiguousID},
		}, d.share),
		Of(Verb{
			Name: "memory_capture_turn", Family: familyOther, Summary: "keep a turn of a conversation, once", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Turn{}, client.Gone{}), Gives(Fine, client.Turn{}, client.Gone{})}, Codes: []client.Code{client.CodeAttestationFailed},
		}, d.captureTurn),
		Of(Verb{
			Name: "memory_session_start", Family: familyMeta, Summary: "list what matters most at the start of a session",
			Answers: []Answer{Gives(Fine, client.Session{})},
		}, d.sessionStart),
	}
}

func (d agents) agents(ctx context.Context, c *Call, _ *client.NoInput) (Done, error) {
	found, err := d.books.Governance.Agents(ctx, c.Agent)
	if err != nil {
		return Done{}, err
	}
	v := client.Agents{Count: len(found), Agents: make([]client.Agent, len(found))}
	for i, x := range found {
		v.Agents[i] = client.Agent{
			ID: string(x.ID), Type: x.Type, Capabilities: orEmpty(x.Capabilities), RegisteredAt: timeOf(x.RegisteredAt), SeenAt: timeOf(x.SeenAt),
		}
	}
	return Done{Body: v}, nil
}

func (d agents) registerAgent(ctx context.Context, c *Call, in *client.RegisterAgentInput) (Done, error) {
	out, err := d.books.Governance.RegisterAgent(ctx, c.Caller, governance.Agent{ID: memory.AgentID(in.ID), Type: in.Type, Capabilities: in.Capabilities})
	return shown(out, err, Created, func() any {
		v := client.Registered{Registered: true, Record: Subject(out), Receipt: ShowReceipt(out.Receipt)}
		v.Agent = client.Agent{ID: in.ID, Type: in.Type, Capabilities: orEmpty(in.Capabilities)}
		if r := out.Record; r != nil {
			v.RegisteredAt, v.SeenAt = timeOf(r.CreatedAt), timeOf(r.Content.Stamp.Instant())
		}
		return v
	})
}

// messageOf is what the engine sends. A payload that is no text goes along as data.
func messageOf(in *client.NotifyInput) (inbox.Message, error) {
	m := inbox.Message{
		To: memory.AgentID(in.Target), Subject: in.Title, Body: in.Body, About: in.MemoryID, Tier: memory.Tier(in.Tier), Priority: in.Priority,
		Metadata: objectOf(in.Metadata),
	}
	switch kindOf(in.Payload) {
	case '"':
		if err := json.Unmarshal(in.Payload, &m.Body); err != nil {
			return m, BadField("payload", "payload: want a string or an object")
		}
	case '{':
		m.Payload = memory.Object(in.Payload)
		m.Body = cmp.Or(m.Body, string(in.Payload))
	}
	if m.Body == "" {
		return m, Missing("payload")
	}
	m.Body = linesOf(m.Body)
	return m, nil
}

func showMessage(r *memory.Record) client.Message {
	v := client.Message{
		ID: r.ID, From: ownerOf(r), To: string(r.Access().Target), Title: r.Title, Body: r.Memory.Content, Namespace: r.Namespace,
		Priority: r.Priority, Tier: string(r.Tier), CreatedAt: timeOf(r.CreatedAt), ReceivedAt: timeOf(r.CreatedAt), Read: r.AccessCount > 0, Accesses: r.AccessCount,
	}
	r.Metadata.Field(inbox.MetaSubject, &v.Title)
	r.Metadata.Field(inbox.MetaAbout, &v.MemoryID)
	v.Subject = v.Title
	var data memory.Object
	if r.Metadata.Field(inbox.MetaPayload, &data); len(data) > 0 {
		v.Payload = json.RawMessage(data)
	} else {
		v.Payload, _ = json.Marshal(v.Body) // a text
	}
	return v
}

func (d agents) notify(ctx context.Context, c *Call, in *client.NotifyInput) (Done, error) {
	m, err := messageOf(in)
	if err != nil {
		return Done{}, err
	}
	out, err := d.books.Inbox.Send(ctx, c.Caller, m)
	return shown(out, err, Created, func() any {
		v := client.Delivered{Delivered: true, Sent: true, Receipt: ShowReceipt(out.Receipt)}
		if r := out.Record; r != nil {
			v.Message, v.DeliveredAt = showMessage(r), timeOf(r.CreatedAt)
		}
		return v
	})
}

func (d agents) inbox(ctx context.Context, c *Call, in *client.InboxInput) (Done, error) {
	recs, unread, err := d.books.Inbox.Inbox(ctx, c.Agent, in.Unread, cmp.Or(in.Limit, defaultInbox))
	if err != nil {
		return Done{}, err
	}
	v := client.Inbox{
		Agent: string(c.Agent), Namespace: inbox.Of(c.Agent), Count: len(recs), Unread: unread, Only: in.Unread, Messages: make([]client.Message, len(recs)),
	}
	for i := range recs {
		v.Messages[i] = showMessage(&recs[i])
	}
	return Done{Body: v}, nil
}

func (d agents) share(ctx context.Context, c *Call, in *client.ShareInput) (Done, error) {
	if err := memory.ValidID(in.Source); err != nil {
		return Done{}, err
	}
	out, source, err := d.books.Inbox.Share(ctx, c.Caller, in.Source, memory.AgentID(in.Target))
	return shown(out, err, Created, func() any {
		v := client.Shared{ID: Subject(out), Source: source, Target: in.Target, From: string(c.Agent), Receipt: ShowReceipt(out.Receipt)}
		if out.Record != nil {
			v.Namespace = out.Record.Namespace
		}
		return v
	})
}

// turnOf is what the engine keeps; what the data model has no field for becomes
// metadata.
func turnOf(in *client.TurnInput) (inbox.Turn, error) {
	t := inbox.Turn{Session: in.Session, Index: in.Index, Role: in.Role, Content: linesOf(in.Content), Namespace: in.Namespace, Metadata: objectOf(in.Metadata)}
	if in.Signature != "" {
		return t, &Problem{
			Code: client.CodeAttestationFailed, Fields: []string{"host_signature_b64"},
			Text: "host_signature_b64: this node has no key of the host to check it with",
		}
	}
	more := map[string]any{}
	for key, text := range map[string]string{"host_kind": in.Kind, "host_version": in.Version} {
		if text != "" {
			more[key] = text
		}
	}
	if !in.At.IsZero() {
		more["timestamp"] = in.At.Format(time.RFC3339Nano)
	}
	if len(in.ToolCalls) > 0 {
		more["tool_calls"] = in.ToolCalls
	}
	for key, v := range more {
		var err error
		if t.Metadata, err = t.Metadata.With(key, v); err != nil {
			return t, BadField("metadata", "metadata: want a JSON object")
		}
	}
	return t, nil
}

func (d agents) captureTurn(ctx context.Context, c *Call, in *client.TurnInput) (Done, error) {
	t, err := turnOf(in)
	if err != nil {
		return Done{}, err
	}
	out, id, dup, err := d.books.Inbox.CaptureTurn(ctx, c.Caller, t)
	v := client.Turn{ID: id, MemoryID: id, Captured: !dup, Duplicate: dup, Session: t.Session, Index: t.Index}
	if err == nil && dup {
		return Done{Body: v, Replayed: out.Replayed}, nil
	}
	return shown(out, err, Created, func() any {
		v.Receipt = ShowReceipt(out.Receipt)
		return v
	})
}

func (d agents) sessionStart(ctx context.Context, c *Call, in *client.SessionInput) (Done, error) {
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: in.Namespace}
	if err := validFilter(f); err != nil {
		return Done{}, err
	}
	recs, _, err := d.books.Query.List(ctx, f, query.Page{Limit: cmp.Or(in.Limit, defaultRecall)})
	if err != nil {
		return Done{}, err
	}
	_, unread, err := d.books.Inbox.Inbox(ctx, c.Agent, true, 1)
	if err != nil {
		return Done{}, err
	}
	v := client.Session{
		// A label for the client: the server keeps no sessions.
		ID:    memory.DerivedID("\x00session", string(c.Agent)+"\x00"+in.Namespace+"\x00"+d.clock().Format(time.RFC3339Nano)),
		Agent: string(c.Agent), Mode: "session_start", Memories: make([]client.Hit, len(recs)), Count: len(recs), Unread: unread,
	}
	for i := range recs {
		v.Memories[i].Memory = ShowMemory(&recs[i])
	}
	return Done{Body: v}, nil
}
