package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/console"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/verb"
)

// openConsole puts the page for people beside the routes. It is no part of the
// API: what it shows and changes goes through the routes like everything else.
func (a *API) openConsole() error {
	c, err := console.New(console.Config{
		Known: a.holderOf, Good: a.holds, Secret: a.cfg.OperatorKey, Open: func() bool { return !a.apiKey.set && !a.closed() }, Ended: a.signedOut.cut, Version: a.cfg.Version, Now: a.cfg.Now,
	})
	if err != nil {
		return err
	}
	a.console = c
	a.mux.Handle(console.Root, c)
	a.mux.HandleFunc(strings.TrimSuffix(console.Root, "/"), leadToConsole)
	a.mux.HandleFunc(console.LinkPath, a.consoleLink)
	return nil
}

// holderOf says for whom a key is good.
func (a *API) holderOf(key string) (console.Holder, bool) {
	if strings.HasPrefix(key, agentkey.Prefix) {
		return agentHolder(a, key)
	}
	operator := a.operatorKey.is(key)
	return console.Holder{Operator: operator, Key: console.Fingerprint(key)}, operator || a.apiKey.is(key)
}

// agentHolder is the agent of a key: a session of it is known by the id of the key.
func agentHolder(a *API, key string) (console.Holder, bool) {
	if a.cfg.Keys == nil {
		return console.Holder{}, false
	}
	g, err := a.cfg.Keys.Authenticate(key, a.cfg.Now())
	return console.Holder{Agent: string(g.Agent), Key: g.KeyID}, err == nil
}

// holds reports whether the key that a session was opened with is still one of
// the node's.
func (a *API) holds(h console.Holder) bool {
	switch {
	case h.Operator:
		return a.operatorKey.set && h.Key == console.Fingerprint(a.cfg.OperatorKey)
	case h.Agent != "":
		return a.cfg.Keys != nil && a.cfg.Keys.Alive(h.Key, a.cfg.Now()) == nil
	}
	return a.apiKey.set && h.Key == console.Fingerprint(a.cfg.APIKey)
}

// session is whom the console of a browser speaks for, if that is not over. That of an
// agent is judged by its key, which says why.
func (a *API) session(r *http.Request) (console.Session, bool) {
	if a.console == nil {
		return console.Session{}, false
	}
	s, is := a.console.Session(r)
	return s, is && (s.Agent != "" || a.holds(s.Holder))
}

// holdSession ends a stream with the session that it was asked for in: when that is
// signed out, and when the cookie ends. A page whose session was renewed asks again.
func holdSession(a *API, q *request) (done func()) {
	release := a.signedOut.hold(q, q.session.ID)
	ctx, cancel := context.WithTimeout(q.Context(), q.session.Ends.Sub(a.cfg.Now()))
	q.Request = q.WithContext(ctx)
	if _, still := a.session(q.Request); !still {
		cancel() // it ended before it was held
	}
	return func() {
		cancel()
		release()
	}
}

// consoleLink answers whoever sends a key with a link that opens the console
// once.
func (a *API) consoleLink(w http.ResponseWriter, r *http.Request) {
	if r.Method != post {
		w.Header().Set("Allow", post)
		a.fail(w, r, &verb.Problem{Code: client.CodeMethodNotAllowed, Text: "method not allowed: want one of POST"})
		return
	}
	h, good := a.holderOf(bearer(r.Header))
	if !good {
		h, good = a.holderOf(r.Header.Get("X-Api-Key"))
	}
	if !good {
		a.fail(w, r, &verb.Problem{Code: client.CodeUnauthorized, Text: "missing or invalid key: send that of the operator, of an agent, or of the node"})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	a.send(w, r, reply{body: map[string]any{"path": a.console.LinkTo(h), "ends_in_secs": int(console.LinkLifetime.Seconds())}}, false)
}

// leadToConsole takes browsers to the page.
func leadToConsole(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, console.Root, http.StatusFound)
}

// browses reports whether somebody looks at the root with a browser.
func browses(r *http.Request) bool {
	return r.URL.Path == "/" && safe(r.Method) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
