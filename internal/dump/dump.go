// Package dump is the format of a complete export: the log of a node as JSONL,
// with a manifest before the entries and the digest of all lines behind them. It
// knows neither nodes nor HTTP: it makes lines of entries, and entries of lines.
package dump

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/tallystick/tallystick/internal/memory"
)

// What the manifest of a dump says of its format.
const (
	Format  = "tallystick-complete"
	Part    = "tallystick-increment" // what was logged since another dump
	Version = 1
)

// The types of lines.
const (
	typeManifest = "manifest"
	typeEntry    = "entry"
	typeEnd      = "end"
)

// Bounds of reading.
const (
	MaxLine  = 16 << 20 // bytes
	batch    = 256      // entries that are handed on at once
	maxBatch = 1 << 20  // about, bytes of them
)

// Manifest is the first line.
type Manifest struct {
	Type       string         `json:"type"` // manifest
	Format     string         `json:"format"`
	Version    int            `json:"format_version"`
	Tool       string         `json:"tool"`
	Node       memory.Node    `json:"node"`
	Origin     memory.Origin  `json:"origin"`
	ExportedAt memory.Instant `json:"exported_at"`
	Entries    int            `json:"entries"`
	Counts     map[string]int `json:"counts"` // by kind of op; "parked" was refused there
	Hollow     int            `json:"hollow"` // entries whose superseded text is gone
	Heads      memory.Heads   `json:"heads"`
	Digest     memory.Digest  `json:"digest"` // of the state that the entries add up to
	LSN        uint64         `json:"lsn"`    // of the last entry, in the order in which the node logged them
	// After is the LSN behind which a [Part] begins: its entries add up to the state
	// with those before.
	After uint64 `json:"after,omitempty"`
}

// Entry is the line of an entry of the log. Raw is what counts; the rest is for
// people.
type Entry struct {
	Type      string         `json:"type"` // entry
	Dot       memory.Dot     `json:"dot"`
	Stamp     memory.Stamp   `json:"stamp,string"`
	At        memory.Instant `json:"at"`
	Actor     memory.AgentID `json:"actor"`
	Kind      string         `json:"kind"`
	Action    string         `json:"action_kind,omitempty"` // of a proposal: what it asks for
	Prev      []memory.Dot   `json:"prev,omitempty"`
	Digest    memory.Digest  `json:"digest"`
	Hollow    *memory.Dot    `json:"hollow,omitempty"` // what replaced it
	Op        memory.Op      `json:"op,omitempty"`
	Raw       []byte         `json:"raw"` // base64 of the exact bytes
	Embedding *Embedding     `json:"embedding,omitempty"`
}

// Embedding is a vector as base64 of little-endian float32.
type Embedding struct {
	Model  string `json:"model"`
	Vector []byte `json:"vector"`
}

// End is the last line.
type End struct {
	Type   string `json:"type"` // end
	Lines  int    `json:"lines"`
	SHA256 string `json:"sha256"` // of all lines before, line ends included
}

// Error says which line of a dump is not as it was written.
type Error struct {
	Line int // from 1; 0: there is none
	Text string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

func packed(v *memory.Embedding) *Embedding {
	if v == nil {
		return nil
	}
	out := &Embedding{Model: v.Model}
	for _, f := range v.Vector {
		out.Vector = binary.LittleEndian.AppendUint32(out.Vector, math.Float32bits(f))
	}
	return out
}

func (e *Embedding) unpacked() *memory.Embedding {
	if e == nil {
		return nil
	}
	out := &memory.Embedding{Model: e.Model}
	for b := e.Vector; len(b) >= 4; b = b[4:] {
		out.Vector = append(out.Vector, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return out
}
