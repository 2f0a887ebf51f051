package httpsig

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
)

// Names of the headers.
const (
	HeaderInput     = "Signature-Input"
	HeaderSignature = "Signature"
	HeaderDigest    = "Content-Digest"
	HeaderTo        = "X-Peer-To"
	HeaderType      = "Content-Type"
)

// Header is a set of header fields, such as net/http's Header, or its Trailer.
type Header interface {
	Values(name string) []string
	Set(name, value string)
}

// Request is a request that is signed, as it is on the wire. Its header must hold
// one [HeaderTo] and one [HeaderType], also if there is no body.
type Request struct {
	Method string
	Path   string   // escaped; "" is "/"
	Query  string   // raw, without '?'
	Digest [32]byte // SHA-256 of the body
	Header Header
}

// Reply is an answer that is signed.
type Reply struct {
	Status int
	Digest [32]byte // SHA-256 of the body
	Header Header   // where the signature is or goes: header or trailer
	// To is the signature of the request that it answers.
	To []byte
}

// Signature is a signature that was made, or checked against a key.
type Signature struct {
	KeyID   identity.KeyID
	Nonce   string
	Created time.Time
	Bytes   []byte
}

// SignRequest signs r, and sets [HeaderDigest], [HeaderInput] and [HeaderSignature].
func SignRequest(r Request, key identity.Key, now time.Time) (Signature, error) {
	r.Header.Set(HeaderDigest, formatDigest(r.Digest))
	components, err := r.components()
	if err != nil {
		return Signature{}, fmt.Errorf("sign request: %w", err)
	}
	return sign(components, r.Header, key, now), nil
}

// SignReply signs r, and sets [HeaderDigest], [HeaderInput] and [HeaderSignature].
func SignReply(r Reply, key identity.Key, now time.Time) (Signature, error) {
	r.Header.Set(HeaderDigest, formatDigest(r.Digest))
	components, err := r.components()
	if err != nil {
		return Signature{}, fmt.Errorf("sign reply: %w", err)
	}
	return sign(components, r.Header, key, now), nil
}

func sign(components []component, h Header, key identity.Key, now time.Time) Signature {
	var nonce [nonceSize]byte
	_, _ = rand.Read(nonce[:]) // never fails: it ends the program instead
	p := params{created: now.Unix(), keyID: key.Public().ID(), nonce: base64.RawURLEncoding.EncodeToString(nonce[:])}
	text := p.over(components)
	sig := key.Sign([]byte(base(components, text)))
	h.Set(HeaderInput, label+"="+text)
	h.Set(HeaderSignature, formatSignature(sig))
	return Signature{KeyID: p.keyID, Nonce: p.nonce, Created: p.time(), Bytes: sig}
}

func (r Request) components() ([]component, error) {
	path := r.Path
	if path == "" {
		path = "/"
	}
	out := []component{{`"@method"`, r.Method}, {`"@path"`, path}, {`"@query"`, "?" + r.Query}}
	for _, c := range out {
		// What is not escaped could look like lines of its own.
		if i := strings.IndexFunc(c.value, func(c rune) bool { return c <= ' ' || c > '~' }); i >= 0 {
			return nil, identity.Refuse(identity.SignatureMalformed, "%s is not escaped", c.id)
		}
	}
	return withFields(out, r.Header, [][2]string{
		{`"x-peer-to"`, HeaderTo}, {`"content-digest"`, HeaderDigest}, {`"content-type"`, HeaderType},
	})
}

func (r Reply) components() ([]component, error) {
	if len(r.To) != signatureSize {
		return nil, identity.Refuse(identity.SignatureMissing, "the request had none")
	}
	out := []component{{`"@status"`, strconv.Itoa(r.Status)}}
	out, err := withFields(out, r.Header, [][2]string{{`"content-digest"`, HeaderDigest}})
	return append(out, component{`"signature";req;key="` + label + `"`, ":" + base64.StdEncoding.EncodeToString(r.To) + ":"}), err
}

// withFields appends header fields. Each must be there once: what several of them
// mean together is nothing that a signature should leave open.
func withFields(out []component, h Header, fields [][2]string) ([]component, error) {
	for _, f := range fields {
		value, err := one(h, f[1])
		if err != nil {
			return nil, err
		}
		out = append(out, component{f[0], value})
	}
	return out, nil
}

const maxField = 512

func one(h Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) == 0 {
		return "", identity.Refuse(identity.SignatureMissing, "%s is missing", name)
	}
	if len(values) > 1 {
		return "", identity.Refuse(identity.SignatureMalformed, "%s is there %d times", name, len(values))
	}
	v := values[0]
	if v == "" || len(v) > maxField || v[0] == ' ' || v[len(v)-1] == ' ' {
		return "", identity.Refuse(identity.SignatureMalformed, "%s of %d bytes", name, len(v))
	}
	for _, c := range []byte(v) {
		if c < ' ' || c > '~' {
			return "", identity.Refuse(identity.SignatureMalformed, "%s holds byte %#x", name, c)
		}
	}
	return v, nil
}
