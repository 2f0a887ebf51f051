// Package receipt makes and checks what a third party can check: a member's signed
// statement that it holds certain ops, and a receipt, which is the statements of
// enough members about one op. Checking needs the public key of the federation's root
// and nothing else; docs/receipt_verify.py does the same.
//
// The bytes of a statement are CBOR in its one canonical encoding, with keys in this
// order:
//
//	{v: 1, domain, member, epoch, members, at, held: [[dot, digest], …]}
//
// and its signature is of the member's key over "tally held v1", a zero byte, and
// those bytes. Members sign batches: one statement is about all ops of a push.
package receipt

import (
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/strictcbor"
	"github.com/tallystick/tallystick/internal/memory"
)

// Limits, checked before anything is parsed.
const (
	MaxHeld      = 1024      // ops in a statement
	MaxStatement = 192 << 10 // bytes
)

const (
	version = 1
	context = "tally held v1\x00"
)

// Statement is what a member says: at this time it held these ops, on its disk.
type Statement struct {
	Domain  identity.Domain
	Member  identity.Name
	Epoch   uint64 // of the membership that the member went by; 0 is one that is configured
	Members int    // how many members that membership has
	At      time.Time
	Held    []Held
}

// Held is an op by its dot, and the digest under which it is held.
type Held struct {
	Dot    memory.Dot
	Digest memory.Digest
}

// statementBytes is a statement as it is written.
type statementBytes struct {
	V       uint64          `cbor:"v"`
	Domain  identity.Domain `cbor:"domain"`
	Member  identity.Name   `cbor:"member"`
	Epoch   uint64          `cbor:"epoch"`
	Members uint64          `cbor:"members"`
	At      int64           `cbor:"at"` // seconds since 1970
	Held    []heldBytes     `cbor:"held"`
}

type heldBytes struct {
	_      struct{} `cbor:",toarray"`
	Dot    string
	Digest memory.Digest
}

// Encode returns the bytes of s.
func (s Statement) Encode() ([]byte, error) {
	b := statementBytes{
		V: version, Domain: s.Domain, Member: s.Member, Epoch: s.Epoch, Members: uint64(s.Members), At: s.At.Unix(),
		Held: make([]heldBytes, len(s.Held)),
	}
	for i, h := range s.Held {
		b.Held[i] = heldBytes{Dot: h.Dot.String(), Digest: h.Digest}
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
	if n := len(b.Held); n == 0 || n > MaxHeld || b.Members == 0 || b.Members > 1<<16 || b.At < 0 || b.At > lastSecond {
		return Statement{}, fmt.Errorf("statement about %d ops, of one of %d members, at %d: %w", n, b.Members, b.At, memory.ErrInvalid)
	}
	s := Statement{
		Domain: b.Domain, Member: b.Member, Epoch: b.Epoch, Members: int(b.Members), At: time.Unix(b.At, 0),
		Held: make([]Held, len(b.Held)),
	}
	for i, h := range b.Held {
		dot, err := memory.ParseDot(h.Dot)
		if err != nil || dot.String() != h.Dot {
			return Statement{}, fmt.Errorf("statement about %.80q: %w", h.Dot, memory.ErrInvalid)
		}
		s.Held[i] = Held{Dot: dot, Digest: h.Digest}
	}
	return s, nil
}

const lastSecond = 253402300799 // of the year 9999

// Sign returns a member's signature of the bytes of a statement.
func Sign(key identity.Key, statement []byte) []byte { return key.Sign(message(statement)) }

func message(statement []byte) []byte { return append([]byte(context), statement...) }
