package query

import "github.com/tallystick/tallystick/internal/memory"

// touch counts what a recall has found, and asks for that to stay which is to expire
// soon. It never blocks.
func (b *Book) touch(q *RecallQuery, ids []string, hits []Scored) {
	now := b.core.Now()
	b.store.Touch(ids, now)
	if q.AsOf != 0 {
		return // these are as they were then
	}
	for i := range hits {
		t, due := Due(&hits[i].Record, now, 1)
		if !due {
			continue
		}
		select {
		case b.lapsing <- t:
		default:
		}
	}
}

// Lapsing are touches that recalls ask for, of memories that are to expire soon. One
// reader writes them.
func (b *Book) Lapsing() <-chan memory.Touch { return b.lapsing }

// steps is into how many parts a grace is divided: a touch that gains less than one
// of them is not worth an entry in every log.
const steps = 8

// Due returns the touch that a live memory is due which a recall has found, and which
// was read so many more times than its count says.
func Due(rec *memory.Record, now memory.Instant, more int64) (memory.Touch, bool) {
	grace := memory.Instant(rec.Tier.Grace())
	if life, _ := rec.Stands(now); life != memory.Live || rec.ExpiresAt <= now || grace == 0 {
		return memory.Touch{}, false
	}
	keep := rec.Tier == memory.Mid && rec.AccessCount+more >= memory.KeptAfter
	return memory.Touch{ID: rec.ID, Keep: keep}, keep || now+grace-rec.ExpiresAt >= grace/steps
}
