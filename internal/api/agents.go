package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// agentView is a registered agent.
type agentView struct {
	ID           memory.AgentID `json:"agent_id"`
	Type         string         `json:"agent_type"`
	Capabilities []string       `json:"capabilities"`
	RegisteredAt memory.Instant `json:"registered_at"`
	SeenAt       memory.Instant `json:"last_seen_at"` // when it was last registered
}

type agentsView struct {
	Count  int         `json:"count"`
	Agents []agentView `json:"agents"`
}

func (a *API) agents(q *request) (reply, error) {
	found, err := a.engine.Agents(q.Context(), q.agent)
	if err != nil {
		return reply{}, err
	}
	v := agentsView{Count: len(found), Agents: make([]agentView, len(found))}
	for i, x := range found {
		v.Agents[i] = agentView{x.ID, x.Type, orEmpty(x.Capabilities), x.RegisteredAt, x.SeenAt}
	}
	return ok(v)
}

// agentBody registers an agent.
type agentBody struct {
	ID           memory.AgentID `json:"agent_id"`
	Type         string         `json:"agent_type"`
	Capabilities []string       `json:"capabilities"`
}

type registeredView struct {
	agentView

	Registered bool            `json:"registered"`
	Record     string          `json:"id"` // of the memory that registers it
	Receipt    *engine.Receipt `json:"receipt"`
}

func (a *API) registerAgent(q *request) (reply, error) {
	var b agentBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	var lacking []string
	if b.ID == "" {
		lacking = append(lacking, "agent_id")
	}
	if b.Type == "" {
		lacking = append(lacking, "agent_type")
	}
	if len(lacking) > 0 {
		return reply{}, verb.Missing(lacking...)
	}
	out, err := a.engine.RegisterAgent(q.Context(), q.caller(), engine.Agent{ID: b.ID, Type: b.Type, Capabilities: b.Capabilities})
	return written(out, err, http.StatusCreated, func() any {
		v := registeredView{Registered: true, Record: verb.Subject(out), Receipt: receiptOf(out.Receipt)}
		v.agentView = agentView{ID: b.ID, Type: b.Type, Capabilities: orEmpty(b.Capabilities)}
		if r := out.Record; r != nil {
			v.RegisteredAt, v.SeenAt = r.CreatedAt, r.Content.Stamp.Instant()
		}
		return v
	})
}

// notifyBody is a message. Each field has the names that different clients use.
type notifyBody struct {
	Target   memory.AgentID `json:"target_agent_id"`
	To       memory.AgentID `json:"to"`
	Title    string         `json:"title"`
	Subject  string         `json:"subject"`
	Payload  messagePayload `json:"payload"` // text, or an object beside the body
	Content  string         `json:"content"`
	Body     string         `json:"body"`
	Priority *int32         `json:"priority"`
	Tier     memory.Tier    `json:"tier"`
	MemoryID string         `json:"memory_id"`
	Metadata memory.Object  `json:"metadata"`
	AgentID  string         `json:"agent_id"`
}

// message is what the body says. A payload that is no text goes along as data.
func (b *notifyBody) message() (engine.Message, error) {
	m := engine.Message{
		To: cmp.Or(b.Target, b.To), Subject: first(b.Title, b.Subject), Body: first(b.Content, b.Body), About: b.MemoryID, Tier: b.Tier,
	}
	set(&m.Priority, b.Priority)
	m.Payload = b.Payload.data
	m.Body = first(b.Payload.text, m.Body, string(b.Payload.data))
	var lacking []string
	for _, f := range [][2]string{{"target_agent_id", string(m.To)}, {"title", m.Subject}, {"payload", m.Body}} {
		if f[1] == "" {
			lacking = append(lacking, f[0])
		}
	}
	if len(lacking) > 0 {
		return m, verb.Missing(lacking...)
	}
	if b.Priority != nil && (*b.Priority < 1 || *b.Priority > 10) {
		return m, verb.BadField("priority", "priority %d: want 1 to 10", *b.Priority)
	}
	m.Metadata = b.Metadata
	return m, badObject(b.Metadata)
}

// messagePayload is what a message brings along: a text, or an object.
type messagePayload struct {
	text string
	data memory.Object // goes before text
}

// MarshalJSON implements [json.Marshaler].
func (p messagePayload) MarshalJSON() ([]byte, error) {
	if len(p.data) > 0 {
		return p.data, nil
	}
	return json.Marshal(p.text)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *messagePayload) UnmarshalJSON(b []byte) error {
	switch kindOf(b) {
	case 'n':
		return nil
	case '"':
		return json.Unmarshal(b, &p.text)
	case '{':
		p.data = append(memory.Object(nil), b...)
		return nil
	}
	return verb.BadField("payload", "payload: want a string or an object")
}

