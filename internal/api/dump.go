package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/dump"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/spool"
	"github.com/tallystick/tallystick/internal/verb"
)

// completeWord asks for a complete export, as ?format=.
const completeWord = "complete"

// exportComplete streams the log behind an LSN, all of it behind 0, for the operator of the node.
func (a *API) exportComplete(q *request, after uint64) (reply, error) {
	if err := q.wantOperator("format=complete"); err != nil {
		return reply{}, err
	}
	tellExported(a, q, completeWord)
	d := &dumper{after: after}
	err := a.books.Upkeep.Dump(q.Context(), after, func(m upkeep.Manifest) error {
		d.out = a.cfg.Spool.To(&sending{a.openStream(q, "application/x-ndjson")})
		d.lines = bufio.NewWriterSize(d.out, 64<<10)
		d.w = dump.NewWriter(func(line string) { _, _ = d.lines.WriteString(line) }) // the flush says so
		return d.manifest(m)
	}, d.entries)
	if err != nil && d.out == nil {
		return reply{}, err
	}
	defer d.out.Close() //nolint:errcheck // only an error of removing a file, which the next start does again
	if err == nil {
		err = d.w.End()
	}
	if err == nil {
		err = errors.Join(d.lines.Flush(), d.out.Drain())
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

// dumper sends a complete export, or puts aside what is not taken while the log is read.
type dumper struct {
	out   *spool.Writer
	lines *bufio.Writer
	w     *dump.Writer
	after uint64
}

// sending is a stream of which each write ends when it was sent.
type sending struct{ s *stream }

func (w *sending) Write(b []byte) (int, error) {
	w.s.line(string(b))
	if err := w.s.flush(); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (d *dumper) manifest(m upkeep.Manifest) error {
	line := dump.ManifestOf(m.Inventory, d.after)
	line.Tool, line.Node, line.Origin, line.ExportedAt = "tallystick "+m.Version, m.Node, m.Origin, m.At
	return d.w.Manifest(line)
}

func (d *dumper) entries(list []upkeep.Logged) error {
	for i := range list {
		if err := d.w.Entry(list[i].Raw, list[i].Entry, list[i].Embedding); err != nil {
			return err
		}
	}
	return d.lines.Flush()
}

// importComplete takes a complete export in, as it comes.
func (a *API) importComplete(q *request) (reply, error) {
	how, err := input[client.ImportCompleteInput](q)
	if err != nil {
		return reply{}, err
	}
	dry := how.DryRun
	if q.Body == nil {
		return reply{}, verb.Bad("the body is empty: want a complete export")
	}
	control := http.NewResponseController(q.w)
	in := dump.NewReader(patient{q.Body, control, a.cfg.RequestTimeout})
	first, err := in.Manifest()
	if err != nil {
		return reply{}, misread(err)
	}
	m := upkeep.Manifest{Node: first.Node, Origin: first.Origin, At: first.ExportedAt}
	m.Entries, m.View = first.Entries, memory.View{Heads: first.Heads, Root: first.Digest}
	out, err := a.books.Upkeep.Load(q.Context(), m, dry, in.Batches(first.Entries))
	if err != nil {
		if broken := in.Broken(); broken != nil {
			err = brokenBody(q, broken)
		}
		// A client that still writes does not hear the answer.
		_, _ = io.CopyN(io.Discard, patient{q.Body, control, a.cfg.RequestTimeout}, maxDumpRest)
		return reply{}, partly(misread(err), out, dry)
	}
	return ok(showLoaded(&out, first, dry))
}

// misread makes an invalid request of what is wrong with a dump.
func misread(err error) error {
	if bad, is := errors.AsType[*dump.Error](err); is {
		return verb.Bad("%s", bad.Error())
	}
	return err
}

// partly says of an import that could not go on that a part of it is here: where that is
// so, "nothing was written" would be wrong.
func partly(err error, out upkeep.Loaded, dry bool) error {
	if dry || out.Applied == 0 {
		return err
	}
	for _, why := range []struct {
		is   error
		code client.Code
		text string
	}{
		{memory.ErrFull, client.CodeDiskFull, "the disk of this node is full"},
		{memory.ErrClosed, client.CodeShuttingDown, "the node is shutting down"},
		{memory.ErrBusy, client.CodeBusy, "too many writes are queued"},
	} {
		if errors.Is(err, why.is) {
			return &verb.Problem{Code: why.code, Retry: 2, Text: fmt.Sprintf("%s: %d entries of the export are here, and the rest is not; send it again as a whole", why.text, out.Applied)}
		}
	}
	return err
}

// maxDumpRest are the bytes that are read behind an error.
const maxDumpRest = 1 << 30

func showLoaded(l *upkeep.Loaded, m *dump.Manifest, dry bool) client.Loaded {
	v := client.Loaded{
		DryRun: dry, Entries: l.Entries, Applied: l.Applied, Known: l.Known, Deferred: l.Deferred, Refused: l.Refused, Refusals: []client.Refusal{},
		Counts: m.Counts, From: string(m.Node), Origin: string(l.Origin), Adopted: l.Adopted, Expected: m.Digest.String(), Digest: l.Digest.String(), Equal: l.Equal,
	}
	for _, r := range l.Refusals {
		v.Refusals = append(v.Refusals, client.Refusal{Dot: r.Dot.String(), Code: r.Code, Text: r.Text})
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
