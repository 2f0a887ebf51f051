package receipt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/memory"
)

// Limits of a receipt.
const (
	MaxFile       = 8 << 20 // bytes
	MaxStatements = 64
)

// Receipt is the statements of members about one op, as a file that can be handed
// to somebody else.
type Receipt struct {
	Version    int           `json:"version"`
	Dot        memory.Dot    `json:"dot"`
	Digest     memory.Digest `json:"digest"`
	Quorum     int           `json:"quorum"` // how many members the writer waited for
	Statements []Signed      `json:"statements"`
}

// Signed is a statement with all that is needed to check it.
type Signed struct {
	Statement  []byte `json:"statement"`
	Signature  []byte `json:"signature"`
	Credential string `json:"credential"` // as the header
	Chain      string `json:"chain,omitempty"`
}

// Encode returns the text of r.
func (r Receipt) Encode() ([]byte, error) {
	r.Version = version
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode receipt: %w", err)
	}
	return append(data, '\n'), nil
}

// Parse reads a receipt. It believes nothing yet.
func Parse(data []byte) (Receipt, error) {
	var r Receipt
	if len(data) > MaxFile {
		return r, fmt.Errorf("receipt of %d bytes, limit %d: %w", len(data), MaxFile, memory.ErrInvalid)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("receipt: %w: %w", err, memory.ErrInvalid)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, fmt.Errorf("receipt: something behind it: %w", memory.ErrInvalid)
	}
	if r.Version != version || r.Quorum < 1 || len(r.Statements) > MaxStatements {
		return r, fmt.Errorf("receipt of version %d, a quorum of %d, %d statements: %w", r.Version, r.Quorum, len(r.Statements), memory.ErrInvalid)
	}
	if err := r.Dot.Valid(); err != nil {
		return r, fmt.Errorf("receipt: %w", err)
	}
	return r, nil
}

// Verdict is what a receipt proves.
type Verdict struct {
	// Holders are the distinct members that signed that they hold the op.
	Holders []identity.Name
	// Members is how many members there were, as all holders have signed.
	Members int
	Epoch   uint64
	// Enough: the holders are as many as the receipt's quorum. Majority: they are more
	// than half of the members. The quorum is the writer's word; the majority is not.
	Enough, Majority bool
	// Refused are statements that prove nothing, and why.
	Refused []error
}

// Verify judges r by the roots alone: it asks nobody, and needs no clock but to
// refuse what lies in the future. A credential must hold at the time of its
// statement; that it was revoked later, or before, cannot be known here.
func (r Receipt) Verify(roots cred.Roots, now time.Time) Verdict {
	var v Verdict
	keys := map[identity.PublicKey]bool{}
	names := map[identity.Name]bool{}
	for i, s := range r.Statements {
		said, subject, err := r.verify(s, roots, now)
		switch {
		case err != nil:
		case names[subject.Name] || keys[subject.Key]:
			err = fmt.Errorf("%s is counted already: %w", subject.Name, memory.ErrInvalid)
		case len(v.Holders) > 0 && (said.Members != v.Members || said.Epoch != v.Epoch):
			err = fmt.Errorf("%s goes by epoch %d of %d members, others by epoch %d of %d: %w",
				subject.Name, said.Epoch, said.Members, v.Epoch, v.Members, memory.ErrInvalid)
		}
		if err != nil {
			v.Refused = append(v.Refused, fmt.Errorf("statement %d: %w", i+1, err))
			continue
		}
		names[subject.Name], keys[subject.Key] = true, true
		v.Members, v.Epoch = said.Members, said.Epoch
		v.Holders = append(v.Holders, subject.Name)
	}
	v.Enough = len(v.Holders) >= r.Quorum
	v.Majority = v.Members > 0 && len(v.Holders) > v.Members/2
	return v
}

// verify checks one statement: who signed it, and that it is about the op.
func (r Receipt) verify(s Signed, roots cred.Roots, now time.Time) (Statement, cred.Subject, error) {
	said, err := Decode(s.Statement)
	if err != nil {
		return Statement{}, cred.Subject{}, err
	}
	c, err := cred.ParseHeader(s.Credential)
	if err != nil {
		return Statement{}, cred.Subject{}, err
	}
	chain, err := cred.ParseChainHeader(s.Chain)
	if err != nil {
		return Statement{}, cred.Subject{}, err
	}
	subject, err := roots.Verify(c, chain, said.At)
	if err != nil {
		return Statement{}, cred.Subject{}, err
	}
	switch {
	case said.At.After(now.Add(roots.Skew)):
		err = identity.Refuse(identity.SignatureFuture, "%s says that it is %s", said.Member, said.At.UTC().Format(time.RFC3339))
	case said.Member != subject.Name:
		err = identity.Refuse(identity.SenderMismatch, "of %s, with the credential of %s", said.Member, subject.Name)
	case said.Domain != roots.Domain:
		err = identity.Refuse(identity.CredentialDomain, "of %s, want %s", said.Domain, roots.Domain)
	case !subject.Key.Verify(message(s.Statement), s.Signature):
		err = identity.Refuse(identity.SignatureBad, "of %s", subject.Name)
	case !slices.Contains(said.Held, Held{Dot: r.Dot, Digest: r.Digest}):
		err = fmt.Errorf("%s does not say that it holds %s with this digest: %w", subject.Name, r.Dot, memory.ErrInvalid)
	}
	return said, subject, err
}
