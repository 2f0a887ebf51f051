package api

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book"
	"github.com/tallystick/tallystick/internal/console"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

// Keys are the keys of agents, such as an [agentkey.Book]. They are safe for
// concurrent use.
type Keys interface {
	// Empty reports whether there never was one.
	Empty() bool
	Authenticate(text string, now time.Time) (agentkey.Grant, error)
	// Granted is what a key that was authenticated is for now, or why it is not to be
	// used any more.
	Granted(keyID string, now time.Time) (agentkey.Grant, error)
	// Alive says why a key that was authenticated is not to be used any more, or nil.
	Alive(keyID string, now time.Time) error
}

// caller is who is behind a request, and what its key is for.
type caller struct {
	agent    memory.AgentID
	named    bool            // it said so itself, or its key does
	operator bool            // it sent the operator's key
	keyID    string          // of the agent's key, or ""
	session  console.Session // of the browser, if no key came with the request
	rights   verb.Rights     // nil: all
	bounds   engine.Bounds
	refused  error // why it may use open routes only, or nil
}

// closed reports whether callers are who their key says. A node that only its own
// machine can reach, and that has no keys of agents, believes what they say.
func (a *API) closed() bool {
	return a.cfg.Exposed || a.cfg.Keys != nil && !a.cfg.Keys.Empty()
}

// callerOf is who sent a request: the one function that says so, for every surface.
// The operator's key makes a caller the operator, who may act for any agent; an
// agent's key makes it that agent, and no header says otherwise. The API key lets
// whoever has it in: as whom it says on an open node, as nobody on a closed one.
func (a *API) callerOf(r *http.Request, apiKeyParam string) (caller, error) {
	claimed, named, err := claimedAgent(r.Header)
	if err != nil {
		return caller{}, err
	}
	c := caller{agent: claimed, named: named}
	token := bearer(r.Header)
	given := cmp.Or(r.Header.Get("X-Api-Key"), apiKeyParam)
	browser, session := a.session(r) // it stands for the key that it was opened with
	if session && token == "" && given == "" {
		c.session = browser
	}
	if c.operator = a.operatorKey.is(token) || a.operatorKey.is(given) || session && browser.Operator; c.operator {
		return c, nil
	}
	for _, text := range []string{token, given} {
		if strings.HasPrefix(text, agentkey.Prefix) {
			return a.agentOf(c, func(k Keys, now time.Time) (agentkey.Grant, error) { return k.Authenticate(text, now) })
		}
	}
	if session && browser.Agent != "" {
		return a.agentOf(c, func(k Keys, now time.Time) (agentkey.Grant, error) { return k.Granted(browser.Key, now) })
	}
	switch has := a.apiKey.is(token) || a.apiKey.is(given) || session; {
	case a.apiKey.set && !has:
		c.refused = &verb.Problem{Code: client.CodeUnauthorized, Text: "missing or invalid API key"}
	case !a.closed():
	case !has:
		c.refused = keyProblem(identity.Refuse(identity.AgentKeyMissing, "the node wants the key of an agent: tally agent add makes one"))
	case c.agent != memory.Anonymous:
		c.refused = mismatch(memory.Anonymous, "agent %.140q is not the caller's: the API key is nobody's in particular, and this node wants the key of an agent", c.agent)
	}
	if c.refused != nil {
		c.agent = memory.Anonymous
	}
	return c, nil
}

// agentOf makes a caller the agent whose key it has.
func (a *API) agentOf(c caller, grant func(Keys, time.Time) (agentkey.Grant, error)) (caller, error) {
	if a.cfg.Keys == nil {
		return c, keyProblem(identity.Refuse(identity.AgentKeyUnknown, "this node has no keys of agents"))
	}
	g, err := grant(a.cfg.Keys, a.cfg.Now())
	if err != nil {
		return c, keyProblem(err)
	}
	if c.named && c.agent != g.Agent {
		return c, mismatch(g.Agent, "X-Agent-Id %.140q is not the caller's: its key is of %q", c.agent, g.Agent)
	}
	c.agent, c.named, c.keyID = g.Agent, true, g.KeyID
	for _, v := range g.Verbs {
		c.rights = append(c.rights, verb.Right(v))
	}
	c.bounds = book.BoundsFor(g.Agent, g.Namespaces, c.rights.Proposes())
	return c, nil
}

