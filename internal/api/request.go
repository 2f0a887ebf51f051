package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/etag"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// request is a request whose common parts are read and checked.
type request struct {
	*http.Request

	caller

	w          http.ResponseWriter // for streams
	query      url.Values
	durability engine.Durability
	kept       *engine.Kept // not nil: a missed quorum is a success
	key        *memory.Idempotency
	cond       engine.Condition // of the memory that a change is about
	body       []byte
	taken      int64 // of the room of bodies
}

// call is on whose behalf, and how, a verb is to act.
func (q *request) call() verb.Call {
	return verb.Call{
		Caller:   engine.Caller{Agent: q.agent, Durability: q.durability, Idempotency: q.key, If: q.cond, Kept: q.kept},
		Operator: q.operator, Rights: q.rights,
	}
}

// read checks what all requests have in common, and reads the body. The request
// that it returns, also with an error, may hold room for one.
func (a *API) read(w http.ResponseWriter, r *http.Request, rt route) (*request, error) {
	q := &request{Request: r, w: w}
	if r.URL.RawQuery != "" {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, verb.Bad("malformed query string")
		}
		q.query = values
	}
	if err := a.admit(q, rt); err != nil {
		return nil, err
	}
	if err := q.agrees(); err != nil {
		return nil, err
	}
	q.Request = r.WithContext(engine.WithBounds(r.Context(), q.bounds))
	if err := a.readBody(w, q, rt); err != nil {
		return q, err
	}
	if rt.method != get {
		if err := q.conditions(rt); err != nil {
			return q, err
		}
	}
	if !rt.mutates {
		return q, nil
	}
	return q, q.readWriteOptions(a.cfg.KeepShort)
}

// agrees refuses what in the query says that the caller is somebody else.
func (q *request) agrees() error {
	for _, name := range []string{"agent_id", "as_agent"} {
		if err := q.claims(q.query.Get(name)); err != nil {
			return err
		}
	}
	return nil
}

// claims refuses an agent id in a body or a query that is not the caller's.
func (q *request) claims(id string) error {
	if id == "" || id == string(q.agent) {
		return nil
	}
	says := "the X-Agent-Id header"
	if q.keyID != "" {
		says = "its key"
	}
	return mismatch(q.agent, "agent_id %.140q is not the caller's: "+says+" says %q", id, string(q.agent))
}

func (a *API) readBody(w http.ResponseWriter, q *request, rt route) error {
	if rt.body == bodyStream {
		return nil
	}
	limit := a.cfg.MaxBody
	if q.Body == nil || q.Body == http.NoBody {
		if rt.body == bodyRequired {
			return verb.Bad("malformed JSON body: it is empty")
		}
		return nil
	}
	if q.ContentLength > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	if err := q.wantPlain(w); err != nil {
		return err
	}
	body, taken, err := a.room.read(w, http.MaxBytesReader(w, q.Body, limit), q.ContentLength, a.cfg.RequestTimeout)
	q.taken = taken
	if err != nil {
		return brokenBody(q, err)
	}
	q.body = body
	switch {
	case rt.body == bodyNone && rt.strict:
		return unasked(body)
	case rt.body == bodyNone:
		return nil
	case len(body) == 0 && rt.body == bodyRequired:
		return verb.Bad("malformed JSON body: it is empty")
	case len(body) == 0:
		return nil
	}
	return q.wantJSON()
}

// unasked refuses a change whose body says something although nothing of it would
// be looked at.
func unasked(body []byte) error {
	var members map[string]json.RawMessage
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, &members); err != nil {
		return verb.Bad("the body: want none, or an empty JSON object: %s", err)
	}
	if len(members) == 0 {
		return nil
	}
	return verb.Unknown(slices.Sorted(maps.Keys(members)), nil)
}

