package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tallystick/tallystick/internal/memory"
)

// rowScanner is the current row of a result.
type rowScanner interface{ Scan(dest ...any) error }

// scan calls fn for every row and closes rows.
func scan(rows *sql.Rows, err error, fn func(rowScanner) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // an error that matters is in rows.Err
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

var errStop = errors.New("stop")

func one[T any](list []T, err error, what string) (*T, error) {
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, fmt.Errorf("%s: %w", what, memory.ErrNotFound)
	}
	return &list[0], nil
}

// toDigest reads a stored digest; one that is missing or damaged is zero, which
// no entry has.
func toDigest(b []byte) memory.Digest {
	if len(b) != len(memory.Digest{}) {
		return memory.Digest{}
	}
	return memory.Digest(b)
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

// request is one that was made with a key, and what it wrote.
type request struct {
	actor memory.AgentID
	key   *memory.Idempotency

	hash               []byte
	origin, seq, count int64
}

const sqlIdempotent = `SELECT hash, origin, seq, count FROM idempotency WHERE actor = ? AND key = ?`

func (r *request) args() []any { return []any{string(r.actor), r.key.Key} }

func (r *request) dest() []any { return []any{&r.hash, &r.origin, &r.seq, &r.count} }

// entries are those that it wrote. memory.ErrUnchanged says that there are none, a
// memory.BegunError that they have keys of their own, memory.ErrKeyReused that it is another one,
// and memory.ErrDamaged that nobody can tell any more: then it is not carried out again.
func (r *request) entries(read func(origin, seq int64) (*memory.Entry, error)) ([]*memory.Entry, error) {
	lost := fmt.Errorf("what was written with key %q: %w", r.key.Key, memory.ErrDamaged)
	hash, asked := toDigest(r.hash), r.key.Hash
	nothing := r.origin == 0 && r.count == 0 && hash != memory.Digest{} // of a damaged one nothing is left
	switch {
	case !nothing && r.count <= 0:
		return nil, lost
	case nothing && hash == ofBeginning(asked):
		return nil, fmt.Errorf("key %q: %w", r.key.Key, &memory.BegunError{At: memory.Stamp(r.seq)})
	case nothing:
		asked = ofNothing(asked)
	}
	switch {
	case hash != asked:
		return nil, fmt.Errorf("key %q was used before, for another request: %w", r.key.Key, memory.ErrKeyReused)
	case nothing:
		return nil, fmt.Errorf("key %q: %w", r.key.Key, memory.ErrUnchanged)
	}
	var out []*memory.Entry
	for i := range r.count {
		e, err := read(r.origin, r.seq+i)
		if err != nil {
			return nil, fmt.Errorf("entry of key %q: %w", r.key.Key, err)
		}
		if e.Actor != r.actor { // somebody else's
			return nil, lost
		}
		out = append(out, e)
	}
	return out, nil
}

// ofNothing is kept as the hash of a request that wrote nothing. It is another one than that
// of the request, so that of a damaged row nobody believes that nothing was written.
func ofNothing(hash memory.Digest) memory.Digest { return insteadOf("nothing", hash) }

// ofBeginning is kept as the hash of a request whose writes have keys of their own, with the
// stamp of its beginning in place of a number.
func ofBeginning(hash memory.Digest) memory.Digest { return insteadOf("begun", hash) }

func insteadOf(what string, hash memory.Digest) memory.Digest {
	return sha256.Sum256(append([]byte(what+"\x00"), hash[:]...))
}
