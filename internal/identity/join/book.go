package join

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// Record is what is kept of a token.
type Record struct {
	ID      string    `json:"id"`
	Hash    string    `json:"hash"` // SHA-256 of the line, in hex
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Uses    int       `json:"uses"` // how often it may be redeemed
	Used    []Use     `json:"used"`
	Terms   Terms     `json:"terms,omitzero"`
}

// Terms say what a token is for. The zero value lets a new member in that counts.
type Terms struct {
	Observer bool        `json:"observer,omitempty"` // it does not count
	Replaces memory.Node `json:"replaces,omitempty"` // it takes the place of this member, which is one no more
	Rotates  memory.Node `json:"rotates,omitempty"`  // it is this member, with another key
}

// Use is one redemption.
type Use struct {
	Name identity.Name      `json:"name"`
	Key  identity.PublicKey `json:"key,omitzero"`
	At   time.Time          `json:"at"`
}

// Storage keeps the records of a book, such as an [identity.List].
type Storage interface {
	Load() ([]Record, error)
	// Save returns when the records are durable.
	Save(records []Record) error
}

// Limits of a book.
const (
	MaxTTL     = 30 * 24 * time.Hour
	MaxUses    = 1000
	maxRecords = 1000

	// Of one source, so many wrong tokens in such a time are let pass.
	maxTries   = 10
	tryWindow  = time.Minute
	maxSources = 4096
)

// Book is the tokens of an authority. It is safe for concurrent use.
type Book struct {
	storage Storage

	mu    sync.Mutex
	tries map[string]tries // by source
}

// tries counts the wrong tokens of a source.
type tries struct {
	since time.Time
	n     int
}

// NewBook returns the book that s keeps.
func NewBook(s Storage) *Book { return &Book{storage: s, tries: map[string]tries{}} }

