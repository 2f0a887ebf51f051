package agentkey

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// Prefix is how every key of an agent begins, and no other key.
const Prefix = "tally_"

const (
	idSize     = 6
	secretSize = 32
	maxRecords = 10_000
)

// Record is what is kept of a key.
type Record struct {
	ID    string         `json:"id"`
	Agent memory.AgentID `json:"agent"`
	Hash  string         `json:"hash"` // SHA-256 of the key, in hex
	Scope
	// PublicKey, if not "", is what the agent signs its memories with: Ed25519, in base64.
	PublicKey string    `json:"public_key,omitempty"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires,omitzero"` // zero: never
	Revoked   time.Time `json:"revoked,omitzero"` // zero: not
}

// public returns the public key; nil: there is none, or it is none.
func (r *Record) public() []byte {
	b, err := base64.StdEncoding.DecodeString(r.PublicKey)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil
	}
	return b
}

// Alive reports why the key is not to be used, or nil.
func (r *Record) Alive(now time.Time) error {
	if !r.Revoked.IsZero() {
		return identity.Refuse(identity.AgentKeyRevoked, "key %s of %s, %s", r.ID, r.Agent, r.Revoked.UTC().Format(time.RFC3339))
	}
	if !r.Expires.IsZero() && !now.Before(r.Expires) {
		return identity.Refuse(identity.AgentKeyExpired, "key %s of %s, %s", r.ID, r.Agent, r.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}

// Grant is who a caller is by its key.
type Grant struct {
	KeyID string
	Agent memory.AgentID
	Scope
}

// Storage keeps the records of a book, such as an [identity.List].
type Storage interface {
	Load() ([]Record, error)
	// Save returns when the records are durable.
	Save(records []Record) error
}

// Book is the keys of a node's agents. It is safe for concurrent use: keys are
// checked from memory.
type Book struct {
	storage Storage

	mu      sync.RWMutex
	records []Record
	byID    map[string]int
}

// Open returns the book that s keeps.
func Open(s Storage) (*Book, error) {
	b := &Book{storage: s}
	return b, b.Reload()
}

// Reload reads the records again, after somebody else has written them.
func (b *Book) Reload() error {
	b.mu.Lock() // before they are read: what is revoked meanwhile would come back to life
	defer b.mu.Unlock()
	records, err := b.storage.Load()
	if err != nil {
		return fmt.Errorf("open the keys of agents: %w", err)
	}
	return b.replace(records)
}

func (b *Book) replace(records []Record) error {
	byID := make(map[string]int, len(records))
	for i, r := range records {
		if err := r.Valid(); err != nil {
			return fmt.Errorf("key %.20q: %w", r.ID, err)
		}
		if r.PublicKey != "" && r.public() == nil {
			return fmt.Errorf("key %.20q: its public key is none: %w", r.ID, memory.ErrInvalid)
		}
		if _, ok := byID[r.ID]; ok {
			return fmt.Errorf("key %.20q is there twice: %w", r.ID, memory.ErrInvalid)
		}
		byID[r.ID] = i
	}
	b.records, b.byID = records, byID
	return nil
}

// change saves what f makes of the records, and goes by it. The records are read again
// before: the node and the command line may both change them.
func (b *Book) change(f func([]Record) ([]Record, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	records, err := b.storage.Load()
	if err != nil {
		return fmt.Errorf("open the keys of agents: %w", err)
	}
	if records, err = f(records); err != nil {
		return err
	}
	if err := b.storage.Save(records); err != nil {
		return fmt.Errorf("save the keys of agents: %w", err)
	}
	return b.replace(records)
}

// Empty reports whether there never was a key: then a node may be open.
func (b *Book) Empty() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.records) == 0
}

// Signers returns the public keys with which an agent may sign now.
func (b *Book) Signers(agent memory.AgentID, now time.Time) [][]byte {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out [][]byte
	for i := range b.records {
		r := &b.records[i]
		if key := r.public(); key != nil && r.Agent == agent && r.Alive(now) == nil {
			out = append(out, key)
		}
	}
	return out
}

// Add makes a key for an agent and returns it. The text is nowhere else. A ttl of 0
// is for ever.
func (b *Book) Add(agent memory.AgentID, scope Scope, ttl time.Duration, now time.Time) (string, Record, error) {
	if err := agent.Valid(); err != nil {
		return "", Record{}, err
	}
	if err := scope.Valid(); err != nil {
		return "", Record{}, err
	}
	if ttl < 0 {
		return "", Record{}, fmt.Errorf("a key that ended %s ago: %w", -ttl, memory.ErrInvalid)
	}
	text, id := newKey()
	r := Record{ID: id, Agent: agent, Hash: hash(text), Scope: scope, Created: now.UTC()}
	if ttl > 0 {
		r.Expires = now.Add(ttl).UTC()
	}
	return text, r, b.change(func(records []Record) ([]Record, error) {
		if len(records) >= maxRecords {
			return nil, fmt.Errorf("%d keys are kept, limit %d: %w", len(records), maxRecords, memory.ErrInvalid)
		}
		return append(records, r), nil
	})
}

// Bind says what the agent of a key signs its memories with: an Ed25519 key. It holds as
// long as the key does.
func (b *Book) Bind(id string, public []byte) error {
	return b.change(func(records []Record) ([]Record, error) {
		i := slices.IndexFunc(records, func(r Record) bool { return r.ID == id })
		if i < 0 {
			return nil, identity.Refuse(identity.AgentKeyUnknown, "key %.20q", id)
		}
		records[i].PublicKey = base64.StdEncoding.EncodeToString(public)
		return records, nil
	})
}

// Revoke ends the keys of an agent, or one of them by its id, and returns what it
// ended. From then on [Book.Alive] refuses them too.
func (b *Book) Revoke(agentOrID string, now time.Time) ([]Record, error) {
	var ended []Record
	err := b.change(func(records []Record) ([]Record, error) {
		for i := range records {
			r := &records[i]
			if (r.ID == agentOrID || string(r.Agent) == agentOrID) && r.Revoked.IsZero() {
				r.Revoked = now.UTC()
				ended = append(ended, *r)
			}
		}
		if len(ended) == 0 {
			return nil, identity.Refuse(identity.AgentKeyUnknown, "%.80q has no key that is not revoked", agentOrID)
		}
		return records, nil
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// Rotate makes a key with the scope and the end of another, which ends after overlap.
func (b *Book) Rotate(id string, overlap time.Duration, now time.Time) (string, Record, error) {
	text, newID := newKey()
	var made Record
	err := b.change(func(records []Record) ([]Record, error) {
		i := slices.IndexFunc(records, func(r Record) bool { return r.ID == id })
		if i < 0 {
			return nil, identity.Refuse(identity.AgentKeyUnknown, "key %.20q", id)
		}
		old := &records[i]
		if err := old.Alive(now); err != nil {
			return nil, err
		}
		made = *old
		made.ID, made.Hash, made.Created = newID, hash(text), now.UTC()
		if end := now.Add(overlap).UTC(); overlap <= 0 {
			old.Revoked = now.UTC()
		} else if old.Expires.IsZero() || end.Before(old.Expires) {
			old.Expires = end
		}
		return append(records, made), nil
	})
	return text, made, err
}

// Records lists the keys, without anything that proves one.
func (b *Book) Records() []Record {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.records)
}

// Authenticate returns whose key text is. Every error is an [identity.Refusal].
func (b *Book) Authenticate(text string, now time.Time) (Grant, error) {
	if text == "" {
		return Grant{}, identity.Refuse(identity.AgentKeyMissing, "")
	}
	id, err := parse(text)
	if err != nil {
		return Grant{}, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	i, ok := b.byID[id]
	if !ok {
		return Grant{}, identity.Refuse(identity.AgentKeyUnknown, "key %s", id)
	}
	r := &b.records[i]
	if subtle.ConstantTimeCompare([]byte(r.Hash), []byte(hash(text))) != 1 {
		return Grant{}, identity.Refuse(identity.AgentKeyUnknown, "key %s with another secret", id)
	}
	if err := r.Alive(now); err != nil {
		return Grant{}, err
	}
	return Grant{KeyID: r.ID, Agent: r.Agent, Scope: r.Scope}, nil
}

// Alive says why a key that was authenticated is not to be used any more, or nil.
// Streams and sessions ask again and again.
func (b *Book) Alive(keyID string, now time.Time) error {
	_, err := b.Granted(keyID, now)
	return err
}

// Granted returns what a key that was authenticated is for now. Every error is an
// [identity.Refusal].
func (b *Book) Granted(keyID string, now time.Time) (Grant, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	i, ok := b.byID[keyID]
	if !ok {
		return Grant{}, identity.Refuse(identity.AgentKeyUnknown, "key %.20q", keyID)
	}
	r := &b.records[i]
	if err := r.Alive(now); err != nil {
		return Grant{}, err
	}
	return Grant{KeyID: r.ID, Agent: r.Agent, Scope: r.Scope}, nil
}

func newKey() (text, id string) {
	b := make([]byte, idSize+secretSize)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	id = hex.EncodeToString(b[:idSize])
	return Prefix + id + "_" + base64.RawURLEncoding.EncodeToString(b[idSize:]), id
}

// parse returns the id of a key that looks like one.
func parse(text string) (string, error) {
	malformed := identity.Refuse(identity.AgentKeyMalformed, "want %sID_SECRET", Prefix)
	rest, ok := strings.CutPrefix(text, Prefix)
	if !ok || len(rest) != 2*idSize+1+base64.RawURLEncoding.EncodedLen(secretSize) {
		return "", malformed
	}
	id, secret, ok := strings.Cut(rest, "_")
	if raw, err := hex.DecodeString(id); !ok || err != nil || len(raw) != idSize || hex.EncodeToString(raw) != id {
		return "", malformed
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(secret); err != nil {
		return "", malformed
	}
	return id, nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
