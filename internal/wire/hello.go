package wire

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Hello is what a node says of itself before anything else. It is JSON, so that
// anybody can read it, and may have fields that a reader does not know.
type Hello struct {
	Protocol    []int          `json:"protocol"`
	Member      memory.Node    `json:"member"`
	Incarnation string         `json:"incarnation"`
	Time        memory.Instant `json:"time"`
	Limits      Limits         `json:"limits"`
	Features    []string       `json:"features"`
}

// Limits are what a node takes in one message.
type Limits struct {
	Ops   int `json:"ops"`
	Bytes int `json:"bytes"`
}

const maxHello = 64 << 10

// EncodeHello returns the bytes of h, with this package's protocol and limits.
func EncodeHello(h Hello) ([]byte, error) {
	h.Protocol = []int{Version}
	h.Limits = Limits{Ops: MaxOps, Bytes: MaxBody}
	if h.Features == nil {
		h.Features = []string{}
	}
	return json.Marshal(h)
}

// DecodeHello reads a hello of a node that speaks this package's protocol.
func DecodeHello(data []byte) (Hello, error) {
	var h Hello
	if len(data) > maxHello {
		return h, invalid("hello: %d bytes, limit %d", len(data), maxHello)
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return h, invalid("hello: %w", err)
	}
	if !slices.Contains(h.Protocol, Version) {
		return h, invalid("hello: protocols %v, want %d among them", h.Protocol, Version)
	}
	if err := h.Member.Valid(); err != nil {
		return h, fmt.Errorf("hello: %w", err)
	}
	if h.Limits.Ops < 1 || h.Limits.Bytes < 1 {
		return h, invalid("hello: limits of %d ops and %d bytes", h.Limits.Ops, h.Limits.Bytes)
	}
	return h, nil
}
