package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// eventView is an op as it was applied on this node.
type eventView struct {
	LSN      uint64         `json:"lsn"`
	Dot      memory.Dot     `json:"dot"`
	Kind     string         `json:"kind"`
	Stamp    memory.Stamp   `json:"stamp,string"` // a number beyond what JavaScript holds
	At       memory.Instant `json:"at"`
	Actor    memory.AgentID `json:"actor"`
	Subjects []string       `json:"subjects"`
	Digest   memory.Digest  `json:"digest"`
}

// eventOf shows what may be seen of an op.
func eventOf(ev memory.Event, s engine.Sight) eventView {
	e := ev.Entry
	v := eventView{
		LSN: ev.LSN, Dot: e.Dot, Kind: e.Op.Kind().String(), Stamp: e.Stamp, At: e.Stamp.Instant(), Actor: e.Actor,
		Subjects: []string{}, Digest: e.Digest,
	}
	for _, k := range s.Subjects {
		v.Subjects = append(v.Subjects, k.Name())
	}
	return v
}

const eventBatch = 256

// events streams ops in the order in which this node applied them. It starts
// behind the local sequence number that the client names, or with what comes next.
func (a *API) events(q *request) (reply, error) { return a.streamEvents(q, a.opEvent) }

// shown turns an op into what a stream says of it: the name of the event, "" for
// nothing, and its data.
type shown func(q *request, ev memory.Event) (name string, data any, err error)

// opEvent shows every op that the caller may see.
func (a *API) opEvent(q *request, ev memory.Event) (string, any, error) {
	s, err := a.engine.Sight(q.Context(), q.agent, ev.Entry)
	if err != nil || !s.Seen {
		return "", nil, err
	}
	v := eventOf(ev, s)
	return v.Kind, v, nil
}

func (a *API) streamEvents(q *request, show shown) (reply, error) {
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		return reply{}, &verb.Problem{Code: client.CodeBusy, Text: "too many event streams are open", Retry: 5}
	}
	after, err := a.resumeAt(q)
	if err != nil {
		return reply{}, err
	}
	a.metrics.streams.Inc()
	defer a.metrics.streams.Dec()
	s := a.openStream(q, "text/event-stream")
	s.line(": tallystick events\nretry: 1000\n\n")
	if err := s.flush(); err != nil {
		return reply{sent: true}, nil
	}
	a.follow(q, s, after, show)
	return reply{sent: true}, nil
}

// resumeAt is the local sequence number behind which to start.
func (a *API) resumeAt(q *request) (uint64, error) {
	s := first(q.Header.Get("Last-Event-ID"), q.text("since"), q.text("after"))
	if s == "" {
		st, err := a.engine.Status(q.Context())
		return st.LSN, err
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, verb.BadField("since", "since %.40q: want a local sequence number, as in the id of an event", s)
	}
	return n, nil
}

// follow sends events until the client is gone or too slow, or the node closes.
func (a *API) follow(q *request, s *stream, after uint64, show shown) {
	ctx := q.Context()
	beat := time.NewTimer(a.cfg.Heartbeat)
	defer beat.Stop()
	for {
		changed := a.engine.Changed() // before reading: what comes meanwhile is not missed
		next, more, err := a.batch(q, s, after, show)
		if err != nil {
			if !errors.Is(err, errGone) && ctx.Err() == nil {
				a.log.WarnContext(ctx, "event stream ended", "err", err)
			}
			return
		}
		after = next
		if more && !a.quitting() {
			continue
		}
		beat.Reset(a.cfg.Heartbeat)
		select {
		case <-ctx.Done():
			return
		case <-a.cfg.Quit:
			return
		case <-changed:
		case <-beat.C:
			s.line(": \n\n")
			if s.flush() != nil {
				return
			}
		}
	}
}

// quitting reports whether the node stops.
func (a *API) quitting() bool {
	select {
	case <-a.cfg.Quit:
		return true
	default:
		return false
	}
}

// batch sends the next events that there is something to show of, and reports
// whether there may be more.
func (a *API) batch(q *request, s *stream, after uint64, show shown) (next uint64, more bool, err error) {
	evs, err := a.engine.Events(q.Context(), after, eventBatch)
	if err != nil {
		return after, false, err
	}
	for _, ev := range evs {
		after = ev.LSN
		name, v, err := show(q, ev)
		if err != nil {
			return after, false, err
		}
		if name == "" {
			continue
		}
		data, err := json.Marshal(v)
		if err != nil {
			return after, false, err
		}
		s.line("id: " + strconv.FormatUint(ev.LSN, 10) + "\nevent: " + name + "\ndata: " + string(data) + "\n\n")
	}
	return after, len(evs) == eventBatch, s.flush()
}

// errGone says that the client went away or does not read.
var errGone = errors.New("client is gone")

// stream writes to a client for as long as it listens. A client that takes no
// data for the write timeout is cut off, so that what waits for it is bounded.
type stream struct {
	w       *bufio.Writer
	control *http.ResponseController
	timeout time.Duration
	err     error
}

