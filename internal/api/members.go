package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// tokenTTL is how long a join token lives if nothing is said.
const tokenTTL = time.Hour

// memberRoutes are for the operator; changes are for the node with the root's key.
func memberRoutes() []route {
	const all = "/api/v1/members"
	return []route{
		operating(get, all, "list the members, as this node knows them", client.Membership{}, func(ctx context.Context, a *API, _ *client.NoInput) (any, error) {
			if a.cfg.Members == nil {
				return client.Membership{Words: []string{}, Members: []client.MemberInfo{}}, nil
			}
			return a.cfg.Members.List(ctx)
		}),
		operating(post, all+"/tokens", "make a token with which a node can join", client.JoinToken{}, func(ctx context.Context, a *API, in *client.InviteInput) (any, error) {
			m, err := rollOf(a)
			if err != nil {
				return nil, err
			}
			return m.Invite(ctx, cmp.Or(time.Duration(in.TTL)*time.Second, tokenTTL), in.Observer)
		}),
		changingMembers(del, all+"/tokens/{id}", "end a join token", func(ctx context.Context, m Members, in *client.TokenInput) error { return m.Cancel(ctx, in.ID) }),
		changingMembers(put, all+"/{node}", "say whether a member counts", func(ctx context.Context, m Members, in *client.MemberSetInput) error {
			return m.SetRole(ctx, in.Node, in.Role)
		}),
		changingMembers(del, all+"/{node}", "end a node's membership", func(ctx context.Context, m Members, in *client.MemberRemoveInput) error {
			return m.Remove(ctx, in.Node, in.Force)
		}),
	}
}

// rollOf are the members of a node with an identity.
func rollOf(a *API) (Members, error) {
	if a.cfg.Members == nil {
		return nil, &verb.Problem{Code: client.CodeNotFound, Text: "this node has no identity, and its members are those of its settings: tally cluster init makes a federation that others can join"}
	}
	return a.cfg.Members, nil
}

// changingMembers is a route that changes the members, and answers with what they are
// then.
func changingMembers[In any](method, path, summary string, do func(context.Context, Members, *In) error) route {
	return operating(method, path, summary, client.Membership{}, func(ctx context.Context, a *API, in *In) (any, error) {
		m, err := rollOf(a)
		if err != nil {
			return nil, err
		}
		if err := do(ctx, m, in); err != nil {
			return nil, err
		}
		return m.List(ctx)
	})
}

// operating is a route for the operator that is no verb: no agent has it as a tool.
func operating[In any](method, path, summary string, out any, do func(context.Context, *API, *In) (any, error)) route {
	rt := route{
		method: method, path: path, summary: summary, operator: true, out: gives(http.StatusOK, out),
		codes: []client.Code{client.CodeNotFound, client.CodeNotSupported, client.CodeBusy},
		handle: func(a *API, q *request) (reply, error) {
			in, err := input[In](q)
			if err != nil {
				return reply{}, err
			}
			v, err := do(q.Context(), a, in)
			if err != nil {
				return reply{}, err
			}
			return ok(v)
		},
	}
	for _, p := range inputParams[In]() {
		if p.in != "path" {
			rt.query = append(rt.query, p)
		}
	}
	return rt
}