// messageView is a message, under the names that different clients use.
type messageView struct {
	ID         string         `json:"id"`
	From       memory.AgentID `json:"from"`
	To         memory.AgentID `json:"to"`
	Title      string         `json:"title"`
	Subject    string         `json:"subject"`
	Payload    messagePayload `json:"payload"`
	Body       string         `json:"body"`
	MemoryID   string         `json:"memory_id,omitempty"`
	Namespace  string         `json:"namespace"`
	Priority   int32          `json:"priority"`
	Tier       memory.Tier    `json:"tier"`
	CreatedAt  memory.Instant `json:"created_at"`
	ReceivedAt memory.Instant `json:"received_at"`
	Read       bool           `json:"read"` // this node has given it out in a recall
	Accesses   int64          `json:"access_count"`
}

func messageOf(r *memory.Record) messageView {
	v := messageView{
		ID: r.ID, From: ownerOf(r), To: r.Access().Target, Title: r.Title, Payload: messagePayload{text: r.Memory.Content}, Body: r.Memory.Content, Namespace: r.Namespace,
		Priority: r.Priority, Tier: r.Tier, CreatedAt: r.CreatedAt, ReceivedAt: r.CreatedAt, Read: r.AccessCount > 0, Accesses: r.AccessCount,
	}
	r.Metadata.Field(engine.MetaSubject, &v.Title)
	r.Metadata.Field(engine.MetaAbout, &v.MemoryID)
	v.Subject = v.Title
	r.Metadata.Field(engine.MetaPayload, &v.Payload.data)
	return v
}

type deliveredView struct {
	messageView

	Delivered   bool            `json:"delivered"`
	DeliveredAt memory.Instant  `json:"delivered_at"`
	Receipt     *engine.Receipt `json:"receipt"`
}

func (a *API) notify(q *request) (reply, error) {
	var b notifyBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	m, err := b.message()
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Send(q.Context(), q.caller(), m)
	return written(out, err, http.StatusCreated, func() any {
		v := deliveredView{Delivered: true, Receipt: receiptOf(out.Receipt)}
		if r := out.Record; r != nil {
			v.messageView, v.DeliveredAt = messageOf(r), r.CreatedAt
		}
		return v
	})
}

const defaultInbox = 50

type inboxView struct {
	Agent     memory.AgentID `json:"agent_id"`
	Namespace string         `json:"namespace"`
	Count     int            `json:"count"`
	Unread    int            `json:"unread"`
	Only      bool           `json:"unread_only"`
	Messages  []messageView  `json:"messages"`
}

func (a *API) inbox(q *request) (reply, error) {
	limit, err := q.number("limit", defaultInbox, 1, maxList)
	if err != nil {
		return reply{}, err
	}
	only := false
	for _, name := range []string{"unread_only", "unread"} {
		set, err := q.flag(name)
		if err != nil {
			return reply{}, err
		}
		only = only || set
	}
	recs, unread, err := a.engine.Inbox(q.Context(), q.agent, only, limit)
	if err != nil {
		return reply{}, err
	}
	v := inboxView{
		Agent: q.agent, Namespace: "_inbox/" + string(q.agent), Count: len(recs), Unread: unread, Only: only, Messages: make([]messageView, len(recs)),
	}
	for i := range recs {
		v.Messages[i] = messageOf(&recs[i])
	}
	return ok(v)
}

// shareBody says what to give a copy of, and to whom.
type shareBody struct {
	Source   string         `json:"source_memory_id"`
	MemoryID string         `json:"memory_id"`
	Target   memory.AgentID `json:"target_agent_id"`
	To       memory.AgentID `json:"to"`
}

type sharedView struct {
	ID        string          `json:"shared_memory_id"`
	Source    string          `json:"source_memory_id"`
	Namespace string          `json:"target_namespace"`
	Target    memory.AgentID  `json:"target_agent_id"`
	From      memory.AgentID  `json:"from_agent_id"`
	Receipt   *engine.Receipt `json:"receipt"`
}

func (a *API) share(q *request) (reply, error) {
	var b shareBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	source, to := first(b.Source, b.MemoryID), cmp.Or(b.Target, b.To)
	var lacking []string
	if source == "" {
		lacking = append(lacking, "source_memory_id")
	}
	if to == "" {
		lacking = append(lacking, "target_agent_id")
	}
	if len(lacking) > 0 {
		return reply{}, verb.Missing(lacking...)
	}
	if err := memory.ValidID(source); err != nil {
		return reply{}, err
	}
	out, rec, err := a.engine.Share(q.Context(), q.caller(), source, to)
	return written(out, err, http.StatusCreated, func() any {
		v := sharedView{ID: verb.Subject(out), Source: rec.ID, Target: to, From: q.agent, Receipt: receiptOf(out.Receipt)}
		if out.Record != nil {
			v.Namespace = out.Record.Namespace
		}
		return v
	})
}

// turnBody is a turn of a conversation, as a host reports it.
type turnBody struct {
	Session   string          `json:"host_session_id"`
	Index     *int64          `json:"host_turn_index"`
	Role      string          `json:"role"`
	Content   string          `json:"content"`
	Kind      string          `json:"host_kind"`
	Version   string          `json:"host_version"`
	ToolCalls []memory.Object `json:"tool_calls"`
	At        string          `json:"timestamp_iso"`
	Signature string          `json:"host_signature_b64"`
	Namespace string          `json:"namespace"`
	Metadata  memory.Object   `json:"metadata"`
	AgentID   string          `json:"agent_id"`
}

