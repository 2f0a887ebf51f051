package store

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// births are the memories that the last transactions made, so that projections that
// keep up read no database. It begins anew with each transaction that changes one that
// was there: what it has is always as it is now.
type births struct {
	mu       sync.RWMutex
	from, to uint64 // it has all that changed behind from, up to to
	list     []birth
	bytes    int

	subscriptions kept // what they are, as a mark
}

type birth struct {
	lsn uint64
	rec memory.Record
}

const birthBytes = 2 << 20

// committed takes over what a transaction made that began behind one LSN and ended at
// another. With other it changed other memories, too.
func (b *births) committed(made []birth, other bool, began, ended uint64) {
	isSubscription := func(x birth) bool { return x.rec.Namespace == memory.SubscriptionNamespace }
	if other || slices.ContainsFunc(made, isSubscription) {
		b.subscriptions.changed()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if other {
		began, made = ended, nil
	}
	if other || b.to != began {
		b.list, b.bytes, b.from = nil, 0, began
	}
	b.to = ended
	b.list = append(b.list, made...)
	for i := range made {
		b.bytes += made[i].size()
	}
	if b.bytes <= birthBytes {
		return
	}
	cut := 0
	for ; b.bytes > birthBytes/2; cut++ {
		b.bytes -= b.list[cut].size()
		b.from = b.list[cut].lsn
	}
	b.list = append([]birth(nil), b.list[cut:]...)
}

func (b *birth) size() int { return 256 + memoryBytes(&b.rec.Memory) }

// changed is what Changed answers, if it is here.
func (b *births) changed(after uint64, limit int) (recs []memory.Record, last uint64, is bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if after < b.from || after > b.to {
		return nil, 0, false
	}
	first, _ := slices.BinarySearchFunc(b.list, after+1, func(x birth, lsn uint64) int { return cmp.Compare(x.lsn, lsn) })
	news := b.list[first:]
	last = b.to
	if len(news) >= limit {
		news = news[:limit]
		last = news[limit-1].lsn
	}
	for i := range news {
		recs = append(recs, news[i].rec)
	}
	return recs, last, true
}

// kept is an answer of the database, for as long as nothing is written that could
// change it.
type kept struct {
	mu      sync.Mutex
	changes uint64
	asked   uint64 // changes when it was asked for; with is
	is      bool
	answer  string
}

// changed says that the answer may be another one from now on.
func (k *kept) changed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
}

// get returns the answer, and asks for it if need be.
func (k *kept) get(ask func() (string, error)) (string, error) {
	k.mu.Lock()
	before := k.changes
	answer, is := k.answer, k.is && k.asked == before
	k.mu.Unlock()
	if is {
		return answer, nil
	}
	answer, err := ask()
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer, k.asked, k.is = answer, before, true
	return answer, nil
}
