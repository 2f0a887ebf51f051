package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

func agentKeyRoutes() []route {
	const all = "/api/v1/agents/keys"
	return []route{
		ringing(get, all, "list the keys of this node's agents", client.AgentKeys{}, func(r KeyRing, now time.Time, _ *client.NoInput) (any, error) {
			return showKeys(r, now), nil
		}),
		ringing(post, all, "make a key for an agent", client.AgentKeyMade{}, func(r KeyRing, now time.Time, in *client.AgentKeyInput) (any, error) {
			text, made, err := r.Add(memory.AgentID(in.Agent), scopeOf(in), time.Duration(in.TTL)*time.Second, now)
			return client.AgentKeyMade{AgentKeyInfo: showKey(&made, now), Key: text}, err
		}),
		ringing(post, all+"/{id}/rotate", "make another key in the place of one", client.AgentKeyMade{}, func(r KeyRing, now time.Time, in *client.AgentKeyRotateInput) (any, error) {
			text, made, err := r.Rotate(in.ID, time.Duration(in.Overlap)*time.Second, now)
			return client.AgentKeyMade{AgentKeyInfo: showKey(&made, now), Key: text}, err
		}),
		ringing(del, all+"/{id}", "revoke a key, or all of an agent", client.AgentKeys{}, func(r KeyRing, now time.Time, in *client.AgentKeyRevokeInput) (any, error) {
			if _, err := r.Revoke(in.ID, now); err != nil {
				return nil, err
			}
			return showKeys(r, now), nil
		}),
	}
}

// ringing is a route about the keys of agents. What has ended is cut off by the time
// of the answer.
func ringing[In any](method, path, summary string, out any, do func(KeyRing, time.Time, *In) (any, error)) route {
	return operating(method, path, summary, out, func(_ context.Context, a *API, in *In) (any, error) {
		if a.cfg.KeyRing == nil {
			return nil, &verb.Problem{Code: client.CodeNotFound, Text: "this node has no keys of agents"}
		}
		v, err := do(a.cfg.KeyRing, a.cfg.Now(), in)
		if identity.TagOf(err) == identity.AgentKeyUnknown {
			return nil, &verb.Problem{Code: client.CodeNotFound, Text: err.Error()}
		}
		if err == nil && a.cfg.Keys != nil {
			a.CutDead()
		}
		return v, err
	})
}

func scopeOf(in *client.AgentKeyInput) agentkey.Scope {
	s := agentkey.Scope{Namespaces: []agentkey.Glob{"**"}, Verbs: []agentkey.Verb{agentkey.Read, agentkey.Write}}
	if len(in.Namespaces) > 0 {
		s.Namespaces = nil
	}
	for _, g := range in.Namespaces {
		s.Namespaces = append(s.Namespaces, agentkey.Glob(g))
	}
	if len(in.Verbs) > 0 {
		s.Verbs = nil
	}
	for _, v := range in.Verbs {
		s.Verbs = append(s.Verbs, agentkey.Verb(v))
	}
	return s
}

func showKeys(r KeyRing, now time.Time) client.AgentKeys {
	records := r.Records()
	slices.SortStableFunc(records, func(x, y agentkey.Record) int {
		if c := y.Created.Compare(x.Created); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	v := client.AgentKeys{Keys: make([]client.AgentKeyInfo, len(records)), Count: len(records)}
	for i := range records {
		v.Keys[i] = showKey(&records[i], now)
	}
	return v
}

func showKey(r *agentkey.Record, now time.Time) client.AgentKeyInfo {
	v := client.AgentKeyInfo{
		ID: r.ID, Agent: string(r.Agent), Namespaces: []string{}, Verbs: []string{},
		Created: client.TimeOf(r.Created), Expires: client.TimeOf(r.Expires), Revoked: client.TimeOf(r.Revoked),
		Alive: r.Alive(now) == nil,
	}
	for _, g := range r.Namespaces {
		v.Namespaces = append(v.Namespaces, string(g))
	}
	for _, x := range r.Verbs {
		v.Verbs = append(v.Verbs, string(x))
	}
	return v
}
