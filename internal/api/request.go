package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// request is a request whose common parts are read and checked.
type request struct {
	*http.Request

	w          http.ResponseWriter // for streams
	query      url.Values
	agent      memory.AgentID
	named      bool // the caller sent X-Agent-Id
	operator   bool // the caller sent the operator's key
	durability engine.Durability
	key        *memory.Idempotency
	body       []byte
}

// caller is on whose behalf, and how, the engine is to act.
func (q *request) caller() engine.Caller {
	return engine.Caller{Agent: q.agent, Durability: q.durability, Idempotency: q.key}
}

// part is caller for one of several operations of a request: each has an
// idempotency key of its own, or the second would be taken for the first.
func (q *request) part(name string) engine.Caller {
	c := q.caller()
	if q.key != nil {
		sum := sha256.Sum256([]byte(q.key.Key + "\x00" + name))
		c.Idempotency = &memory.Idempotency{Key: "part:" + hex.EncodeToString(sum[:]), Hash: q.key.Hash}
	}
	return c
}

// read checks what all requests have in common, and reads the body.
func (a *API) read(w http.ResponseWriter, r *http.Request, rt route) (*request, error) {
	q := &request{Request: r, w: w}
	if r.URL.RawQuery != "" {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, verb.Bad("malformed query string")
		}
		q.query = values
	}
	if !rt.open {
		if err := a.admit(q, rt); err != nil {
			return nil, err
		}
	}
	if err := q.identify(); err != nil {
		return nil, err
	}
	if err := a.readBody(w, q, rt); err != nil {
		return nil, err
	}
	if !rt.mutates {
		return q, nil
	}
	return q, q.readWriteOptions()
}

// identify reads who calls: X-Agent-Id is authoritative, and nothing in the
// query may say otherwise.
func (q *request) identify() error {
	q.agent = memory.Anonymous
	if ids := q.Header.Values("X-Agent-Id"); len(ids) > 0 {
		if len(ids) > 1 {
			return verb.BadField("X-Agent-Id", "X-Agent-Id: sent more than once")
		}
		q.agent, q.named = memory.AgentID(ids[0]), true
		if err := q.agent.Valid(); err != nil {
			return err
		}
	}
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
	p := verb.Forbidden("agent_id %.140q is not the caller's: the X-Agent-Id header says %q", id, string(q.agent))
	p.Code = client.CodeAgentMismatch
	p.Extra = map[string]any{"caller": q.agent}
	return p
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
	// A body that trickles in must not hold a connection for ever. The deadline
	// ends with the request; where it cannot be set, the server's own holds.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.cfg.RequestTimeout))
	body, err := readAll(http.MaxBytesReader(w, q.Body, limit), q.ContentLength)
	if err != nil {
		return brokenBody(q, err)
	}
	q.body = body
	switch {
	case rt.body == bodyNone:
		return nil
	case len(body) == 0 && rt.body == bodyRequired:
		return verb.Bad("malformed JSON body: it is empty")
	case len(body) == 0:
		return nil
	}
	return q.wantJSON()
}

// brokenBody says why a body could not be read to its end.
func brokenBody(q *request, err error) error {
	if _, is := errors.AsType[*http.MaxBytesError](err); is {
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(q.Context().Err(), context.DeadlineExceeded) {
		return &verb.Problem{Code: client.CodeRequestTimeout, Text: "the request body did not arrive in time"}
	}
	if err := q.Context().Err(); err != nil {
		return err
	}
	return verb.Bad("the request body broke off")
}

// readAll reads r into one allocation where the length is announced. The
// announcement is trusted up to 64 KiB only.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	if announced < 0 || announced > 64<<10 {
		return io.ReadAll(r)
	}
	b := make([]byte, announced)
	_, err := io.ReadFull(r, b)
	return b, err
}

func (q *request) wantJSON() error {
	ct := q.Header.Get("Content-Type")
	if ct == "application/json" {
		return nil
	}
	mt, params, err := mime.ParseMediaType(ct)
	charset := strings.ToLower(params["charset"])
	if err != nil || mt != "application/json" && !strings.HasSuffix(mt, "+json") || charset != "" && charset != "utf-8" {
		return &verb.Problem{
			Code: client.CodeUnsupportedMediaType,
			Text: "expected Content-Type: application/json",
		}
	}
	return nil
}

const maxKey = 255

func (q *request) readWriteOptions() error {
	switch d := engine.Durability(q.query.Get("durability")); d {
	case "", engine.DurableLocal, engine.DurableQuorum, engine.DurableAll:
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

// text returns a parameter of the query.
func (q *request) text(name string) string { return q.query.Get(name) }

// number reads an integer parameter; what is over most counts as most, what is
// under least or no integer is refused.
func (q *request) number(name string, def, least, most int) (int, error) {
	return bounded(name, q.text(name), def, least, most)
}

func bounded(name, s string, def, least, most int) (int, error) {
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least {
		return 0, verb.BadField(name, "%s %.40q: want a number from %d to %d", name, s, least, most)
	}
	return min(n, most), nil
}

// flag reads a boolean parameter; present without a value is true.
func (q *request) flag(name string) (bool, error) {
	if !q.query.Has(name) {
		return false, nil
	}
	s := q.text(name)
	if s == "" {
		return true, nil
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		return false, verb.BadField(name, "%s %.40q: want true or false", name, s)
	}
	return b, nil
}

// instant reads a time parameter.
func instant(name, s string) (memory.Instant, error) {
	if s == "" {
		return 0, nil
	}
	i, err := memory.ParseInstant(strings.ReplaceAll(s, " ", "+")) // an unescaped "+00:00"
	if err != nil {
		return 0, verb.BadField(name, "%s %.64q: want a time in RFC 3339, such as 2026-01-31T12:00:00Z", name, s)
	}
	return i, nil
}

// list reads a parameter that may be repeated, and be a list with commas.
func (q *request) list(name string) []string {
	var out []string
	for _, v := range q.query[name] {
		out = append(out, commas(v)...)
	}
	return out
}

func commas(s string) []string {
	var out []string
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// id is the memory or the proposal that the path names.
func (q *request) id() (string, error) {
	id := q.PathValue("id")
	return id, memory.ValidID(id)
}

// now is the engine's idea of the present, for filters.
func (a *API) now() memory.Instant { return memory.InstantOf(a.cfg.Now()) }

// withTimeout bounds how long a request may take, streams excepted.
func (a *API) withTimeout(r *http.Request, rt route) (*http.Request, context.CancelFunc) {
	if rt.stream {
		return r, func() {}
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.cfg.RequestTimeout)
	return r.WithContext(ctx), cancel
}
