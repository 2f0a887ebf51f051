package storetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// FileDamage is a kind of damage to the files of a database whose node does not run, as a disk
// does it.
type FileDamage int

// The kinds. Those of the log want a node that was killed.
const (
	PageZeroed FileDamage = 1 + iota
	PageOfAnother
	PageFlipped
	FileTruncated
	HeadFlipped
	LogTruncated
	LogFlipped
	LogGone
)

const pageBytes = 4096

// Files are those of a database: what it is, what was written last, and where that is.
type Files struct{ Database, Log, Index string }

// OfLog reports whether it is the log of the database that is damaged: what was written last may be
// lost then, and nothing on the disk says so.
func (k FileDamage) OfLog() bool { return k >= LogTruncated }

// Do damages files, and says how.
func (k FileDamage) Do(t *testing.T, rng *rand.Rand, f Files) string {
	t.Helper()
	h := &harm{t: t, rng: rng}
	switch k {
	case PageZeroed:
		h.file(f.Database, func(b []byte) []byte {
			n, at := h.page(b)
			h.note("page %d is zero", n)
			clear(at)
			return b
		})
	case PageOfAnother:
		h.file(f.Database, func(b []byte) []byte {
			n, at := h.page(b)
			from, of := h.page(b)
			h.note("page %d is page %d", n, from)
			copy(at, of)
			return b
		})
	case PageFlipped:
		h.file(f.Database, func(b []byte) []byte {
			n, _ := h.page(b)
			return h.flip(b, (n-1)*pageBytes, n*pageBytes, 8)
		})
	case FileTruncated:
		h.file(f.Database, func(b []byte) []byte {
			size := []int{len(b) - pageBytes, len(b) - 1, rng.IntN(len(b)), rng.IntN(len(b)/pageBytes) * pageBytes}[rng.IntN(4)]
			h.note("%d bytes of %d are left", size, len(b))
			return b[:size]
		})
	case HeadFlipped:
		h.file(f.Database, func(b []byte) []byte { return h.flip(b, 0, 100, 2) })
	case LogTruncated:
		h.file(f.Log, func(b []byte) []byte {
			size := rng.IntN(len(b))
			h.note("%d bytes of %d of the log are left", size, len(b))
			return b[:size]
		})
	case LogFlipped:
		h.file(f.Log, func(b []byte) []byte { return h.flip(b, 0, len(b), 2) })
	case LogGone:
		h.note("the log is gone")
		if err := os.Remove(f.Log); err != nil {
			t.Fatal(err)
		}
	}
	if k.OfLog() && rng.IntN(2) == 0 {
		h.note("so is its index:")
		h.file(f.Index, func(b []byte) []byte { return h.flip(b, 0, len(b), 9) })
	}
	return strings.Join(h.did, ", ")
}

type harm struct {
	t   *testing.T
	rng *rand.Rand
	did []string
}

func (h *harm) note(format string, args ...any) { h.did = append(h.did, fmt.Sprintf(format, args...)) }

func (h *harm) file(name string, change func([]byte) []byte) {
	h.t.Helper()
	raw, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(name, change(raw), 0o600)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// page is one behind the first, by its number.
func (h *harm) page(b []byte) (number int, page []byte) {
	n := 1 + h.rng.IntN(len(b)/pageBytes-1)
	return n + 1, b[n*pageBytes:][:pageBytes]
}

// flip changes some bytes from low up to high.
func (h *harm) flip(b []byte, low, high, most int) []byte {
	for range 1 + h.rng.IntN(most) {
		at := low + h.rng.IntN(high-low)
		h.note("byte %d (page %d)", at, at/pageBytes+1)
		b[at] ^= byte(1 + h.rng.IntN(255))
	}
	return b
}
