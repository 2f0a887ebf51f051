package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/etag"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/pace"
	"github.com/tallystick/tallystick/internal/verb"
)

// recorder remembers what was answered, for the log and the metrics.
type recorder struct {
	http.ResponseWriter

	id     string
	trace  string // trace id that the client sent, or ""
	route  string
	agent  memory.AgentID
	status int
	bytes  int64
	err    error // to be logged, because the client is not told
}

// WriteHeader implements [http.ResponseWriter].
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &recorder{ResponseWriter: w, id: requestID(r), route: "none"}
	h := rec.Header()
	h.Set("X-Request-Id", rec.id)
	h.Set("X-Content-Type-Options", "nosniff")
	if parent, trace := traceOf(r); parent != "" {
		h.Set(traceParent, parent)
		rec.trace = trace
	}
	defer a.finish(rec, r, start)
	a.mux.ServeHTTP(rec, r)
}

// finish logs and counts a request, and turns a panic into a 500.
func (a *API) finish(rec *recorder, r *http.Request, start time.Time) {
	if v := recover(); v != nil {
		if err, is := v.(error); is && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		a.log.ErrorContext(r.Context(), "panic in a handler", "request_id", rec.id, "route", rec.route, "panic", v, "stack", string(debug.Stack()))
		if rec.status == 0 {
			a.fail(rec, r, &verb.Problem{Code: client.CodeInternal, Text: "internal server error"})
		}
	}
	took := time.Since(start)
	a.metrics.observe(rec.route, r.Method, rec.status, took)
	if rec.err != nil {
		a.log.ErrorContext(r.Context(), "request failed", "request_id", rec.id, "trace_id", rec.trace, "route", rec.route, "err", rec.err)
	}
	if a.log.Enabled(r.Context(), slog.LevelDebug) {
		a.log.DebugContext(r.Context(), "request", "request_id", rec.id, "trace_id", rec.trace, "method", r.Method, "route", rec.route, "agent", rec.agent,
			"status", rec.status, "bytes", rec.bytes, "took", took, "remote", r.RemoteAddr)
	}
}

const maxRequestID = 128

// requestID is the id that the client gave the request, or a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return id
	}
	return strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // a label for logs, not a secret
}

// serve runs one route.
func (a *API) serve(w http.ResponseWriter, r *http.Request, rt route) {
	rec, _ := w.(*recorder)
	if rec != nil {
		rec.route = rt.path
	}
	r, cancel := a.withTimeout(r, rt)
	defer cancel()
	q, err := a.read(w, r, rt)
	if q != nil {
		defer func() { a.room.leave(q.taken) }()
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if rec != nil {
		rec.agent = q.agent
	}
	if rt.stream && q.keyID != "" {
		done := a.watch.hold(q, q.keyID)
		defer done()
		if err := a.cfg.Keys.Alive(q.keyID, a.cfg.Now()); err != nil { // it ended before it was held
			a.fail(w, r, keyProblem(err))
			return
		}
	}
	if rt.stream && q.session.ID != "" {
		defer holdSession(a, q)()
	}
	rep, err := rt.handle(a, q)
	switch {
	case err != nil:
		a.fail(w, r, err)
	case !rep.sent:
		if rep.tried && rep.status == http.StatusCreated {
			rep.status = 0 // it is not
		}
		if short := q.kept.Missed(); short != nil {
			rep.status, rep.short = http.StatusAccepted, short
		}
		a.send(w, r, rep, !rt.mutates)
	}
}

// fail answers with err. A 500 goes to the log with its cause and to the client without.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	rec, _ := w.(*recorder)
	caller := memory.Anonymous
	if rec != nil && rec.agent != "" {
		caller = rec.agent
	}
	p := problemOf(err, caller)
	tellRefused(a, r, caller, p)
	if httpStatus(p) == http.StatusInternalServerError && rec != nil {
		rec.err = err
	}
	if p.Retry != 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.Retry))
	}
	if httpStatus(p) == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tallystick"`+metadataHint(r))
		w.Header().Add("WWW-Authenticate", `ApiKey realm="tallystick", header="x-api-key"`)
	}
	if !p.Exact && strings.Contains(r.Header.Get("Accept"), "application/problem+json") {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	a.send(w, r, reply{status: httpStatus(p), body: membersOf(p)}, false)
}

// minZip is the size from which an answer is worth compressing. Answers to
// writes never are: they are small, and there are many.
const minZip = 4 << 10

func (a *API) send(w http.ResponseWriter, r *http.Request, rep reply, zip bool) {
	buf := a.buffer()
	defer a.buffers.Put(buf)
	if err := render(buf, rep.body); err != nil {
		a.log.ErrorContext(r.Context(), "encoding an answer failed", "err", err)
		buf.Reset()
		buf.WriteString(`{"error":"internal server error"}`)
		rep.status = http.StatusInternalServerError
	}
	withIgnored(buf, rep.ignored)
	h := w.Header()
	if rep.tried {
		withFields(buf, `"dry_run":true`)
	}
	if rep.short != nil {
		withFields(buf, shortfall(rep.short))
	}
	if (rep.status == 0 || rep.status == http.StatusOK) && notModified(r, h) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	if rep.replay {
		h.Set("Idempotency-Replayed", "true")
	}
	if zip {
		h.Add("Vary", "Accept-Encoding")
	}
	if rep.status == 0 {
		rep.status = http.StatusOK
	}
	if zip && buf.Len() >= minZip && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(rep.status)
		defer pace.Hold(r.Context(), buf.Len())() // it is written in small pieces
		a.zip(w, buf.Bytes())
		return
	}
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(rep.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(buf.Bytes()) //nolint:gosec // JSON, not HTML; and a client that is gone is nobody to report to
	}
}

