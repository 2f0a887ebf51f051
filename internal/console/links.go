package console

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// Bounds of links that open the console once.
const (
	LinkLifetime = 2 * time.Minute
	maxLinks     = 64
)

// links are the one-time links that nobody has used yet, by the hash of their
// secret.
type links struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]link
}

type link struct {
	holder Holder
	ends   time.Time
}

// add makes a link. Of too many the one that ends first is forgotten.
func (l *links) add(h Holder, now time.Time) (secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	for len(l.open) >= maxLinks {
		var first [sha256.Size]byte
		var at time.Time
		for sum, k := range l.open {
			if at.IsZero() || k.ends.Before(at) {
				first, at = sum, k.ends
			}
		}
		delete(l.open, first)
	}
	secret = rand.Text()
	l.open[sha256.Sum256([]byte(secret))] = link{h, now.Add(LinkLifetime)}
	return secret
}

// use returns for whom a link is. The second time there is none.
func (l *links) use(secret string, now time.Time) (Holder, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	sum := sha256.Sum256([]byte(secret))
	k, is := l.open[sum]
	delete(l.open, sum)
	return k.holder, is
}

func (l *links) forget(now time.Time) {
	for sum, k := range l.open {
		if !now.Before(k.ends) {
			delete(l.open, sum)
		}
	}
}
