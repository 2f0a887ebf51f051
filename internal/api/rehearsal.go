package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// rehearsalRoutes are for the operator on the node's machine: they start processes
// there.
func rehearsalRoutes() []route {
	const all = "/api/v1/rehearsal"
	return []route{
		rehearsing(get, all, "say how a rehearsal stands", func(context.Context, Rehearsal, *client.NoInput) error { return nil }),
		rehearsing(post, all, "begin a rehearsal", func(ctx context.Context, r Rehearsal, _ *client.NoInput) error { return r.Begin(ctx) }),
		rehearsing(del, all, "end the rehearsal", func(ctx context.Context, r Rehearsal, _ *client.NoInput) error { return r.End(ctx) }),
		rehearsing(post, all+"/cut", "cut a node of the rehearsal off, or heal", func(ctx context.Context, r Rehearsal, in *client.RehearsalCutInput) error {
			return r.Cut(ctx, in.Node)
		}),
		rehearsing(post, all+"/write", "write to a node of the rehearsal", func(ctx context.Context, r Rehearsal, in *client.RehearsalWriteInput) error {
			return r.Write(ctx, in.Node, cmp.Or(in.Count, 10))
		}),
		rehearsing(post, all+"/edit", "edit one memory on both sides of a rehearsal", func(ctx context.Context, r Rehearsal, _ *client.NoInput) error { return r.Edit(ctx) }),
	}
}

// rehearsing is a route that does something with a rehearsal.
func rehearsing[In any](method, path, summary string, do func(context.Context, Rehearsal, *In) error) route {
	return route{
		method: method, path: path, summary: summary, operator: true, query: inputParams[In](), out: gives(http.StatusOK, client.Rehearsal{}),
		codes: []client.Code{client.CodeNotFound, client.CodeNotSupported},
		handle: func(a *API, q *request) (reply, error) {
			in, err := input[In](q)
			if err != nil {
				return reply{}, err
			}
			return rehearse(a, q, func(ctx context.Context, r Rehearsal) error { return do(ctx, r, in) })
		},
	}
}

// rehearse does something with a rehearsal, and says how it stands then.
func rehearse(a *API, q *request, do func(context.Context, Rehearsal) error) (reply, error) {
	if a.cfg.Rehearsal == nil {
		return reply{}, &verb.Problem{Code: client.CodeNotSupported, Text: "this node has no rehearsals"}
	}
	if !local(q.RemoteAddr) {
		return reply{}, &verb.Problem{Code: client.CodeOperatorOnly, Text: "a rehearsal is for the operator on the machine of the node: it starts processes there"}
	}
	if err := do(q.Context(), a.cfg.Rehearsal); err != nil {
		return reply{}, err
	}
	return ok(a.cfg.Rehearsal.Show(q.Context()))
}