// notModified reports whether the client has what it asks for, by its tag.
func notModified(r *http.Request, h http.Header) bool {
	own := h.Get("ETag")
	values := r.Header.Values("If-None-Match")
	if own == "" || len(values) == 0 || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	tags, err := etag.Parse(values)
	return err == nil && etag.Has(tags, own)
}

// withFields adds members to a JSON object, unless it has them.
func withFields(buf *bytes.Buffer, says string) {
	b := bytes.TrimRight(buf.Bytes(), "\n")
	if bytes.Contains(b, []byte(says)) || len(b) < 2 || b[len(b)-1] != '}' {
		return
	}
	buf.Truncate(len(b) - 1)
	if len(b) > len("{}") {
		buf.WriteByte(',')
	}
	buf.WriteString(says + "}\n")
}

// shortfall are the members that say that a write is kept here and owed.
func shortfall(e *engine.QuorumError) string {
	b, err := json.Marshal(client.Shortfall{
		Durability: string(engine.DurableLocal), Acks: e.Got, Needed: e.Needed, Reason: e.Reason, Members: verb.ShowAbsent(e),
	})
	if err != nil {
		return `"durability":"local"`
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(b), "{"), "}")
}

// render writes a body: JSON, unless it is a page.
func render(buf *bytes.Buffer, body any) error {
	if p, is := body.(page); is {
		_, err := buf.Write(p)
		return err
	}
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if f, is := body.(client.Found); is && len(f.Results) > 0 && len(f.Memories) == len(f.Results) && &f.Memories[0] == &f.Results[0] {
		return renderFound(buf, enc, f)
	}
	return enc.Encode(body)
}

// renderFound writes what was found, which stands under two names, and encodes it once.
func renderFound(buf *bytes.Buffer, enc *json.Encoder, f client.Found) error {
	hits := f.Results
	f.Results, f.Memories = nil, nil
	const none = `{"results":null,"memories":null`
	if err := enc.Encode(f); err != nil {
		return err
	}
	rest, fits := bytes.CutPrefix(bytes.Clone(buf.Bytes()), []byte(none))
	if !fits {
		return fmt.Errorf("an answer begins with %.40q", buf.Bytes())
	}
	buf.Reset()
	buf.WriteString(`{"results":`)
	from := buf.Len()
	if err := enc.Encode(hits); err != nil {
		return err
	}
	buf.Truncate(buf.Len() - len("\n"))
	to := buf.Len()
	buf.WriteString(`,"memories":`)
	buf.Write(buf.Bytes()[from:to])
	buf.Write(rest)
	return nil
}

// maxPooled keeps one huge answer from pinning its memory.
const maxPooled = 1 << 20

func (p *pools) buffer() *bytes.Buffer {
	buf, is := p.buffers.Get().(*bytes.Buffer)
	if !is || buf.Cap() > maxPooled {
		return new(bytes.Buffer)
	}
	buf.Reset()
	return buf
}

func (p *pools) zip(w http.ResponseWriter, b []byte) {
	z := p.zipper(w)
	_, _ = z.Write(b)
	_ = z.Close()
	p.zippers.Put(z)
}

func (p *pools) zipper(w http.ResponseWriter) *gzip.Writer {
	z, is := p.zippers.Get().(*gzip.Writer)
	if !is {
		z, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is valid
		return z
	}
	z.Reset(w)
	return z
}

// acceptsGzip reports whether the client asks for gzip.
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !found || err == nil && weight > 0
		}
	}
	return false
}

// dispatch serves the routes of one path. It chooses by method itself, because
// the 405 of a ServeMux has no JSON body.
func (a *API) dispatch(rts []route) http.HandlerFunc {
	byMethod := map[string]route{}
	var allow []string
	for _, rt := range rts {
		byMethod[rt.method] = rt
		allow = append(allow, rt.method)
	}
	if rt, ok := byMethod[get]; ok {
		byMethod[http.MethodHead] = rt
		allow = append(allow, http.MethodHead)
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		rt, ok := byMethod[r.Method]
		if !ok {
			w.Header().Set("Allow", allowed)
			a.fail(w, r, &verb.Problem{Code: client.CodeMethodNotAllowed, Text: "method not allowed: want one of " + allowed})
			return
		}
		a.serve(w, r, rt) //nolint:contextcheck // the request has the context
	}
}

func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	if browses(r) {
		leadToConsole(w, r)
		return
	}
	a.fail(w, r, &verb.Problem{Code: client.CodeUnknownRoute, Text: "not found: no such route"})
}

// withIgnored adds to a JSON object the names of what was given and not understood.
func withIgnored(buf *bytes.Buffer, ignored []string) {
	b := bytes.TrimRight(buf.Bytes(), "\n")
	if len(ignored) == 0 || len(b) < 2 || b[len(b)-1] != '}' {
		return
	}
	buf.Truncate(len(b) - 1)
	if len(b) > len("{}") {
		buf.WriteByte(',')
	}
	buf.WriteString(`"ignored":[`)
	for i, name := range ignored {
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.WriteString(strconv.QuoteToASCII(name))
	}
	buf.WriteString("]}\n")
}

// page is an answer that is written already, and no JSON.
type page []byte