// brokenBody says why a body could not be read to its end.
func brokenBody(q *request, err error) error {
	if _, is := errors.AsType[*http.MaxBytesError](err); is {
		return err
	}
	if p, is := errors.AsType[*verb.Problem](err); is {
		return p
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(q.Context().Err(), context.DeadlineExceeded) {
		return &verb.Problem{Code: client.CodeRequestTimeout, Text: "the request body did not arrive in time"}
	}
	if err := q.Context().Err(); err != nil {
		return err
	}
	return verb.Bad("the request body broke off")
}

// wantPlain refuses bodies in an encoding: none is decoded here.
func (q *request) wantPlain(w http.ResponseWriter) error {
	if coding := q.Header.Get("Content-Encoding"); coding == "" || strings.EqualFold(coding, "identity") {
		return nil
	}
	w.Header().Set("Accept-Encoding", "identity")
	return &verb.Problem{Code: client.CodeUnsupportedMediaType, Text: "Content-Encoding: want none", Fields: []string{"Content-Encoding"}}
}

func (q *request) wantJSON() error {
	ct := q.Header.Get("Content-Type")
	if ct == "application/json" {
		return nil
	}
	mt, params, err := mime.ParseMediaType(ct)
	charset := strings.ToLower(params["charset"])
	if err != nil || mt != "application/json" && !strings.HasSuffix(mt, "+json") || charset != "" && charset != "utf-8" && charset != "utf8" {
		return &verb.Problem{
			Code: client.CodeUnsupportedMediaType,
			Text: "expected Content-Type: application/json",
		}
	}
	return nil
}

const maxKey = 255

// readWriteOptions reads how far a write waits, what becomes of it if that fails
// (keep is what the node says: it is a success), and under which key it is done once.
func (q *request) readWriteOptions(keep bool) error {
	for _, name := range []string{"durability", "when_short"} {
		if len(q.query[name]) > 1 { // which of them was meant?
			return verb.Unknown([]string{name}, nil)
		}
	}
	if q.query.Has("when_short") {
		switch short := client.WhenShort(q.query.Get("when_short")); short {
		case client.ShortFails, client.ShortLocal:
			keep = short == client.ShortLocal
		default:
			return verb.BadField("when_short", "when_short %.40q: want fail or local", string(short))
		}
	}
	if keep {
		q.kept = &engine.Kept{}
	}
	switch d := engine.Durability(q.query.Get("durability")); d {
	case "", engine.DurableLocal, engine.DurableQuorum, engine.DurableAll:
		if d == "" && q.query.Has("durability") {
			return verb.BadField("durability", "durability is empty: want local, quorum or all")
		}
		q.durability = d
	default:
		return verb.BadField("durability", "durability %.40q: want local, quorum or all", string(d))
	}
	keys := q.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return nil
	}
	key := keys[0]
	if len(keys) > 1 || key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return verb.BadField("Idempotency-Key", "Idempotency-Key: want 1 to %d printable ASCII characters, once", maxKey)
	}
	h := sha256.New()
	for _, part := range []string{q.Method, q.URL.EscapedPath(), q.URL.RawQuery} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(q.body)
	q.key = &memory.Idempotency{Key: key, Hash: memory.Digest(h.Sum(nil))}
	return nil
}

// conditions reads what a change wants of the memory that it is about. A change
// that is about no single memory has none to compare with.
func (q *request) conditions(rt route) error {
	for _, c := range []struct {
		name   string
		strong bool
		to     *[]int64
	}{{"If-Match", true, &q.cond.Match}, {"If-None-Match", false, &q.cond.None}} {
		values := q.Header.Values(c.name)
		if len(values) == 0 {
			continue
		}
		tags, err := etag.Parse(values)
		if err != nil {
			return verb.BadField(c.name, `%s %.40q: want the version of the memory, such as "3", or *`, c.name, strings.Join(values, ","))
		}
		if !rt.single() {
			return &verb.Problem{
				Code: client.CodePreconditionFailed, Fields: []string{c.name},
				Text: c.name + ": " + rt.method + " " + rt.shownPath() + " is about no single memory that could be compared; nothing was done",
			}
		}
		*c.to = etag.Versions(tags, c.strong)
	}
	return nil
}

// withTimeout bounds how long a request may take, streams excepted.
func (a *API) withTimeout(r *http.Request, rt route) (*http.Request, context.CancelFunc) {
	if rt.stream {
		return r, func() {}
	}
	ctx, cancel := engine.WithTimeout(r.Context(), a.cfg.RequestTimeout)
	return r.WithContext(ctx), cancel
}

// Bounds of what bodies take together, and of how slowly they may come.
const (
	maxBodies   = 64 << 20         // bytes of all bodies that are held at once
	freeBody    = 16 << 10         // bytes of each that are not counted, so that small ones always find room
	slowest     = 16 << 10         // bytes a second that a body must come at, but for
	bodyTimeout = 10 * time.Second // how long any body may take
	firstPiece  = 4 << 10
)

// room is the memory that request bodies share. It is taken as bytes come, and
// not as they are announced: a claim costs nothing.
type room struct{ free *semaphore.Weighted }

func newRoom() room { return room{semaphore.NewWeighted(maxBodies)} }

// read reads a body into memory, of which taken bytes are to be given back when
// it is no longer needed, whatever err is.
func (r room) read(w http.ResponseWriter, body io.Reader, announced int64, longest time.Duration) (b []byte, taken int64, err error) {
	control, began := http.NewResponseController(w), time.Now()
	size := firstPiece
	if announced >= 0 && announced < freeBody {
		size = int(announced) + 1 // and a byte to find the end with
	}
	b = make([]byte, 0, size)
	for {
		if len(b) == cap(b) {
			grown := max(2*cap(b), firstPiece)
			if more := int64(grown) - max(int64(cap(b)), freeBody); more > 0 {
				if !r.free.TryAcquire(more) {
					return nil, taken, &verb.Problem{Code: client.CodeBusy, Text: "too many large request bodies are coming in; nothing was written", Retry: 1}
				}
				taken += more
			}
			b = append(make([]byte, 0, grown), b...)
		}
		// Where it cannot be set, the server's own deadline holds.
		_ = control.SetReadDeadline(began.Add(min(longest, bodyTimeout+time.Duration(len(b)/slowest)*time.Second)))
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, taken, nil
		}
		if err != nil {
			return nil, taken, err
		}
	}
}

// leave gives back what a body took.
func (r room) leave(taken int64) {
	if taken > 0 {
		r.free.Release(taken)
	}
}
