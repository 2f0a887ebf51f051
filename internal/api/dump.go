package api

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"math"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/internal/verb"
)

// A complete export is JSONL: a manifest, a line for each entry of the log, and
// a last line with the digest of all lines before it.
const (
	completeWord    = "complete" // of ?format=
	completeFormat  = "tallystick-complete"
	completeVersion = 1
)

// manifestLine is the first line.
type manifestLine struct {
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
}

// entryLine is an entry of the log. Raw is what counts; the rest is for people.
type entryLine struct {
	Type      string           `json:"type"` // entry
	Dot       memory.Dot       `json:"dot"`
	Stamp     memory.Stamp     `json:"stamp,string"`
	At        memory.Instant   `json:"at"`
	Actor     memory.AgentID   `json:"actor"`
	Kind      string           `json:"kind"`
	Action    string           `json:"action_kind,omitempty"` // of a proposal: what it asks for
	Prev      []memory.Dot     `json:"prev,omitempty"`
	Digest    memory.Digest    `json:"digest"`
	Hollow    *memory.Dot      `json:"hollow,omitempty"` // what replaced it
	Op        memory.Op        `json:"op,omitempty"`
	Raw       []byte           `json:"raw"` // base64 of the exact bytes
	Embedding *dumpedEmbedding `json:"embedding,omitempty"`
}

// dumpedEmbedding is a vector as base64 of little-endian float32.
type dumpedEmbedding struct {
	Model  string `json:"model"`
	Vector []byte `json:"vector"`
}

// endLine is the last line.
type endLine struct {
	Type   string `json:"type"` // end
	Lines  int    `json:"lines"`
	SHA256 string `json:"sha256"` // of all lines before, line ends included
}

// exportComplete streams the whole log, for the operator of the node.
func (a *API) exportComplete(q *request) (reply, error) {
	if err := q.wantOperator("format=complete"); err != nil {
		return reply{}, err
	}
	d := &dumper{sum: sha256.New()}
	err := a.engine.Dump(q.Context(), func(m engine.Manifest) error {
		d.s = a.openStream(q, "application/x-ndjson")
		return d.manifest(m)
	}, d.entries)
	if err == nil {
		err = d.end()
	}
	if err != nil && d.s == nil {
		return reply{}, err
	}
	if err != nil {
		if !errors.Is(err, errGone) {
			a.log.ErrorContext(q.Context(), "export broke off", "err", err)
		}
		// The status is sent: only breaking the connection tells the client.
		panic(http.ErrAbortHandler)
	}
	return reply{sent: true}, nil
}

// dumper writes the lines of a complete export.
type dumper struct {
	s     *stream
	sum   hash.Hash
	lines int
}

func (d *dumper) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a line of an export: %w", err)
	}
	b = append(b, '\n')
	d.sum.Write(b)
	d.lines++
	d.s.line(string(b))
	return nil
}

func (d *dumper) manifest(m engine.Manifest) error {
	counts := map[string]int{}
	for k, n := range m.Kinds {
		name := k.String()
		if k == 0 {
			name = "parked"
		}
		counts[name] = n
	}
	return d.line(manifestLine{
		Type: "manifest", Format: completeFormat, Version: completeVersion, Tool: "tallystick " + m.Version, Node: m.Node, Origin: m.Origin,
		ExportedAt: m.At, Entries: m.Entries, Counts: counts, Hollow: m.Hollow, Heads: m.View.Heads, Digest: m.View.Root,
	})
}

func (d *dumper) entries(list []engine.Logged) error {
	for i := range list {
		if err := d.line(entryLineOf(&list[i])); err != nil {
			return err
		}
	}
	return d.s.flush()
}

func entryLineOf(l *engine.Logged) entryLine {
	line := entryLine{Type: "entry", Kind: "unknown", Raw: l.Raw, Digest: sha256.Sum256(l.Raw)}
	if v := l.Embedding; v != nil {
		line.Embedding = &dumpedEmbedding{Model: v.Model}
		for _, f := range v.Vector {
			line.Embedding.Vector = binary.LittleEndian.AppendUint32(line.Embedding.Vector, math.Float32bits(f))
		}
	}
	e := l.Entry
	if e == nil {
		return line
	}
	line.Dot, line.Stamp, line.At, line.Actor, line.Prev = e.Dot, e.Stamp, e.Stamp.Instant(), e.Actor, e.Prev
	if e.Op == nil {
		return line
	}
	line.Kind, line.Op, line.Digest = e.Op.Kind().String(), e.Op, e.Digest
	if p, is := e.Op.(*memory.Propose); is && p.Action != nil {
		line.Action = p.Action.Kind().String()
	}
	if !e.Hollow.IsZero() {
		line.Hollow = &e.Hollow
	}
	return line
}

