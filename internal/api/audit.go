package api

import (
	"context"
	"io"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// Audit is the log of what an operator may have to answer for.
type Audit interface {
	// Page lists rows, the newest first. Nothing of them is checked.
	Page(ctx context.Context, q client.AuditInput) (client.AuditPage, error)
	// Verify checks every row.
	Verify(ctx context.Context) (client.AuditVerdict, error)
	// Copy writes the log as it is kept, with its signatures.
	Copy(ctx context.Context, w io.Writer) error
}

// auditRoutes are for the operator.
func auditRoutes() []route {
	const all = "/api/v1/audit"
	return []route{
		operating(get, all, "list what the audit log says", client.AuditPage{}, func(ctx context.Context, a *API, in *client.AuditInput) (any, error) {
			log, err := auditOf(a)
			if err != nil {
				return nil, err
			}
			return log.Page(ctx, *in)
		}),
		operating(post, all+"/verify", "check every row of the audit log", client.AuditVerdict{}, func(ctx context.Context, a *API, _ *client.NoInput) (any, error) {
			log, err := auditOf(a)
			if err != nil {
				return nil, err
			}
			return log.Verify(ctx)
		}),
		{
			method: get, path: all + "/log", summary: "take the audit log along, with its signatures", handle: copyAudit, operator: true, stream: true,
			out: streams("text/plain", nil), codes: []client.Code{client.CodeNotFound},
		},
		operating(get, "/api/v1/settings", "list the settings of the node, and where each comes from", client.Settings{}, func(_ context.Context, a *API, _ *client.NoInput) (any, error) {
			list := a.cfg.Settings
			if list == nil {
				list = []client.Setting{}
			}
			return client.Settings{Settings: list, Count: len(list)}, nil
		}),
	}
}

func auditOf(a *API) (Audit, error) {
	if a.cfg.Audit == nil {
		return nil, &verb.Problem{Code: client.CodeNotFound, Text: "this node has no audit log: it keeps one from when it has an identity, which tally cluster init makes"}
	}
	return a.cfg.Audit, nil
}

func copyAudit(a *API, q *request) (reply, error) {
	log, err := auditOf(a)
	if err != nil {
		return reply{}, err
	}
	q.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	q.w.Header().Set("Content-Disposition", `attachment; filename="audit.log"`)
	if err := log.Copy(q.Context(), q.w); err != nil {
		a.log.WarnContext(q.Context(), "the audit log was not copied in full", "err", err)
	}
	return reply{sent: true}, nil
}
