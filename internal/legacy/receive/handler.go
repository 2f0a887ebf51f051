package receive

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Paths that legacy peers call.
const (
	pathPush  = "/api/v1/sync/push"
	pathSince = "/api/v1/sync/since"
)

// answer is what a request is answered with, in the place of what it asked for.
type answer struct {
	status int
	body   map[string]any
	header map[string]string
	text   string // in the place of a body
}

func (a *answer) Error() string { return fmt.Sprintf("%d %v%s", a.status, a.body["error"], a.text) }

func refuse(status int, text string) error {
	return &answer{status: status, body: map[string]any{"error": text}}
}

// reading is how long a peer may take to send a body.
const reading = 10 * time.Second

// ServeHTTP answers a push or a pull.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := r.serve(w, q)
	if err != nil {
		r.fail(w, q, err)
		return
	}
	send(w, http.StatusOK, "application/json", body)
}

func (r *Receiver) serve(w http.ResponseWriter, q *http.Request) ([]byte, error) {
	method, serve := http.MethodPost, r.push
	if q.URL.Path == pathSince {
		method, serve = http.MethodGet, r.since
	}
	if !r.mayCall(q.Header) {
		return nil, refuse(http.StatusUnauthorized, "missing or invalid API key")
	}
	if q.Method != method {
		return nil, &answer{status: http.StatusMethodNotAllowed, header: map[string]string{"Allow": method}}
	}
	return serve(w, q)
}

// mayCall checks the API key: that of the peer, or else that of this node.
func (r *Receiver) mayCall(h http.Header) bool {
	want := r.cfg.APIKey
	if p := r.peer(h.Get("X-Peer-Id")); p != nil && p.APIKey != "" {
		want = p.APIKey
	}
	if want == "" {
		return true
	}
	a, b := sha256.Sum256([]byte(h.Get("X-Api-Key"))), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (r *Receiver) push(w http.ResponseWriter, q *http.Request) ([]byte, error) {
	p, err := r.named(q.Header)
	if err != nil {
		return nil, err
	}
	if !p.Receives() {
		return nil, identity.Refuse(peerUnknown, "nothing is taken from %s", p.Name)
	}
	body, done, err := r.read(w, q)
	if err != nil {
		return nil, err
	}
	defer done()
	nonce, err := r.prove(q.Context(), p, q.Header, body, p.Unsigned)
	if err != nil {
		return nil, err
	}
	push, err := wire.DecodePush(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, err.Error())
	}
	if err := acceptable(p, push); err != nil {
		return nil, err
	}
	var marks []memory.NewOp
	if nonce != "" && !repeatable(push) {
		marks = []memory.NewOp{markOf(p.Name, nonce)}
	}
	reply, err := r.Apply(q.Context(), p, push, marks...)
	if err != nil {
		return nil, err
	}
	return reply.Encode()
}

// acceptable checks in whose name a push comes, and how much it brings.
func acceptable(p *config.Peer, push *wire.Push) error {
	if !p.MaySendAs(push.Sender) {
		return &answer{status: http.StatusForbidden, body: map[string]any{
			"error": string(senderMismatch), "claimed": push.Sender, "peer_header": p.Name,
			"note": "a peer pushes in its own name, and in those that its senders list here",
		}}
	}
	for _, l := range wire.Lanes() {
		if push.Items(l) > wire.MaxItems {
			return refuse(http.StatusBadRequest, fmt.Sprintf("sync_push limited to %d %s per request", wire.MaxItems, l))
		}
	}
	return nil
}

// read reads a body within the limit. done gives back the room that it takes.
func (r *Receiver) read(w http.ResponseWriter, q *http.Request) (body []byte, done func(), err error) {
	if q.ContentLength > wire.MaxBody {
		return nil, nil, tooLarge()
	}
	size := q.ContentLength
	if size < 0 {
		size = wire.MaxBody
	}
	ctx, cancel := context.WithTimeout(q.Context(), time.Second)
	defer cancel()
	if r.room.Acquire(ctx, size) != nil {
		return nil, nil, memory.ErrBusy
	}
	done = func() { r.room.Release(size) }
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(reading)) // not all can; then the server's limit holds
	body, err = io.ReadAll(http.MaxBytesReader(w, q.Body, wire.MaxBody))
	if err == nil {
		return body, done, nil
	}
	done()
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		return nil, nil, tooLarge()
	}
	return nil, nil, refuse(http.StatusBadRequest, "the body did not come in full")
}

func tooLarge() error {
	return &answer{status: http.StatusRequestEntityTooLarge, text: "Failed to buffer the request body: length limit exceeded"}
}

// fail answers a request with why it is refused.
func (r *Receiver) fail(w http.ResponseWriter, q *http.Request, err error) {
	a := answerOf(err)
	r.Counters.Refused.Add(1)
	name := q.Header.Get("X-Peer-Id")
	if r.cfg.OnRefusal != nil && identity.TagOf(err) != "" {
		r.cfg.OnRefusal(name[:min(len(name), memory.MaxID)], q.RemoteAddr, err)
	}
	r.log.WarnContext(q.Context(), "request of a legacy peer refused",
		"route", q.URL.Path, "peer", strconv.QuoteToASCII(name[:min(len(name), memory.MaxID)]), "status", a.status, "err", err)
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if a.body == nil {
		send(w, a.status, "text/plain; charset=utf-8", []byte(a.text))
		return
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		panic(err) // texts and numbers
	}
	send(w, a.status, "application/json", body)
}

func answerOf(err error) *answer {
	if a, ok := errors.AsType[*answer](err); ok {
		return a
	}
	if f, ok := errors.AsType[*identity.Refusal](err); ok {
		return refusalOf(f)
	}
	if f, ok := errors.AsType[*quotaError](err); ok {
		reset := f.reset.Format("2006-01-02T15:04:05-07:00")
		return &answer{
			status: http.StatusTooManyRequests, header: map[string]string{"X-Quota-Reset-At": reset, "X-Quota-Limit": strconv.Itoa(f.max)},
			body: map[string]any{
				"error": "QUOTA_EXCEEDED", "limit": "memories_per_day", "current": f.max, "max": f.max, "agent_id": f.agent,
				"applied_before_refusal": f.applied, "quota_refused": 1, "reset_at": reset,
			},
		}
	}
	if off := memory.PutOff(err); off != nil {
		return &answer{
			status: http.StatusTooManyRequests, body: map[string]any{"error": off.Error()}, header: map[string]string{"Retry-After": "1"},
		}
	}
	switch {
	case errors.Is(err, memory.ErrFull), errors.Is(err, memory.ErrClosed):
		return &answer{status: http.StatusServiceUnavailable, body: map[string]any{"error": "cannot store now"}, header: map[string]string{"Retry-After": "2"}}
	}
	return &answer{status: http.StatusServiceUnavailable, body: map[string]any{"error": "cannot answer now"}, header: map[string]string{"Retry-After": "2"}}
}

// refusalOf answers somebody who is not believed. What exactly was wrong is for the
// log of this node.
func refusalOf(f *identity.Refusal) *answer {
	if f.Tag == peerHeaderMissing {
		return &answer{status: http.StatusForbidden, body: map[string]any{
			"error": string(f.Tag), "claimed": "", "peer_header": "", "note": "x-peer-id must name the sender",
		}}
	}
	return &answer{status: http.StatusUnauthorized, body: map[string]any{
		"error": string(f.Tag), "note": "the log of this node says more, and so does `tally legacy list` there",
	}}
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(reading)) // not all can
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, or a text of ours
}
