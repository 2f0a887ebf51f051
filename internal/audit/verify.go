package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/tallystick/tallystick/internal/identity"
)

// Fault is what is wrong with a row.
type Fault string

// Faults.
const (
	Changed  Fault = "changed"  // the bytes of a row are not those that were signed
	Missing  Fault = "missing"  // rows that must have been there are not
	Moved    Fault = "moved"    // a row is at another place than it was written at
	Repeated Fault = "repeated" // a row is there more than once
	Replaced Fault = "replaced" // a row was signed, and is not the one that later rows follow
)

// Finding is a fault and where it is.
type Finding struct {
	Line  uint64 // of the file, from 1
	Seq   uint64 // of the row; the first one, if Fault is Missing
	Last  uint64 // the last one, if Fault is Missing
	Fault Fault
}

// String says what is wrong, for people.
func (f Finding) String() string {
	if f.Fault == Missing {
		return fmt.Sprintf("line %d: rows %d to %d are missing", f.Line, f.Seq, f.Last)
	}
	return fmt.Sprintf("line %d: row %d was %s", f.Line, f.Seq, f.Fault)
}

// Report is what [Verify] has found.
type Report struct {
	Rows uint64 // that are there
	Head Head   // of the last one that is right
	// Torn is how many bytes of an unfinished row are at the end. That is what a
	// crash leaves, and no fault.
	Torn     int
	Findings []Finding // the first hundred
	Faults   int       // how many there are
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return r.Faults == 0 }

const maxFindings = 100

// Verify reads a log and checks every row. first is the key that signed the first
// row, as known from elsewhere. known, if not zero, is a head of this log that was
// kept elsewhere: rows up to it must be there. An error is one of reading.
func Verify(r io.Reader, first identity.PublicKey, known Head) (Report, error) {
	v := &verifier{key: first, next: 1, known: known, linked: true}
	for line, err := range lines(r) {
		if err != nil {
			return v.report, fmt.Errorf("read the audit log: %w", err)
		}
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole && v.torn(text) {
			break
		}
		v.line(text)
	}
	v.end()
	return v.report, nil
}

// lines yields lines with their line feeds; a last one may have none. One that is too
// long to be a row is cut.
func lines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		b := bufio.NewReaderSize(r, MaxRow+2)
		for {
			line, err := b.ReadSlice('\n')
			for errors.Is(err, bufio.ErrBufferFull) {
				var more []byte
				line = bytes.Clone(line)
				more, err = b.ReadSlice('\n')
				if len(more) > 0 {
					line[len(line)-1] = more[len(more)-1]
				}
			}
			if len(line) > 0 && !yield(line, nil) {
				return
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// span is rows that were not there when they should have come.
type span struct{ line, from, to uint64 }

type verifier struct {
	key    identity.PublicKey
	known  Head
	report Report

	next   uint64 // the seq that should come
	prev   Hash   // of the row before, if linked
	linked bool
	gaps   []span
}

func (v *verifier) found(f Finding) {
	v.report.Faults++
	if len(v.report.Findings) < maxFindings {
		v.report.Findings = append(v.report.Findings, f)
	}
}

func (v *verifier) line(text []byte) {
	v.report.Rows++
	line := v.report.Rows
	r, err := parse(text)
	if err != nil || !r.signedBy(v.key) {
		// It stands where the next row should: taken for that one.
		v.found(Finding{Line: line, Seq: v.next, Fault: Changed})
		v.next, v.linked = v.next+1, false
		return
	}
	if r.seq < v.next {
		v.earlier(line, r)
		return
	}
	if r.seq > v.next {
		v.gaps = append(v.gaps, span{line, v.next, r.seq - 1})
		v.linked = false
	}
	if v.linked && r.prev != v.prev {
		v.found(Finding{Line: line, Seq: r.seq - 1, Fault: Replaced})
	}
	if r.seq == v.known.Seq && r.hash != v.known.Hash {
		v.found(Finding{Line: line, Seq: r.seq, Fault: Replaced})
	}
	if r.event.Kind == SigningKey {
		if key, err := identity.ParsePublicKey(r.event.Subject); err == nil {
			v.key = key
		}
	}
	v.next, v.prev, v.linked = r.seq+1, r.hash, true
	v.report.Head = Head{Seq: r.seq, Hash: r.hash}
}

// torn reports whether the last bytes of the file are a part of a row, and no row
// or more than one.
func (v *verifier) torn(text []byte) bool {
	if r, err := parse(text); err == nil && r.signedBy(v.key) || len(text) > MaxRow {
		return false
	}
	v.report.Torn = len(text)
	return true
}

// earlier judges a row whose number has passed: it was missing and comes late, or
// it was there.
func (v *verifier) earlier(line uint64, r row) {
	v.linked = false
	for i, g := range v.gaps {
		if r.seq < g.from || r.seq > g.to {
			continue
		}
		v.found(Finding{Line: line, Seq: r.seq, Fault: Moved})
		v.gaps = append(v.gaps[:i:i], v.gaps[i+1:]...)
		if g.from < r.seq {
			v.gaps = append(v.gaps, span{g.line, g.from, r.seq - 1})
		}
		if r.seq < g.to {
			v.gaps = append(v.gaps, span{g.line, r.seq + 1, g.to})
		}
		return
	}
	v.found(Finding{Line: line, Seq: r.seq, Fault: Repeated})
}

func (v *verifier) end() {
	if v.known.Seq >= v.next {
		v.gaps = append(v.gaps, span{v.report.Rows + 1, v.next, v.known.Seq})
	}
	for _, g := range v.gaps {
		v.found(Finding{Line: g.line, Seq: g.from, Last: g.to, Fault: Missing})
	}
}

// Entry is a row for people to read.
type Entry struct {
	Seq uint64 `json:"seq"`
	Event
}

// Entries yields what a log says, without checking it. Rows that cannot be read are
// left out: they are for [Verify] to find.
func Entries(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for line, err := range lines(r) {
			if err != nil {
				yield(Entry{}, fmt.Errorf("read the audit log: %w", err))
				return
			}
			row, err := parse(bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				continue
			}
			if !yield(Entry{Seq: row.seq, Event: row.event}, nil) {
				return
			}
		}
	}
}
