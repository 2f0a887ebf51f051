package records

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	// MaxBulk is how many drafts one Bulk takes.
	MaxBulk     = 1000
	bulkWorkers = 128
)

// Bulk creates up to 1,000 memories, each on its own: the result at i is that of
// draft i. A draft that does not say what to do about a taken title merges.
// Drafts of one title are taken in order, and those without a time of creation get
// times in the order of the list: a conversation stays one.
func (b *Book) Bulk(ctx context.Context, s engine.Several, drafts []Draft) []BulkResult {
	out := make([]BulkResult, len(drafts))
	if len(drafts) > MaxBulk {
		err := fmt.Errorf("bulk: %d memories, limit %d: %w", len(drafts), MaxBulk, memory.ErrInvalid)
		for i := range out {
			out[i].Err = err
		}
		return out
	}
	committed := make([]*engine.Held, len(drafts))
	// Stamps count milliseconds: a memory must not seem older than its creation.
	ms := memory.Instant(time.Millisecond)
	born := b.core.Now()/ms*ms - memory.Instant(len(drafts))
	var wg sync.WaitGroup
	for _, part := range parts(drafts) {
		wg.Go(func() {
			for _, i := range part {
				d := drafts[i]
				d.OnConflict = cmp.Or(d.OnConflict, ConflictMerge)
				d.Memory.CreatedAt = cmp.Or(d.Memory.CreatedAt, born+memory.Instant(i))
				as := s.Part("bulk", strconv.Itoa(i))
				if i == 0 && s.First != nil {
					as = s.Caller
				}
				committed[i], out[i].Err = b.create(ctx, as, d)
			}
		})
	}
	wg.Wait()
	// Their deadlines began at their commits, so this takes one timeout, not many.
	for i, h := range committed {
		if h != nil {
			out[i].Outcome, out[i].Err = b.core.Settle(ctx, s.Caller, h)
		}
	}
	return out
}

// parts deals drafts out to the workers, those of one title to the same.
func parts(drafts []Draft) [][]int {
	out := make([][]int, min(len(drafts), bulkWorkers))
	for i := range drafts {
		h := fnv.New32a()
		_, _ = h.Write([]byte(drafts[i].Memory.Namespace + "\x00" + drafts[i].Memory.Title))
		w := int(h.Sum32()) % len(out)
		out[w] = append(out[w], i)
	}
	return out
}