// turn is what the body says; what the data model has no field for becomes metadata.
func (b *turnBody) turn() (engine.Turn, error) {
	var lacking []string
	for _, f := range []struct {
		name string
		is   bool
	}{{"host_session_id", b.Session != ""}, {"host_turn_index", b.Index != nil}, {"role", b.Role != ""}, {"content", b.Content != ""}} {
		if !f.is {
			lacking = append(lacking, f.name)
		}
	}
	if len(lacking) > 0 {
		return engine.Turn{}, verb.Missing(lacking...)
	}
	switch b.Role {
	case "user", "assistant", "tool_use", "tool_result", "system", "other":
	default:
		return engine.Turn{}, verb.BadField("role", "role %.40q: want user, assistant, tool_use, tool_result, system or other", b.Role)
	}
	if b.Signature != "" {
		return engine.Turn{}, &verb.Problem{
			Code: client.CodeAttestationFailed,
			Text: "host_signature_b64: this node has no key of the host to check it with", Fields: []string{"host_signature_b64"},
		}
	}
	if _, err := instant("timestamp_iso", b.At); err != nil {
		return engine.Turn{}, err
	}
	t := engine.Turn{Session: b.Session, Index: *b.Index, Role: b.Role, Content: b.Content, Namespace: b.Namespace, Metadata: b.Metadata}
	for key, v := range map[string]string{"host_kind": b.Kind, "host_version": b.Version, "timestamp": b.At} {
		if v == "" {
			continue
		}
		var err error
		if t.Metadata, err = t.Metadata.With(key, v); err != nil {
			return t, verb.BadField("metadata", "metadata: want a JSON object")
		}
	}
	if len(b.ToolCalls) > 0 {
		var err error
		if t.Metadata, err = t.Metadata.With("tool_calls", b.ToolCalls); err != nil {
			return t, verb.BadField("metadata", "metadata: want a JSON object")
		}
	}
	return t, nil
}

type turnView struct {
	ID        string          `json:"id"`
	MemoryID  string          `json:"memory_id"`
	Captured  bool            `json:"captured"`
	Duplicate bool            `json:"duplicate"` // it was captured before: nothing was written
	Session   string          `json:"host_session_id"`
	Index     int64           `json:"host_turn_index"`
	Receipt   *engine.Receipt `json:"receipt,omitempty"`
}

func (a *API) captureTurn(q *request) (reply, error) {
	var b turnBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	t, err := b.turn()
	if err != nil {
		return reply{}, err
	}
	out, id, dup, err := a.engine.CaptureTurn(q.Context(), q.caller(), t)
	v := turnView{ID: id, MemoryID: id, Captured: !dup, Duplicate: dup, Session: t.Session, Index: t.Index}
	if err == nil && dup {
		return ok(v)
	}
	return written(out, err, http.StatusCreated, func() any {
		v.Receipt = receiptOf(out.Receipt)
		return v
	})
}

// sessionBody says where a session is about to work.
type sessionBody struct {
	Namespace string `json:"namespace"`
	Limit     *int   `json:"limit"`
	AgentID   string `json:"agent_id"`
}

type sessionView struct {
	SessionID string         `json:"session_id"`
	Agent     memory.AgentID `json:"agent_id"`
	Mode      string         `json:"mode"`
	Memories  []scoredView   `json:"memories"` // the most important first
	Count     int            `json:"count"`
	Unread    int            `json:"unread"` // messages in the inbox
}

func (a *API) sessionStart(q *request) (reply, error) {
	var b sessionBody
	if len(q.body) > 0 {
		if err := decode(q.body, &b); err != nil {
			return reply{}, err
		}
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	limit, err := within("limit", b.Limit, defaultRecall, maxList)
	if err != nil {
		return reply{}, err
	}
	f := memory.Filter{Viewer: q.agent, Now: a.now(), Namespace: b.Namespace}
	if err := validFilter(f); err != nil {
		return reply{}, err
	}
	recs, _, err := a.engine.List(q.Context(), f, engine.Page{Limit: limit})
	if err != nil {
		return reply{}, err
	}
	_, unread, err := a.engine.Inbox(q.Context(), q.agent, true, 1)
	if err != nil {
		return reply{}, err
	}
	v := sessionView{
		// A label for the client: the server keeps no sessions.
		SessionID: memory.DerivedID("\x00session", string(q.agent)+"\x00"+b.Namespace+"\x00"+a.cfg.Now().Format(time.RFC3339Nano)),
		Agent:     q.agent, Mode: "session_start", Memories: make([]scoredView, len(recs)), Count: len(recs), Unread: unread,
	}
	for i := range recs {
		v.Memories[i].memoryView = viewOf(&recs[i])
	}
	return ok(v)
}