func (d *dumper) end() error {
	if err := d.line(endLine{Type: "end", Lines: d.lines, SHA256: hex.EncodeToString(d.sum.Sum(nil))}); err != nil {
		return err
	}
	return d.s.flush()
}

// importComplete takes a complete export in, as it comes.
func (a *API) importComplete(q *request) (reply, error) {
	dry, err := q.flag("dry_run")
	if err != nil {
		return reply{}, err
	}
	if q.Body == nil {
		return reply{}, verb.Bad("the body is empty: want a complete export")
	}
	control := http.NewResponseController(q.w)
	in := &undumper{sum: sha256.New()}
	in.lines = bufio.NewScanner(patient{q.Body, control, a.cfg.RequestTimeout})
	in.lines.Buffer(nil, maxDumpLine)
	in.lines.Split(wholeLines)
	first, err := in.manifest()
	if err != nil {
		return reply{}, err
	}
	m := engine.Manifest{Node: first.Node, Origin: first.Origin, At: first.ExportedAt}
	m.Entries, m.View = first.Entries, memory.View{Heads: first.Heads, Root: first.Digest}
	out, err := a.engine.Load(q.Context(), m, dry, in.batches(first.Entries))
	if err != nil {
		if broken := in.lines.Err(); broken != nil {
			err = brokenBody(q, broken)
		}
		// A client that still writes does not hear the answer.
		_, _ = io.CopyN(io.Discard, patient{q.Body, control, a.cfg.RequestTimeout}, maxDumpRest)
		return reply{}, err
	}
	return ok(loadedView(&out, first, dry))
}

// loaded is the report of a complete import.
type loaded struct {
	DryRun   bool             `json:"dry_run"`
	Entries  int              `json:"entries"`
	Applied  int              `json:"applied"` // in a dry run: would be
	Known    int              `json:"known"`
	Deferred int              `json:"deferred"`
	Refused  int              `json:"refused"`
	Refusals []memory.Refusal `json:"refusals"`
	Counts   map[string]int   `json:"counts"`
	From     memory.Node      `json:"from"`
	Origin   memory.Origin    `json:"origin"`
	Adopted  bool             `json:"adopted"`
	Expected memory.Digest    `json:"manifest_digest"`
	Digest   memory.Digest    `json:"digest"`
	Equal    bool             `json:"equal"`
}

func loadedView(l *engine.Loaded, m *manifestLine, dry bool) loaded {
	v := loaded{
		DryRun: dry, Entries: l.Entries, Applied: l.Applied, Known: l.Known, Deferred: l.Deferred, Refused: l.Refused, Refusals: l.Refusals,
		Counts: m.Counts, From: m.Node, Origin: l.Origin, Adopted: l.Adopted, Expected: m.Digest, Digest: l.Digest, Equal: l.Equal,
	}
	if v.Refusals == nil {
		v.Refusals = []memory.Refusal{}
	}
	return v
}

// patient gives each read from the connection a time of its own, so that a body
// may take long, and not for ever.
type patient struct {
	r       io.Reader
	control *http.ResponseController
	timeout time.Duration
}

func (p patient) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(p.timeout))
	return p.r.Read(b)
}

// Bounds of reading a complete export.
const (
	maxDumpLine  = 16 << 20
	dumpBatch    = 256     // entries that are taken in at once
	maxDumpBatch = 1 << 20 // about, bytes of them
	maxDumpRest  = 1 << 30 // bytes that are read behind an error
)

// undumper reads the lines of a complete export.
type undumper struct {
	lines *bufio.Scanner
	sum   hash.Hash // of all lines but the one just read
	last  []byte
	n     int
}

