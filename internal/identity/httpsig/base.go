package httpsig

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
)

// component is a line of the signature base: an identifier as it is serialized,
// parameters included, and its value.
type component struct{ id, value string }

// base is what is signed (RFC 9421, 2.5).
func base(components []component, params string) string {
	var b strings.Builder
	for _, c := range components {
		b.WriteString(c.id + ": " + c.value + "\n")
	}
	b.WriteString(`"@signature-params": ` + params)
	return b.String()
}

// list is the inner list of the identifiers of components.
func list(components []component) string {
	ids := make([]string, len(components))
	for i, c := range components {
		ids[i] = c.id
	}
	return "(" + strings.Join(ids, " ") + ")"
}

const (
	label     = "tally"
	tag       = "tally-peer"
	nonceSize = 16
	maxInput  = 512 // bytes of Signature-Input
)

// params are the parameters of a signature.
type params struct {
	created int64
	keyID   identity.KeyID
	nonce   string
}

func (p params) over(components []component) string {
	return list(components) + ";created=" + strconv.FormatInt(p.created, 10) +
		`;keyid="` + string(p.keyID) + `";nonce="` + p.nonce + `";tag="` + tag + `"`
}

// parseInput reads the value of Signature-Input. It takes only what this package
// writes for the same components.
func parseInput(value string, components []component) (params, error) {
	var p params
	malformed := func(what string) (params, error) {
		return params{}, identity.Refuse(identity.SignatureMalformed, "Signature-Input: %s", what)
	}
	if len(value) > maxInput {
		return malformed("too long")
	}
	rest, ok := strings.CutPrefix(value, label+"="+list(components)+";created=")
	if !ok {
		return malformed("other components than " + list(components))
	}
	created, rest, ok := strings.Cut(rest, `;keyid="`)
	if !ok {
		return malformed("no keyid behind created")
	}
	n, err := strconv.ParseInt(created, 10, 64)
	if err != nil || n < 0 || n > lastSecond || strconv.FormatInt(n, 10) != created {
		return malformed("created is no time")
	}
	keyID, rest, ok := strings.Cut(rest, `";nonce="`)
	if !ok || identity.KeyID(keyID).Valid() != nil {
		return malformed("keyid is no fingerprint")
	}
	nonce, rest, ok := strings.Cut(rest, `";tag="`)
	if !ok || !validNonce(nonce) {
		return malformed("nonce is none")
	}
	if rest != tag+`"` {
		return malformed("another tag than " + tag)
	}
	p.created, p.keyID, p.nonce = n, identity.KeyID(keyID), nonce
	return p, nil
}

const lastSecond = 253402300799 // of the year 9999

func validNonce(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == nonceSize && base64.RawURLEncoding.EncodeToString(b) == s
}

// parseSignature reads the value of Signature.
func parseSignature(value string) ([]byte, error) {
	text, ok := strings.CutPrefix(value, label+"=:")
	text, end := strings.CutSuffix(text, ":")
	sig, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || !end || err != nil || formatSignature(sig) != value || len(sig) != signatureSize {
		return nil, identity.Refuse(identity.SignatureMalformed, "Signature: want %s=:base64 of %d bytes:", label, signatureSize)
	}
	return sig, nil
}

const signatureSize = 64

func formatSignature(sig []byte) string {
	return label + "=:" + base64.StdEncoding.EncodeToString(sig) + ":"
}

func formatDigest(d [32]byte) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(d[:]) + ":"
}

func (p params) time() time.Time { return time.Unix(p.created, 0) }
