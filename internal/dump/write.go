package dump

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"

	"github.com/tallystick/tallystick/internal/memory"
)

// Writer makes the lines of a dump. Call Manifest, Entry for each entry, End.
type Writer struct {
	line  func(string)
	sum   hash.Hash
	lines int
}

// NewWriter calls line for each line, with its end.
func NewWriter(line func(string)) *Writer { return &Writer{line: line, sum: sha256.New()} }

func (w *Writer) put(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a line of an export: %w", err)
	}
	b = append(b, '\n')
	w.sum.Write(b)
	w.lines++
	w.line(string(b))
	return nil
}

// ManifestOf is the first line of a dump of what a node has logged behind an LSN.
func ManifestOf(inv memory.Inventory, after uint64) Manifest {
	counts := map[string]int{}
	for k, n := range inv.Kinds {
		name := k.String()
		if k == 0 {
			name = "parked"
		}
		counts[name] = n
	}
	return Manifest{Entries: inv.Entries, Counts: counts, Hollow: inv.Hollow, Heads: inv.View.Heads, Digest: inv.View.Root, LSN: inv.View.LSN, After: after}
}

// Manifest writes the first line; its type, format and version are filled in.
func (w *Writer) Manifest(m Manifest) error {
	m.Type, m.Format, m.Version = typeManifest, Format, Version
	if m.After > 0 {
		m.Format = Part
	}
	return w.put(m)
}

// Entry writes an entry of the log as its bytes; e is what they say, nil if that
// cannot be read.
func (w *Writer) Entry(raw []byte, e *memory.Entry, v *memory.Embedding) error {
	line := Entry{Type: typeEntry, Kind: "unknown", Raw: raw, Digest: sha256.Sum256(raw), Embedding: packed(v)}
	if e == nil {
		return w.put(line)
	}
	line.Dot, line.Stamp, line.At, line.Actor, line.Prev = e.Dot, e.Stamp, e.Stamp.Instant(), e.Actor, e.Prev
	if e.Op == nil {
		return w.put(line)
	}
	line.Kind, line.Op, line.Digest = e.Op.Kind().String(), e.Op, e.Digest
	if p, is := e.Op.(*memory.Propose); is && p.Action != nil {
		line.Action = p.Action.Kind().String()
	}
	if !e.Hollow.IsZero() {
		line.Hollow = &e.Hollow
	}
	return w.put(line)
}

// End writes the last line.
func (w *Writer) End() error {
	return w.put(End{Type: typeEnd, Lines: w.lines, SHA256: hex.EncodeToString(w.sum.Sum(nil))})
}
