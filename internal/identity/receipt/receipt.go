package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
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
// to somebody else. The member that issued it has signed the whole of it.
type Receipt struct {
	Version    int           `json:"version"`
	Dot        memory.Dot    `json:"dot"`
	Digest     memory.Digest `json:"digest"`
	Quorum     int           `json:"quorum"` // how many members the writer waited for
	Statements []Signed      `json:"statements"`
	Issued     int64         `json:"issued"` // seconds since 1970
	Credential string        `json:"credential"`
	Chain      string        `json:"chain,omitempty"`
	Signature  []byte        `json:"signature"` // over what Receipt.message returns
}

// Signed is a statement with all that is needed to check it.
type Signed struct {
	Statement  []byte `json:"statement"`
	Signature  []byte `json:"signature"`
	Credential string `json:"credential"` // as the header
	Chain      string `json:"chain,omitempty"`
	// Digests are those of the run in which the op is, one after the other. Members do
	// not send them: who was sent the ops has them.
	Digests []byte `json:"digests,omitempty"`
}

// Digests returns digests one after the other, as a receipt has them.
func Digests(list []memory.Digest) []byte {
	out := make([]byte, 0, len(list)*sha256.Size)
	for i := range list {
		out = append(out, list[i][:]...)
	}
	return out
}

// Issue signs r with a member's key. The credential, the chain and the time must be set.
func (r *Receipt) Issue(key identity.Key) {
	r.Version = version
	r.Signature = key.Sign(r.message())
}

// message is what who issues a receipt signs: "tally receipt v2", a zero byte, and
// everything that is in it, one value a line.
func (r *Receipt) message() []byte {
	lines := []string{
		strconv.Itoa(r.Version), r.Dot.String(), r.Digest.String(), strconv.Itoa(r.Quorum), strconv.FormatInt(r.Issued, 10), r.Credential, r.Chain,
	}
	text := base64.StdEncoding.EncodeToString
	for _, s := range r.Statements {
		lines = append(lines, text(s.Statement), text(s.Signature), s.Credential, s.Chain, text(s.Digests))
	}
	return []byte("tally receipt v2\x00" + strings.Join(lines, "\n"))
}

// Encode returns the text of r.
func (r Receipt) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode receipt: %w", err)
	}
	return append(data, '\n'), nil
}

// Parse reads a receipt, in the one form that [Receipt.Encode] writes. It believes
// nothing yet.
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
	if again, err := r.Encode(); err != nil || !bytes.Equal(again, data) {
		return r, fmt.Errorf("receipt: not as it was written: %w", memory.ErrInvalid)
	}
	return r, nil
}

// Verdict is what a receipt proves.
type Verdict struct {
	// Issuer is the member that issued the receipt and signed all of it; empty if that
	// is not so, and then the receipt proves nothing.
	Issuer identity.Name
	// Holders are the distinct members that signed that they hold the op.
	Holders []identity.Name
	// Members is how many members there were, as all holders have signed.
	Members int
	Epoch   uint64
	// Enough: the holders are as many as the receipt's quorum. Majority: they are more
	// than half of the members. The quorum is the issuer's word; the majority is not.
	Enough, Majority bool
	// Refused are statements that prove nothing, and why.
	Refused []error
}

// Verify judges r by the roots alone: it asks nobody, and needs no clock but to
// refuse what lies in the future. A credential must hold at the time of its
// statement; that it was revoked later, or before, cannot be known here.
func (r Receipt) Verify(roots cred.Roots, now time.Time) Verdict {
	var v Verdict
	issuer, err := Subject(r.Credential, r.Chain, roots, time.Unix(r.Issued, 0), now)
	if err == nil && !issuer.Key.Verify(r.message(), r.Signature) {
		err = identity.Refuse(identity.SignatureBad, "of %s", issuer.Name)
	}
	if err != nil {
		v.Refused = append(v.Refused, fmt.Errorf("the receipt as a whole: %w", err))
	} else {
		v.Issuer = issuer.Name
	}
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
	v.Enough = v.Issuer != "" && len(v.Holders) >= r.Quorum
	v.Majority = v.Issuer != "" && v.Members > 0 && len(v.Holders) > v.Members/2
	return v
}

// Subject is whom the roots vouch for at a time that is not in the future.
func Subject(credential, chain string, roots cred.Roots, at, now time.Time) (cred.Subject, error) {
	c, err := cred.ParseHeader(credential)
	if err != nil {
		return cred.Subject{}, err
	}
	links, err := cred.ParseChainHeader(chain)
	if err != nil {
		return cred.Subject{}, err
	}
	s, err := roots.Verify(c, links, at)
	if err == nil && at.After(now.Add(roots.Skew)) {
		err = identity.Refuse(identity.SignatureFuture, "%s says that it is %s", s.Name, at.UTC().Format(time.RFC3339))
	}
	return s, err
}

// Open checks a statement: that the roots vouch for who signed it, that the statement
// is this member's, and of this federation. What it is about is for the caller.
func (s Signed) Open(roots cred.Roots, now time.Time) (Statement, cred.Subject, error) {
	return s.OpenBy(roots.Domain, func(credential, chain string, at time.Time) (cred.Subject, error) {
		return Subject(credential, chain, roots, at, now)
	})
}

// OpenBy is Open for somebody who knows whom a credential and a chain vouch for at a time.
func (s Signed) OpenBy(
	domain identity.Domain, vouch func(credential, chain string, at time.Time) (cred.Subject, error),
) (Statement, cred.Subject, error) {
	said, err := Decode(s.Statement)
	if err != nil {
		return Statement{}, cred.Subject{}, err
	}
	by, err := vouch(s.Credential, s.Chain, said.At)
	if err != nil {
		return Statement{}, cred.Subject{}, err
	}
	switch {
	case said.Member != by.Name:
		err = identity.Refuse(identity.SenderMismatch, "of %s, with the credential of %s", said.Member, by.Name)
	case said.Domain != domain:
		err = identity.Refuse(identity.CredentialDomain, "of %s, want %s", said.Domain, domain)
	case !by.Key.Verify(message(s.Statement), s.Signature):
		err = identity.Refuse(identity.SignatureBad, "of %s", by.Name)
	}
	return said, by, err
}

// verify checks one statement: who signed it, and that it is about the op.
func (r Receipt) verify(s Signed, roots cred.Roots, now time.Time) (Statement, cred.Subject, error) {
	said, by, err := s.Open(roots, now)
	if err != nil {
		return said, by, err
	}
	for _, run := range said.Held {
		if run.Has(r.Dot) && run.covers(r.Dot, r.Digest, s.Digests) {
			return said, by, nil
		}
	}
	return said, by, fmt.Errorf("%s does not say that it holds %s with this digest: %w", by.Name, r.Dot, memory.ErrInvalid)
}

// covers reports whether digests are those of the run, that of d among them.
func (r Run) covers(d memory.Dot, digest memory.Digest, digests []byte) bool {
	if uint64(len(digests)) != (r.Last-r.First+1)*sha256.Size || sha256.Sum256(digests) != r.Root {
		return false
	}
	at := (d.Seq - r.First) * sha256.Size
	return memory.Digest(digests[at:at+sha256.Size]) == digest
}
