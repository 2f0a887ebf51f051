package api

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// follower is the API as far as it follows the log for a client.
type follower struct{ *API }

// eventOf shows what may be seen of an op.
func eventOf(ev memory.Event, s engine.Sight) client.Event {
	e := ev.Entry
	v := client.Event{
		LSN: ev.LSN, Dot: e.Dot.String(), Kind: e.Op.Kind().String(), Stamp: uint64(e.Stamp), At: client.TimeOf(e.Stamp.Time()), Actor: string(e.Actor),
		Subjects: []string{}, Digest: e.Digest.String(),
	}
	for _, k := range s.Subjects {
		v.Subjects = append(v.Subjects, k.Name())
	}
	return v
}

const eventBatch = 256

// events streams ops in the order in which this node applied them. It starts
// behind the local sequence number that the client names, or with what comes next.
func (a *API) events(q *request) (reply, error) {
	return follower{a}.streamEvents(q, follower{a}.opEvent)
}

// shown turns an op into what a stream says of it: the name of the event, "" for
// nothing, and its data.
type shown func(q *request, ev memory.Event) (name string, data any, err error)

// opEvent shows every op that the caller may see.
func (a follower) opEvent(q *request, ev memory.Event) (string, any, error) {
	s, err := a.books.Core.Sight(q.Context(), q.agent, ev.Entry)
	if err != nil || !s.Seen {
		return "", nil, err
	}
	v := eventOf(ev, s)
	return v.Kind, v, nil
}

func (a follower) streamEvents(q *request, show shown) (reply, error) {
	if q.Method == http.MethodHead { // there is nothing to wait for
		q.w.Header().Set("Content-Type", mediaEvents)
		q.w.WriteHeader(http.StatusOK)
		return reply{sent: true}, nil
	}
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		return reply{}, &verb.Problem{Code: client.CodeBusy, Text: "too many event streams are open", Retry: 5}
	}
	at, err := a.resumeAt(q)
	if err != nil {
		return reply{}, err
	}
	a.metrics.streams.Inc()
	defer a.metrics.streams.Dec()
	s := a.openStream(q, mediaEvents)
	s.line(": tallystick events\nretry: 1000\n\n")
	for _, name := range q.unknown(eventParams()) {
		s.line(": ignored " + strconv.QuoteToASCII(name) + "\n\n")
	}
	if at.lost {
		s.line("id: " + at.id(0) + "\nevent: reset\ndata: {\"lsn\":0,\"kind\":\"reset\",\"origin\":\"" + at.origin + "\"}\n\n")
	}
	if err := s.flush(); err != nil {
		return reply{sent: true}, nil
	}
	a.follow(q, s, at, show)
	return reply{sent: true}, nil
}

const mediaEvents = "text/event-stream"

// place is where a stream goes on: local sequence numbers mean something at one
// incarnation of one node only, so that the ids of events name it.
type place struct {
	origin string
	after  uint64
	lost   bool // the client comes from a place that this node does not know
}

func (p place) id(lsn uint64) string { return p.origin + ":" + strconv.FormatUint(lsn, 10) }

// resumeAt is where to start: behind the event that the client names, or with
// what comes next. A client that names an event of another node or incarnation, or
// one that this node has not got to, starts from the beginning, and is told so:
// nobody can say what it has missed.
func (a follower) resumeAt(q *request) (place, error) {
	st, err := a.books.Upkeep.Status(q.Context())
	if err != nil {
		return place{}, err
	}
	p := place{origin: string(st.Node) + "." + st.Incarnation, after: st.LSN}
	s := q.Header.Get("Last-Event-ID") // of a browser that comes back: it goes before where it began
	for _, name := range []string{"since", "after"} {
		given, has := q.query[name]
		if has && (len(given) > 1 || given[0] == "") { // a follower that does not know is not to miss anything unseen
			return p, verb.BadField(name, "%s: want a local sequence number, or the id of an event, once", name)
		}
		if has {
			s = cmp.Or(s, given[0])
		}
	}
	if s == "" {
		return p, nil
	}
	origin, number, named := strings.Cut(s, ":")
	if !named {
		origin, number = p.origin, s
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		return p, verb.BadField("since", "since %.40q: want a local sequence number, or the id of an event", s)
	}
	if p.lost = origin != p.origin || n > st.LSN; p.lost {
		n = 0
	}
	p.after = n
	return p, nil
}

// follow sends events until the client is gone or too slow, or the node closes. When it has
// sent nothing for a while it sends a comment, so that nobody in between takes the stream
// for dead: what happens here and is not for the client is silence to it.
func (a follower) follow(q *request, s *stream, at place, show shown) {
	ctx := q.Context()
	beat := time.NewTimer(a.cfg.Heartbeat)
	defer beat.Stop()
	already := make(chan struct{})
	close(already)
	for {
		changed := a.books.Feed.Changed() // before reading: what comes meanwhile is not missed
		sent := s.sent
		next, more, err := a.batch(q, s, at, show)
		if err != nil {
			if !errors.Is(err, errGone) && ctx.Err() == nil {
				a.log.WarnContext(ctx, "event stream ended", "err", err)
			}
			return
		}
		at.after = next
		if s.sent > sent {
			beat.Reset(a.cfg.Heartbeat)
		}
		if more && !a.quitting() {
			changed = already
		}
		select {
		case <-ctx.Done():
			return
		case <-a.cfg.Quit:
			return
		case <-beat.C:
			s.line(": \n\n")
			if s.flush() != nil {
				return
			}
			beat.Reset(a.cfg.Heartbeat)
		case <-changed:
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
func (a follower) batch(q *request, s *stream, at place, show shown) (next uint64, more bool, err error) {
	after := at.after
	evs, err := a.books.Feed.Events(q.Context(), after, eventBatch)
	if err != nil {
		return after, false, err
	}
	var lines strings.Builder // first, so that what the ops hold is not kept for a slow client
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
		lines.WriteString("id: " + at.id(ev.LSN) + "\nevent: " + name + "\ndata: " + string(data) + "\n\n")
	}
	s.line(lines.String())
	return after, len(evs) == eventBatch, s.flush()
}

// errGone says that the client went away or does not read.
var errGone = errors.New("client is gone")

// stream writes to a client for as long as it listens. Who takes too little of what it
// is sent is cut off below, where connections are watched over, see package pace.
type stream struct {
	w       *bufio.Writer
	control *http.ResponseController
	sent    int // bytes of lines
	err     error
}

func (a *API) openStream(q *request, contentType string) *stream {
	s := &stream{control: http.NewResponseController(q.w), w: bufio.NewWriterSize(q.w, 32<<10)}
	h := q.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	_ = s.control.SetReadDeadline(time.Time{}) // a server's read timeout is not for a stream
	q.w.WriteHeader(http.StatusOK)
	return s
}

// line adds text; the next flush reports an error.
func (s *stream) line(text string) {
	s.sent += len(text)
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
		s.err = s.control.Flush()
	}
	if s.err != nil && !errors.Is(s.err, http.ErrNotSupported) {
		return errGone
	}
	return nil
}
