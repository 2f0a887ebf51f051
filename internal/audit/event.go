package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind is what an event is about.
type Kind string

// Kinds of events.
const (
	Opened      Kind = "opened"       // the first row; its subject is the public key
	SigningKey  Kind = "signing_key"  // from the next row on another key signs; its subject
	TornTail    Kind = "torn_tail"    // a part of a row was cut off after a crash
	Refusal     Kind = "refusal"      // of an op, a request or an outbound call
	AuthFailure Kind = "auth_failure" // somebody is not who they say
	KeyChange   Kind = "key_change"   // a key or certificate was made, renewed or revoked
	Membership  Kind = "membership"   // a member was added, removed or changed
	Decision    Kind = "decision"     // of a proposal, or by an administrator
	Erasure     Kind = "erasure"
	Export      Kind = "export" // of everything
	Secret      Kind = "secret" // one was found in a memory
)

// Limits of an event, in bytes. Longer texts are cut.
const (
	maxText   = 256
	maxDetail = 1024
)

// MaxRow bounds a row of the log, in bytes.
const MaxRow = 8 << 10

// Event is something that an operator may have to answer for. It never holds a
// secret or the text of a memory.
type Event struct {
	At      time.Time `json:"at"`
	Kind    Kind      `json:"kind"`
	Actor   string    `json:"actor,omitempty"`   // who did it, or tried
	Subject string    `json:"subject,omitempty"` // what it was about
	Tag     string    `json:"tag,omitempty"`     // how it ended, as a stable word
	Detail  string    `json:"detail,omitempty"`
	Count   int       `json:"count,omitempty"` // how many alike it stands for, if more than one
}

// encode returns e as one line of JSON.
func (e Event) encode() ([]byte, error) {
	e.At = e.At.UTC()
	e.Actor, e.Subject, e.Tag = cut(e.Actor, maxText), cut(e.Subject, maxText), cut(e.Tag, maxText)
	e.Kind, e.Detail = Kind(cut(string(e.Kind), maxText)), cut(e.Detail, maxDetail)
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return b, nil
}

// cut returns s as valid UTF-8 of at most n bytes.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
