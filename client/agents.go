package client

import "encoding/json"

// NoInput is what verbs take that need nothing.
type NoInput struct{}

// Agent is a registered agent.
type Agent struct {
	ID           string   `json:"agent_id" doc:"The agent." example:"alice"`
	Type         string   `json:"agent_type" doc:"What sort of agent it is." example:"ai:claude"`
	Capabilities []string `json:"capabilities" doc:"What it can do, in its own words." example:"[\"code\"]"`
	RegisteredAt Time     `json:"registered_at" doc:"When it was first registered."`
	SeenAt       Time     `json:"last_seen_at" doc:"When it was last registered."`
}

// Agents are the registered agents.
type Agents struct {
	Count  int     `json:"count" doc:"How many there are."`
	Agents []Agent `json:"agents" doc:"The agents."`
}

// RegisterAgentInput registers an agent.
type RegisterAgentInput struct {
	ID           string   `json:"agent_id" need:"true" minlen:"1" doc:"The agent." example:"alice"`
	Type         string   `json:"agent_type" need:"true" minlen:"1" doc:"What sort of agent it is: ai:…, human, system …" example:"ai:claude"`
	Capabilities []string `json:"capabilities,omitempty" doc:"What it can do, in its own words." example:"[\"code\"]"`
}

// Registered answers a registration.
type Registered struct {
	Agent

	Registered bool     `json:"registered" doc:"It is registered."`
	Record     string   `json:"id" doc:"The memory that registers it." example:"0198c0de-0000-7000-8000-000000000001"`
	Receipt    *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// NotifyInput sends a message to an agent.
type NotifyInput struct {
	Target   string          `json:"target_agent_id" need:"true" minlen:"1" doc:"The agent that it is for." example:"bob"`
	Title    string          `json:"title" need:"true" minlen:"1" doc:"What it is about." example:"Build is green"`
	Payload  json.RawMessage `json:"payload,omitempty" doc:"The text, or an object beside it. Required, unless there is a body." type:"string,object" example:"You may merge."`
	Body     string          `json:"body,omitempty" doc:"The text, where the payload is an object." example:"You may merge."`
	Priority int32           `json:"priority,omitempty" doc:"How much it matters." min:"1" max:"10"`
	Tier     string          `json:"tier,omitempty" doc:"How long it is meant to live." enum:"short,mid,long"`
	MemoryID string          `json:"memory_id,omitempty" doc:"The memory that it is about." example:"gate-code"`
	Metadata json.RawMessage `json:"metadata,omitempty" doc:"Whatever else is to be kept." type:"object" example:"{}"`
	AgentID  string          `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// Message is a message, under the names that different clients use.
type Message struct {
	ID         string          `json:"id" doc:"Of the message." example:"0198c0de-0000-7000-8000-000000000001"`
	From       string          `json:"from" doc:"Who sent it." example:"alice"`
	To         string          `json:"to" doc:"The agent that it is for." example:"bob"`
	Title      string          `json:"title" doc:"What it is about." example:"Build is green"`
	Subject    string          `json:"subject" doc:"The same." example:"Build is green"`
	Payload    json.RawMessage `json:"payload" doc:"The object that came along, or else the text." type:"string,object" example:"You may merge."`
	Body       string          `json:"body" doc:"The text." example:"You may merge."`
	MemoryID   string          `json:"memory_id,omitempty" doc:"The memory that it is about." example:"gate-code"`
	Namespace  string          `json:"namespace" doc:"Where it is kept." example:"_messages/bob"`
	Priority   int32           `json:"priority" doc:"How much it matters." min:"1" max:"10"`
	Tier       string          `json:"tier" doc:"How long it is meant to live." enum:"short,mid,long"`
	CreatedAt  Time            `json:"created_at" doc:"When it was sent."`
	ReceivedAt Time            `json:"received_at" doc:"The same."`
	Read       bool            `json:"read" doc:"This node has given it out in a recall."`
	Accesses   int64           `json:"access_count" doc:"How often recall has found it, on this node."`
}

// Delivered answers a message.
type Delivered struct {
	Message

	Delivered   bool     `json:"delivered" doc:"It is in the inbox."`
	Sent        bool     `json:"sent" doc:"The same."`
	DeliveredAt Time     `json:"delivered_at" doc:"When."`
	Receipt     *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// InboxInput lists the messages for the caller.
type InboxInput struct {
	AgentID string `json:"agent_id,omitempty" claim:"true" doc:"Whose inbox; it must be the caller's." example:"bob"`
	Unread  bool   `json:"unread_only,omitempty" narrows:"true" doc:"Only messages that no recall of this node has given out."`
	Limit   int    `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many, and no more than 1,000." default:"50"`
}

// Inbox are the messages for an agent.
type Inbox struct {
	Agent     string    `json:"agent_id" doc:"Whose inbox it is." example:"bob"`
	Namespace string    `json:"namespace" doc:"Where they are kept." example:"_messages/bob"`
	Count     int       `json:"count" doc:"How many there are here."`
	Unread    int       `json:"unread" doc:"How many no recall of this node has given out."`
	Only      bool      `json:"unread_only" doc:"Only those were asked for."`
	Messages  []Message `json:"messages" doc:"The messages, the newest first."`
}

// ShareInput gives an agent a copy of a memory.
type ShareInput struct {
	Source string `json:"source_memory_id" need:"true" minlen:"1" doc:"The memory to give a copy of." example:"gate-code"`
	Target string `json:"target_agent_id" need:"true" minlen:"1" doc:"The agent to give it to." example:"bob"`
}

// Shared answers it.
type Shared struct {
	ID        string   `json:"shared_memory_id" doc:"The copy." example:"0198c0de-0000-7000-8000-000000000001"`
	Source    string   `json:"source_memory_id" doc:"The memory that was copied." example:"gate-code"`
	Namespace string   `json:"target_namespace" doc:"Where the copy is." example:"_shared/bob"`
	Target    string   `json:"target_agent_id" doc:"The agent that has it." example:"bob"`
	From      string   `json:"from_agent_id" doc:"Who sent it." example:"alice"`
	Receipt   *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// TurnInput is a turn of a conversation, as a host reports it.
type TurnInput struct {
	Session   string            `json:"host_session_id" need:"true" minlen:"1" doc:"The conversation, as the host calls it." example:"s-1"`
	Index     int64             `json:"host_turn_index" need:"true" doc:"Which turn of the conversation it is, from 0."`
	Role      string            `json:"role" need:"true" doc:"Who spoke." enum:"user,assistant,tool_use,tool_result,system,other"`
	Content   string            `json:"content" need:"true" minlen:"1" doc:"What was said." example:"Open the gate."`
	Kind      string            `json:"host_kind,omitempty" doc:"What program the host is." example:"claude-code"`
	Version   string            `json:"host_version,omitempty" doc:"Which version of it." example:"2.0"`
	ToolCalls []json.RawMessage `json:"tool_calls,omitempty" doc:"What tools were called."`
	At        Time              `json:"timestamp_iso,omitzero" doc:"When it was said."`
	Signature string            `json:"host_signature_b64,omitempty" doc:"Refused: this node has no keys of hosts." example:"AAAA"`
	Namespace string            `json:"namespace,omitempty" doc:"Where it is kept." example:"chats"`
	Metadata  json.RawMessage   `json:"metadata,omitempty" doc:"Whatever else is to be kept." type:"object" example:"{}"`
	AgentID   string            `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// Turn answers it.
type Turn struct {
	ID        string   `json:"id" doc:"The memory that keeps it." example:"0198c0de-0000-7000-8000-000000000001"`
	MemoryID  string   `json:"memory_id" doc:"The same." example:"0198c0de-0000-7000-8000-000000000001"`
	Captured  bool     `json:"captured" doc:"It was written now."`
	Duplicate bool     `json:"duplicate" doc:"It had been captured before, and nothing was written."`
	Session   string   `json:"host_session_id" doc:"The conversation, as the host calls it." example:"s-1"`
	Index     int64    `json:"host_turn_index" doc:"Which turn of the conversation it is, from 0."`
	Receipt   *Receipt `json:"receipt,omitempty" doc:"Who holds the write on disk; absent: nothing was written."`
}

// SessionInput says where a session is about to work.
type SessionInput struct {
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." example:"house"`
	Limit     int    `json:"limit,omitempty" min:"1" max:"1000" doc:"At most so many memories." default:"10"`
	AgentID   string `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// Session is what matters most at the start of a session.
type Session struct {
	ID       string `json:"session_id" doc:"A name for the session. The server keeps no sessions." example:"0198c0de-0000-8000-8000-000000000001"`
	Agent    string `json:"agent_id" doc:"Whose session it is." example:"alice"`
	Mode     string `json:"mode" doc:"session_start." example:"session_start"`
	Memories []Hit  `json:"memories" doc:"The memories, the most important first."`
	Count    int    `json:"count" doc:"How many there are here."`
	Unread   int    `json:"unread" doc:"How many messages in the inbox are unread."`
}

// FamilyInput asks for the memories of a family.
type FamilyInput struct {
	Family    string `json:"family" need:"true" doc:"core, lifecycle, graph, governance, power, meta, archive or other; of memories: their metadata.family." enum:"core,lifecycle,graph,governance,power,meta,archive,other"`
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." example:"house"`
	K         int    `json:"k,omitempty" min:"1" max:"100" doc:"At most so many memories." default:"20"`
}

// FamilyLoad are the memories of a family.
type FamilyLoad struct {
	Family    string   `json:"family" doc:"The family." example:"core"`
	Namespace *string  `json:"namespace" doc:"The namespace that was asked for, or null." example:"house"`
	K         int      `json:"k" doc:"At most so many were asked for."`
	Count     int      `json:"count" doc:"How many there are."`
	Memories  []Memory `json:"memories" doc:"The memories."`
}

// IntentInput says in words what the caller is about to do.
type IntentInput struct {
	Intent    string `json:"intent" need:"true" doc:"What the caller is about to do, in words." example:"link two notes"`
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." example:"house"`
	K         int    `json:"k,omitempty" min:"1" max:"100" doc:"At most so many memories." default:"20"`
}

// SmartLoad are the memories of the family that fits an intent.
type SmartLoad struct {
	Chosen string  `json:"chosen_family" doc:"The family that most words of the intent are about." example:"graph"`
	Score  float64 `json:"score" doc:"The share of the words of the intent that are about the family."`
	Source string  `json:"chosen_family_source" doc:"keyword; or fallback, if no word is about any family." example:"keyword"`
	Intent string  `json:"intent" doc:"What the caller is about to do, in words." example:"link two notes"`
	FamilyLoad
}

// Tool is something that can be done, under the name that tools call it.
type Tool struct {
	Name        string `json:"name" doc:"The name of the tool." example:"memory_store"`
	Family      string `json:"family" doc:"The family that it is of." example:"core"`
	Method      string `json:"method" doc:"The HTTP method." example:"POST"`
	Path        string `json:"path" doc:"The path, with its parameters in braces." example:"/api/v1/memories"`
	Description string `json:"description" doc:"What it does." example:"create a memory"`
}

// Tools is what can be done.
type Tools struct {
	Tools []Tool `json:"tools" doc:"The tools."`
	Count int    `json:"count" doc:"How many there are."`
}
