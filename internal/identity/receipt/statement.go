// Package receipt makes and checks what a third party can check: a member's signed
// statement that it holds certain ops, and a receipt, which is the statements of
// enough members about one op. Checking needs the public key of the federation's root
// and nothing else; docs/receipt_verify.py does the same.
//
// The bytes of a statement are CBOR in its one canonical encoding, with keys in this
// order:
//
//	{v: 2, domain, member, epoch, members, at, held: [[origin, first, last, root], …]}
//
// and its signature is of the member's key over "tally held v2", a zero byte, and
// those bytes. Members sign batches: one statement is about all ops of a push, as runs
// of consecutive numbers, and the root of a run is the SHA-256 of the digests of its
// ops, one after the other.
package receipt

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/strictcbor"
	"github.com/tallystick/tallystick/internal/memory"
)

// Limits, checked before anything is parsed.
const (
	MaxRuns      = 256      // in a statement
	MaxRun       = 1024     // ops in a run
	MaxStatement = 32 << 10 // bytes
)

const (
	version = 2
	context = "tally held v2\x00"
)

// Statement is what a member says: at this time it held these ops, on its disk.
type Statement struct {
	Domain  identity.Domain
	Member  identity.Name
	Epoch   uint64 // of the membership that the member went by; 0 is one that is configured
	Members int    // how many members that membership has
	At      time.Time
	Held    []Run
}

// Run is ops of one origin with consecutive numbers.
type Run struct {
	Origin      memory.Origin
	First, Last uint64
	Root        memory.Digest // RootOf the digests of the ops
}

// Has reports whether d is one of the ops.
func (r Run) Has(d memory.Dot) bool {
	return d.Origin == r.Origin && d.Seq >= r.First && d.Seq <= r.Last
}

// RootOf is what a run of ops with these digests is signed by.
func RootOf(digests []memory.Digest) memory.Digest {
	h := sha256.New()
	for i := range digests {
		h.Write(digests[i][:])
	}
	return memory.Digest(h.Sum(nil))
}

// statementBytes is a statement as it is written.
type statementBytes struct {
	V       uint64          `cbor:"v"`
	Domain  identity.Domain `cbor:"domain"`
	Member  identity.Name   `cbor:"member"`
	Epoch   uint64          `cbor:"epoch"`
	Members uint64          `cbor:"members"`
	At      int64           `cbor:"at"` // seconds since 1970
	Held    []runBytes      `cbor:"held"`
}

type runBytes struct {
	_      struct{} `cbor:",toarray"`
	Origin memory.Origin
	First  uint64
	Last   uint64
	Root   memory.Digest
}

// Encode returns the bytes of s.
func (s Statement) Encode() ([]byte, error) {
	b := statementBytes{
		V: version, Domain: s.Domain, Member: s.Member, Epoch: s.Epoch, Members: uint64(s.Members), At: s.At.Unix(),
		Held: make([]runBytes, len(s.Held)),
	}
	for i, r := range s.Held {
		b.Held[i] = runBytes{Origin: r.Origin, First: r.First, Last: r.Last, Root: r.Root}
	}
	data, err := strictcbor.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode statement: %w", err)
	}
	if _, err := Decode(data); err != nil {
		return nil, fmt.Errorf("encode statement: %w", err)
	}
	return data, nil
}

// Decode reads the bytes of a statement. It believes nothing yet.
func Decode(data []byte) (Statement, error) {
	var b statementBytes
	if err := strictcbor.Unmarshal(data, MaxStatement, &b); err != nil {
		return Statement{}, fmt.Errorf("statement: %w", err)
	}
	if b.V != version {
		return Statement{}, fmt.Errorf("statement of version %d, want %d: %w", b.V, version, memory.ErrInvalid)
	}
	if err := b.Domain.Valid(); err != nil {
		return Statement{}, fmt.Errorf("statement: %w", err)
	}
	if err := b.Member.Valid(); err != nil {
		return Statement{}, fmt.Errorf("statement: %w", err)
	}
	if n := len(b.Held); n == 0 || n > MaxRuns || b.Members == 0 || b.Members > 1<<16 || b.At < 0 || b.At > lastSecond {
		return Statement{}, fmt.Errorf("statement about %d runs, of one of %d members, at %d: %w", n, b.Members, b.At, memory.ErrInvalid)
	}
	s := Statement{
		Domain: b.Domain, Member: b.Member, Epoch: b.Epoch, Members: int(b.Members), At: time.Unix(b.At, 0),
		Held: make([]Run, len(b.Held)),
	}
	for i, r := range b.Held {
		if r.Origin.Valid() != nil || r.First == 0 || r.Last < r.First || r.Last-r.First >= MaxRun {
			return Statement{}, fmt.Errorf("statement about %.80q from %d to %d: %w", r.Origin, r.First, r.Last, memory.ErrInvalid)
		}
		s.Held[i] = Run{Origin: r.Origin, First: r.First, Last: r.Last, Root: r.Root}
	}
	return s, nil
}

const lastSecond = 253402300799 // of the year 9999

// Sign returns a member's signature of the bytes of a statement.
func Sign(key identity.Key, statement []byte) []byte { return key.Sign(message(statement)) }

func message(statement []byte) []byte { return append([]byte(context), statement...) }
