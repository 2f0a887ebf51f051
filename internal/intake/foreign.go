package intake

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Foreign is somebody outside the federation, of whose changes this node learns
// first: it logs them under its own origin, as what it was told.
type Foreign struct {
	Actor memory.AgentID                // whom the entries are attributed to
	Open  func(namespace string) bool   // where it may write
	Told  func(entries []*memory.Entry) // hears what was logged; it does not block
}

// Reported is what became of ops that somebody outside reports.
type Reported struct {
	Refused []error // one for each op: why it was not taken, or nil
	Logged  int
}

// Bounds of one transaction.
const (
	maxReportOps = 256
	// reportBytes is about how much an op adds beside its text.
	maxReportBytes = 4 << 20
)

// AcceptForeign judges ops as all that comes in is judged, and logs those that may.
// One that is refused costs the others nothing. When it returns without an error,
// what was not refused is fsynced. Ops keep their order.
func (d *Door) AcceptForeign(ctx context.Context, from Foreign, ops []memory.NewOp) (Reported, error) {
	out := Reported{Refused: make([]error, len(ops))}
	var kept []memory.NewOp
	for i, op := range ops {
		var err error
		if out.Refused[i], err = d.mayReport(ctx, from, op); err != nil {
			return out, err
		}
		if out.Refused[i] == nil {
			kept = append(kept, op)
		}
	}
	for len(kept) > 0 {
		n := reportable(kept)
		written, err := d.store.LogForeign(ctx, &memory.Write{Actor: from.Actor, Ops: kept[:n]})
		if err != nil {
			return out, fmt.Errorf("log what %s reports: %w", from.Actor, err)
		}
		out.Logged += len(written.Entries)
		from.Told(written.Entries)
		kept = kept[n:]
	}
	return out, nil
}

// reportable is how many of the ops go into one transaction.
func reportable(ops []memory.NewOp) int {
	bytes := 0
	for i := range ops[:min(len(ops), maxReportOps)] {
		if c := ops[i].Op.About().Content; c != nil {
			bytes += len(c.Content) + len(c.Metadata)
		}
		if bytes > maxReportBytes {
			return i + 1
		}
	}
	return min(len(ops), maxReportOps)
}

// mayReport says why an op is not taken, nil if it is.
func (d *Door) mayReport(ctx context.Context, from Foreign, op memory.NewOp) (refused, err error) {
	if err := op.Op.Validate(); err != nil {
		return err, nil
	}
	before, after, refused, err := d.touched(ctx, op.Op)
	if refused != nil || err != nil {
		return refused, err
	}
	if decision := policy.AllowOpen(string(from.Actor), from.Open, before, after); decision.Verdict != policy.Allow {
		return fmt.Errorf("%s: %w", decision.Reason, memory.ErrForbidden), nil
	}
	return d.cfg.Clock.Check(op.At), nil
}