// keyProblem says why a key was not taken, by the tag of the refusal.
func keyProblem(err error) error {
	return &verb.Problem{
		Code: client.CodeUnauthorized, Text: "the key is not taken: " + err.Error(), Extra: map[string]any{"reason": string(identity.TagOf(err))},
	}
}

func mismatch(is memory.AgentID, format string, args ...any) error {
	p := verb.Forbidden(format, args...)
	p.Code = client.CodeAgentMismatch
	p.Extra = map[string]any{"caller": is}
	return p
}

// claimedAgent is who a request says that it comes from.
func claimedAgent(h http.Header) (agent memory.AgentID, named bool, err error) {
	ids := h.Values("X-Agent-Id")
	switch {
	case len(ids) == 0:
		return memory.Anonymous, false, nil
	case len(ids) > 1:
		return "", false, verb.BadField("X-Agent-Id", "X-Agent-Id: sent more than once")
	}
	agent = memory.AgentID(ids[0])
	if agent.Legacy() {
		return "", false, verb.BadField("X-Agent-Id", "X-Agent-Id: %q is reserved for what ai-memory nodes bring", memory.LegacyPrefix)
	}
	return agent, true, agent.Valid()
}

// watch are the requests that go on for long, by the key that they came with.
type watch struct {
	mu   sync.Mutex
	runs map[string]map[*context.CancelCauseFunc]struct{}
}

// hold ends a request when the key ends, until done is called.
func (w *watch) hold(q *request, keyID string) (done func()) {
	ctx, cancel := context.WithCancelCause(q.Context())
	q.Request = q.WithContext(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == nil {
		w.runs = map[string]map[*context.CancelCauseFunc]struct{}{}
	}
	if w.runs[keyID] == nil {
		w.runs[keyID] = map[*context.CancelCauseFunc]struct{}{}
	}
	w.runs[keyID][&cancel] = struct{}{}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.runs[keyID], &cancel)
		if len(w.runs[keyID]) == 0 {
			delete(w.runs, keyID)
		}
		cancel(nil)
	}
}

// cut ends the requests of a key.
func (w *watch) cut(keyID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for cancel := range w.runs[keyID] {
		(*cancel)(context.Canceled)
	}
}

// CutDead ends the streams and sessions of agents whose keys were revoked or have
// expired. Whoever changes the keys, or waits for them to end, calls it.
func (a *API) CutDead() {
	w := &a.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	for keyID, runs := range w.runs {
		err := a.cfg.Keys.Alive(keyID, a.cfg.Now())
		if err == nil {
			continue
		}
		for cancel := range runs {
			(*cancel)(err)
		}
	}
}

// Occurrence is something that an operator may have to answer for: somebody was
// refused, or has taken everything along.
type Occurrence struct {
	Code    client.Code    // of the refusal; "" is an export of everything
	Agent   memory.AgentID // as its key says, or it says itself where nothing else does
	Address string         // where it called from, without the port
	What    string         // the method and the path, or the format of an export
	Why     string
}

// Authentication reports whether the caller is not who it says.
func (o Occurrence) Authentication() bool {
	return o.Code == client.CodeUnauthorized || o.Code == client.CodeAgentMismatch
}

// audited reports whether a refusal is one of the caller, rather than of what it sent.
func audited(c client.Code) bool {
	return slices.Contains([]client.Code{
		client.CodeUnauthorized, client.CodeAgentMismatch, client.CodeOutOfScope, client.CodeOperatorOnly, client.CodeCrossOrigin, client.CodeForbidden,
		client.CodeAttestationFailed,
	}, c)
}

// tellRefused tells of a refusal.
func tellRefused(a *API, r *http.Request, agent memory.AgentID, p *verb.Problem) {
	if a.cfg.Occurred != nil && audited(p.Code) {
		a.cfg.Occurred(Occurrence{Code: p.Code, Agent: agent, Address: addressOf(r), What: r.Method + " " + r.URL.Path, Why: p.Text})
	}
}

// tellExported tells that the operator takes everything along.
func tellExported(a *API, q *request, format string) {
	if a.cfg.Occurred != nil {
		a.cfg.Occurred(Occurrence{Agent: q.agent, Address: addressOf(q.Request), What: format})
	}
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