func (a *API) openStream(q *request, contentType string) *stream {
	s := &stream{control: http.NewResponseController(q.w), timeout: a.cfg.WriteTimeout}
	h := q.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	_ = s.control.SetReadDeadline(time.Time{}) // a server's read timeout is not for a stream
	q.w.WriteHeader(http.StatusOK)
	s.w = bufio.NewWriterSize(deadlined{s, q.w}, 32<<10)
	return s
}

// deadlined gives each write to the connection a time of its own.
type deadlined struct {
	s *stream
	w http.ResponseWriter
}

func (d deadlined) Write(b []byte) (int, error) {
	_ = d.s.control.SetWriteDeadline(time.Now().Add(d.s.timeout))
	return d.w.Write(b)
}

// line adds text; the next flush reports an error.
func (s *stream) line(text string) {
	if s.err == nil {
		_, s.err = s.w.WriteString(text)
	}
}

// flush sends what was added. Any error is errGone.
func (s *stream) flush() error {
	if s.err == nil {
		s.err = s.w.Flush()
	}
	if s.err == nil {
		_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout))
		s.err = s.control.Flush()
	}
	if s.err != nil && !errors.Is(s.err, http.ErrNotSupported) {
		return errGone
	}
	return nil
}

// exportedMemory is a line of an export.
type exportedMemory struct {
	Type string `json:"type"` // memory
	memoryView

	State         string         `json:"state"` // live or archived
	ArchivedAt    memory.Instant `json:"archived_at,omitzero"`
	ArchiveReason string         `json:"archive_reason,omitempty"`
}

// exportedLink is a line of an export.
type exportedLink struct {
	Type string `json:"type"` // link
	linkView
}

// export streams what the caller may see, or with ?all=true what there is: live
// memories with the links that leave them, then archived memories, each by id.
func (a *API) export(q *request) (reply, error) {
	format := q.text("format")
	if format == "" && strings.Contains(q.Header.Get("Accept"), mediaLines) {
		format = formatLines
	}
	switch format {
	case "", formatJSON, formatLines:
	case completeWord:
		return a.exportComplete(q)
	default:
		return reply{}, verb.BadField("format", "format %.40q: want %s, %s or %s", format, formatJSON, formatLines, completeWord)
	}
	f, err := a.filter(q)
	if err != nil {
		return reply{}, err
	}
	if f.All, err = q.flag("all"); err != nil {
		return reply{}, err
	}
	if f.All {
		if err := q.wantOperator("all=true"); err != nil {
			return reply{}, err
		}
	}
	write := a.exportJSON
	if format == formatLines {
		write = a.exportLines
	}
	if err := write(q, f); err != nil {
		if !errors.Is(err, errGone) {
			a.log.ErrorContext(q.Context(), "export broke off", "err", err)
		}
		// The status is sent: only breaking the connection tells the client.
		panic(http.ErrAbortHandler)
	}
	return reply{sent: true}, nil
}

// Formats of an export.
const (
	formatJSON  = "json"   // one object, that of ai-memory: the default
	formatLines = "ndjson" // a line for each memory and link

	mediaLines = "application/x-ndjson"
)

func (a *API) exportLines(q *request, f memory.Filter) error {
	s := a.openStream(q, mediaLines)
	for _, life := range []memory.Life{memory.Live, memory.Archived} {
		f.Life = life
		enc := json.NewEncoder(s.w)
		enc.SetEscapeHTML(false)
		if err := a.eachRecord(q, s, f, func(r *memory.Record) error { return a.exportOne(q, enc, r, f) }); err != nil {
			return err
		}
	}
	return nil
}

// eachRecord hands over what f selects, by id, and flushes now and then.
func (a *API) eachRecord(q *request, s *stream, f memory.Filter, do func(*memory.Record) error) error {
	page := engine.Page{Limit: 500, Order: memory.ByID}
	for {
		recs, next, err := a.engine.List(q.Context(), f, page)
		if err != nil {
			return err
		}
		for i := range recs {
			if err := do(&recs[i]); err != nil {
				return err
			}
		}
		if err := s.flush(); err != nil || next == "" {
			return err
		}
		page.Cursor = next
	}
}

func (a *API) exportOne(q *request, enc *json.Encoder, r *memory.Record, f memory.Filter) error {
	line := exportedMemory{Type: "memory", memoryView: viewOf(r), State: f.Life.String()}
	if f.Life == memory.Archived {
		_, line.ArchiveReason = r.Stands(f.Now)
		line.ArchivedAt = r.ArchivedAt()
	}
	if err := enc.Encode(line); err != nil {
		return errGone
	}
	if f.Life != memory.Live {
		return nil
	}
	links, err := a.linksFrom(q, r, f)
	if err != nil {
		return err
	}
	for _, v := range links {
		if err := enc.Encode(exportedLink{"link", v}); err != nil {
			return errGone
		}
	}
	return nil
}

// linksFrom are the links that leave a live memory: those that come to it are
// with their sources.
func (a *API) linksFrom(q *request, r *memory.Record, f memory.Filter) ([]linkView, error) {
	agent := q.agent
	if f.All {
		agent = r.Access().Owner
	}
	links, err := a.engine.Links(q.Context(), agent, r.ID)
	return slices.DeleteFunc(linkViews(links), func(v linkView) bool { return v.Source != r.ID }), err
}