// wholeLines splits behind LF. What follows the last one was cut off: it is a
// line of its own, which the digest of the file shows.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func (u *undumper) next() bool {
	u.sum.Write(u.last)
	if !u.lines.Scan() {
		u.last = nil
		return false
	}
	u.n++
	u.last = u.lines.Bytes()
	return true
}

func (u *undumper) bad(format string, args ...any) error {
	return verb.Bad("line %d: "+format, append([]any{u.n}, args...)...)
}

func (u *undumper) manifest() (*manifestLine, error) {
	if !u.next() {
		if err := u.lines.Err(); err != nil {
			return nil, u.bad("%v", err)
		}
		return nil, verb.Bad("the body is empty: want a complete export")
	}
	m := &manifestLine{}
	if err := json.Unmarshal(u.last, m); err != nil || m.Type != "manifest" || m.Format != completeFormat {
		return nil, u.bad("not the manifest of a complete export")
	}
	if m.Version != completeVersion {
		return nil, u.bad("format version %d, this program reads %d", m.Version, completeVersion)
	}
	for o := range m.Heads {
		if err := o.Valid(); err != nil {
			return nil, u.bad("heads: %v", err)
		}
	}
	return m, nil
}

// batches yields the entries. They end with an error unless the last line says
// that all have come as they were written.
func (u *undumper) batches(entries int) iter.Seq2[[]memory.Shipment, error] {
	return func(yield func([]memory.Shipment, error) bool) {
		for n := 0; ; {
			ops, err := u.batch()
			if n += len(ops); len(ops) > 0 && !yield(ops, nil) {
				return
			}
			if errors.Is(err, errEnd) {
				err = u.end(n, entries)
				if err == nil {
					return
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// batch reads some entries, up to the end or an error.
func (u *undumper) batch() ([]memory.Shipment, error) {
	var ops []memory.Shipment
	for size := 0; len(ops) < dumpBatch && size < maxDumpBatch; {
		if !u.next() {
			return ops, u.cutOff()
		}
		op, err := u.entry()
		if err != nil {
			return ops, err
		}
		ops, size = append(ops, op), size+len(op.Raw)
	}
	return ops, nil
}

// errEnd says that the last line has been read.
var errEnd = errors.New("end of the export")

func (u *undumper) entry() (memory.Shipment, error) {
	var line struct {
		Type      string           `json:"type"`
		Digest    memory.Digest    `json:"digest"`
		Hollow    *memory.Dot      `json:"hollow"`
		Raw       []byte           `json:"raw"`
		Embedding *dumpedEmbedding `json:"embedding"`
	}
	if !bytes.HasSuffix(u.last, []byte("\n")) {
		return memory.Shipment{}, u.cutOff()
	}
	if err := json.Unmarshal(u.last, &line); err != nil {
		return memory.Shipment{}, u.bad("%v", err)
	}
	switch {
	case line.Type == "end":
		return memory.Shipment{}, errEnd
	case line.Type != "entry" || len(line.Raw) == 0:
		return memory.Shipment{}, u.bad("not an entry of a complete export")
	case line.Hollow == nil && line.Digest != sha256.Sum256(line.Raw):
		return memory.Shipment{}, u.bad("the bytes of the entry are not those of its digest")
	}
	op := memory.Shipment{Raw: line.Raw}
	if v := line.Embedding; v != nil {
		op.Embedding = &memory.Embedding{Model: v.Model}
		for b := v.Vector; len(b) >= 4; b = b[4:] {
			op.Embedding.Vector = append(op.Embedding.Vector, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
	}
	return op, nil
}

func (u *undumper) cutOff() error {
	return u.bad("the export is cut off: its last line is missing. What came before may have been taken in; import the whole file")
}

func (u *undumper) end(n, entries int) error {
	var line endLine
	if err := json.Unmarshal(u.last, &line); err != nil {
		return u.bad("%v", err)
	}
	switch {
	case line.Lines != u.n-1 || n != entries:
		return u.bad("%d lines and %d entries came, the export has %d and %d", u.n-1, n, line.Lines, entries)
	case line.SHA256 != hex.EncodeToString(u.sum.Sum(nil)):
		return u.bad("the lines are not those that were exported: their SHA-256 differs")
	}
	if u.next() {
		return u.bad("the file goes on behind its last line")
	}
	return nil
}
