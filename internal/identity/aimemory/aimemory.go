// Package aimemory makes and checks the signatures that ai-memory 0.7 puts on what
// its nodes send each other. They cover the body and a nonce and nothing else: not
// the path, not the receiver, not a time. So a receiver must remember every nonce
// of a sender, and this is only for members that cannot do better; see httpsig.
package aimemory

import (
	"encoding/base64"
	"strings"

	"github.com/tallystick/tallystick/internal/identity"
)

// Names of the headers.
const (
	HeaderSignature = "X-Memory-Sig"
	HeaderNonce     = "X-Memory-Nonce"
	HeaderPeer      = "X-Peer-Id"
)

// Refusals, by the words that ai-memory answers with.
const (
	SignatureMissing   identity.Tag = "x_memory_sig_missing"
	SignatureMalformed identity.Tag = "x_memory_sig_malformed"
	UnknownAlgorithm   identity.Tag = "x_memory_sig_unknown_algorithm"
	SignatureBad       identity.Tag = "x_memory_sig_bad_signature"
	NoEnrolledKey      identity.Tag = "x_memory_sig_no_enrolled_key"
	NonceMissing       identity.Tag = "x_memory_nonce_missing"
	NonceReplay        identity.Tag = "x_memory_nonce_replay"
)

const (
	algorithm = "ed25519"
	maxHeader = 256
	maxNonce  = 128
)

// PullBytes is what stands for the body of a GET request.
func PullBytes(method, path, rawQuery string) []byte {
	return []byte(method + "\n" + path + "\n" + rawQuery)
}

// Sign returns the value of [HeaderSignature] for a body and the value of [HeaderNonce].
func Sign(key identity.Key, body []byte, nonce string) string {
	return algorithm + "=" + base64.StdEncoding.EncodeToString(key.Sign(message(body, nonce)))
}

// message is what is signed: a body, a zero byte and the nonce; the body alone if
// there is no nonce.
func message(body []byte, nonce string) []byte {
	if nonce == "" {
		return body
	}
	out := make([]byte, 0, len(body)+1+len(nonce))
	return append(append(append(out, body...), 0), nonce...)
}

// Verify checks the value of [HeaderSignature] against a sender's key. A nonce is
// required; that it is a new one is for the caller to see. Every error is an
// [identity.Refusal].
func Verify(key identity.PublicKey, header string, body []byte, nonce string) error {
	if header == "" {
		return identity.Refuse(SignatureMissing, "")
	}
	if len(header) > maxHeader {
		return identity.Refuse(SignatureMalformed, "header of %d bytes, limit %d", len(header), maxHeader)
	}
	first, _, _ := strings.Cut(header, ";")
	name, text, ok := strings.Cut(strings.TrimSpace(first), "=")
	if !ok {
		return identity.Refuse(SignatureMalformed, "want %s=base64", algorithm)
	}
	if name != algorithm {
		return identity.Refuse(UnknownAlgorithm, "%.20q", name)
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(sig) != 64 {
		return identity.Refuse(SignatureMalformed, "want base64 of 64 bytes")
	}
	if nonce == "" {
		return identity.Refuse(NonceMissing, "")
	}
	if len(nonce) > maxNonce {
		return identity.Refuse(SignatureMalformed, "nonce of %d bytes, limit %d", len(nonce), maxNonce)
	}
	if !key.Verify(message(body, nonce), sig) {
		return identity.Refuse(SignatureBad, "of key %.16s…", key.ID())
	}
	return nil
}