// Issue makes a token, and returns its line. The line is nowhere else.
func (b *Book) Issue(root [sha256.Size]byte, ttl time.Duration, uses int, terms Terms, now time.Time) (string, Token, error) {
	if ttl < time.Second || ttl > MaxTTL || uses < 1 || uses > MaxUses {
		return "", Token{}, fmt.Errorf("a token for %s and %d uses: want at most %s and 1 to %d uses: %w", ttl, uses, MaxTTL, MaxUses, memory.ErrInvalid)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	records, err := b.storage.Load()
	if err != nil {
		return "", Token{}, fmt.Errorf("issue a join token: %w", err)
	}
	// What ended long ago is in the audit log.
	records = slices.DeleteFunc(records, func(r Record) bool { return now.After(r.Expires.Add(MaxTTL)) })
	if len(records) >= maxRecords {
		return "", Token{}, fmt.Errorf("issue a join token: %d are kept, limit %d: %w", len(records), maxRecords, memory.ErrInvalid)
	}
	line, token := newToken(root, now.Add(ttl))
	records = append(records, Record{ID: token.ID, Hash: hash(line), Created: now.UTC(), Expires: token.Expires.UTC(), Uses: uses, Used: []Use{}, Terms: terms})
	if err := b.storage.Save(records); err != nil {
		return "", Token{}, fmt.Errorf("issue a join token: %w", err)
	}
	return line, token, nil
}

// Check says whether a token could be redeemed, and uses nothing up. source says where
// the request came from; who tries too many wrong tokens is made to wait, and nobody
// else is.
func (b *Book) Check(line, source string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _, err := b.find(line, source, now)
	return err
}

// Redeemed reports whether a token that has not ended was redeemed by a member of that
// name, with that very key: it asks again because the answer was lost. It uses nothing up.
func (b *Book) Redeemed(line string, name identity.Name, key identity.PublicKey, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	line = strings.TrimSpace(line)
	token, err := Parse(line)
	if err != nil {
		return false
	}
	records, i, err := b.known(token, line, now)
	return err == nil && slices.ContainsFunc(records[i].Used, func(u Use) bool { return u.Name == name && u.Key == key })
}

// Redeem uses up one use of a token for a member of that name, with that key, unless agreed,
// which is told the terms, returns an error. When it returns nil the use is durable: only
// then may the authority sign.
func (b *Book) Redeem(line string, name identity.Name, key identity.PublicKey, source string, now time.Time, agreed func(Terms) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	records, i, err := b.find(line, source, now)
	if err != nil {
		return err
	}
	if err := agreed(records[i].Terms); err != nil {
		return err
	}
	records[i].Used = append(slices.Clip(records[i].Used), Use{Name: name, Key: key, At: now.UTC()})
	if err := b.storage.Save(records); err != nil {
		return fmt.Errorf("redeem a join token: %w", err)
	}
	return nil
}

// find returns the records and which of them a line redeems now.
func (b *Book) find(line, source string, now time.Time) (records []Record, at int, err error) {
	if wait := b.mustWait(source, now); wait > 0 {
		return nil, 0, &identity.Refusal{Tag: identity.TokenGuessing, Detail: "from " + source, RetryAfter: wait}
	}
	line = strings.TrimSpace(line)
	token, err := Parse(line)
	if err == nil {
		records, at, err = b.live(token, line, now)
	}
	if identity.TagOf(err) != "" {
		b.count(source, now)
	}
	return records, at, err
}

// live is known, of a token that has uses left.
func (b *Book) live(token Token, line string, now time.Time) ([]Record, int, error) {
	records, i, err := b.known(token, line, now)
	if err == nil && len(records[i].Used) >= records[i].Uses {
		return nil, 0, identity.Refuse(identity.TokenUsed, "token %s was used as often as it may be: %d of %d", token.ID, len(records[i].Used), records[i].Uses)
	}
	return records, i, err
}

// known returns the records and which of them is of a token that has not ended.
func (b *Book) known(token Token, line string, now time.Time) ([]Record, int, error) {
	records, err := b.storage.Load()
	if err != nil {
		return nil, 0, fmt.Errorf("redeem a join token: %w", err)
	}
	i := slices.IndexFunc(records, func(r Record) bool { return r.ID == token.ID })
	// The hash is of the whole line: whoever changes its end or its root has another one.
	if i < 0 || subtle.ConstantTimeCompare([]byte(records[i].Hash), []byte(hash(line))) != 1 {
		return nil, 0, identity.Refuse(identity.TokenUnknown, "token %s", token.ID)
	}
	r := records[i]
	if !now.Before(r.Expires) {
		return nil, 0, identity.Refuse(identity.TokenExpired, "token %s ended %s", token.ID, r.Expires.UTC().Format(time.RFC3339))
	}
	return records, i, nil
}

// Cancel ends a token at once, and reports whether there was one.
func (b *Book) Cancel(id string, now time.Time) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	records, err := b.storage.Load()
	if err != nil {
		return false, fmt.Errorf("cancel a join token: %w", err)
	}
	i := slices.IndexFunc(records, func(r Record) bool { return r.ID == id })
	if i < 0 {
		return false, nil
	}
	records[i].Expires = now.UTC()
	return true, b.storage.Save(records)
}

// Records lists the tokens, without anything that redeems them.
func (b *Book) Records() ([]Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.storage.Load()
}

func hash(line string) string {
	sum := sha256.Sum256([]byte(line))
	return hex.EncodeToString(sum[:])
}

func (b *Book) mustWait(source string, now time.Time) time.Duration {
	t, ok := b.tries[source]
	if !ok || t.n < maxTries {
		return 0
	}
	return t.since.Add(tryWindow).Sub(now)
}

// count notes a wrong token. When there are too many sources to remember, more of
// them are not slowed down: a secret of 24 bytes is not found by trying.
func (b *Book) count(source string, now time.Time) {
	for s, t := range b.tries {
		if !now.Before(t.since.Add(tryWindow)) {
			delete(b.tries, s)
		}
	}
	if _, ok := b.tries[source]; !ok && len(b.tries) >= maxSources {
		return
	}
	t, ok := b.tries[source]
	if !ok {
		t.since = now
	}
	t.n++
	b.tries[source] = t
}
