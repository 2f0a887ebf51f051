package governance

import (
	"cmp"
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// StatusPending is the status of a proposal that is open.
const StatusPending = "pending"

// Pendings lists proposals that agent asked for or could decide, the newest first:
// those of a status, [StatusPending] or an outcome, or with "" all of them. What
// agent may not see takes nobody's place among the limit.
func (b *Book) Pendings(ctx context.Context, agent memory.AgentID, status, namespace string, limit int) ([]memory.Pending, error) {
	all, err := b.store.Pendings(ctx, status == StatusPending, namespace, maxOpen)
	if err != nil {
		return nil, err
	}
	limit = min(cmp.Or(max(limit, 0), 100), engine.MaxPage)
	lookup, failure := b.core.Registered(ctx)
	var seen []memory.Pending
	for i := len(all) - 1; i >= 0 && len(seen) < limit; i-- {
		if p := &all[i]; status != "" && status != cmp.Or(p.Verdict, StatusPending) {
			continue
		}
		shown, err := b.core.MayRead(ctx, agent, &all[i], lookup)
		if err != nil {
			return nil, err
		}
		if shown {
			seen = append(seen, all[i])
		}
	}
	return seen, failure()
}
