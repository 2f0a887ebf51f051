package client

import (
	"context"
	"net/http"
)

// AgentsAPI is what agents know of each other, and hand to each other.
type AgentsAPI struct{ c *Client }

// Agents is what agents know of each other, and hand to each other.
func (c *Client) Agents() AgentsAPI { return AgentsAPI{c} }

// List returns the registered agents.
func (a AgentsAPI) List(ctx context.Context) (*Agents, error) {
	return read[Agents](ctx, a.c, http.MethodGet, "/agents", nil)
}

// Register registers an agent; again, it brings its registration up to date.
func (a AgentsAPI) Register(ctx context.Context, in RegisterAgentInput, with ...With) (*Registered, *Waiting, error) {
	return change[Registered](ctx, a.c, http.MethodPost, "/agents", in, with)
}

// Notify sends a message to an agent.
func (a AgentsAPI) Notify(ctx context.Context, in NotifyInput, with ...With) (*Delivered, *Waiting, error) {
	return change[Delivered](ctx, a.c, http.MethodPost, "/notify", in, with)
}

// Inbox returns the messages for the caller, the newest first.
func (a AgentsAPI) Inbox(ctx context.Context, in InboxInput) (*Inbox, error) {
	return read[Inbox](ctx, a.c, http.MethodGet, "/inbox", in)
}

// Share gives an agent a copy of a memory.
func (a AgentsAPI) Share(ctx context.Context, in ShareInput, with ...With) (*Shared, *Waiting, error) {
	return change[Shared](ctx, a.c, http.MethodPost, "/share", in, with)
}

// CaptureTurn keeps a turn of a conversation, once.
func (a AgentsAPI) CaptureTurn(ctx context.Context, in TurnInput, with ...With) (*Turn, *Waiting, error) {
	return change[Turn](ctx, a.c, http.MethodPost, "/capture_turn", in, with)
}

// StartSession returns what the caller should know when a session begins.
func (a AgentsAPI) StartSession(ctx context.Context, in SessionInput) (*Session, error) {
	return read[Session](ctx, a.c, http.MethodPost, "/session/start", in)
}

// LoadFamily returns the memories that the verbs of a family made.
func (a AgentsAPI) LoadFamily(ctx context.Context, in FamilyInput) (*FamilyLoad, error) {
	return read[FamilyLoad](ctx, a.c, http.MethodPost, "/memory_load_family", in)
}

// SmartLoad is LoadFamily for the family that an intent is about.
func (a AgentsAPI) SmartLoad(ctx context.Context, in IntentInput) (*SmartLoad, error) {
	return read[SmartLoad](ctx, a.c, http.MethodPost, "/memory_smart_load", in)
}
