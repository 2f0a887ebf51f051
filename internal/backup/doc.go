// Package backup is a folder of dumps: a base, which is a complete export, and
// increments, each what a node has logged since the one before, with an index that
// has the digest of each file. Files are only ever added. It knows neither nodes nor
// HTTP: where dumps come from, and what decodes entries, is given to it.
package backup

import (
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// IndexFile is the name of the index in the folder of a backup.
const IndexFile = "backup.json"

// What the index says of its format.
const (
	format  = "tallystick-backup"
	version = 1
)

// Index lists the files of a backup, the oldest first. Each base begins anew.
type Index struct {
	Format  string `json:"format"`
	Version int    `json:"format_version"`
	// Sum is the SHA-256 of the index, as it is in the folder, with zeros in this place.
	// Those of earlier programs have none.
	Sum   string      `json:"sum,omitempty"`
	Node  memory.Node `json:"node"`
	Files []File      `json:"files"`
}

// File is a dump in the folder, and what it and those before it, from the last base
// on, add up to.
type File struct {
	Name    string         `json:"file"`
	Base    bool           `json:"base"`
	After   uint64         `json:"after_lsn"`
	LSN     uint64         `json:"lsn"`
	Origin  memory.Origin  `json:"origin"`
	TakenAt memory.Instant `json:"taken_at"`
	Entries int            `json:"entries"` // in this file
	Bytes   int64          `json:"bytes"`
	SHA256  string         `json:"sha256"` // of the file
	Digest  memory.Digest  `json:"digest"` // of the state
	Heads   memory.Heads   `json:"heads"`
	// Ahead are the digests of entries that lie beyond holes in what is there of their
	// origins.
	Ahead ahead `json:"ahead,omitempty"`
}

type ahead map[memory.Origin]map[uint64]memory.Digest

// Last is the newest file, nil if there is none.
func (x *Index) Last() *File {
	if len(x.Files) == 0 {
		return nil
	}
	return &x.Files[len(x.Files)-1]
}

// Chain are the files that a restore reads: the last base, and what follows it.
func (x *Index) Chain() []File {
	for i, f := range slices.Backward(x.Files) {
		if f.Base {
			return x.Files[i:]
		}
	}
	return nil
}
