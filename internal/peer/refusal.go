package peer

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// refusal is an answer other than 200.
type refusal struct {
	status int
	problem
	retryAfter string // seconds, or ""
}

func (r *refusal) Error() string { return r.Code + ": " + r.problem.Error }

func refuse(status int, code, text string) error {
	return &refusal{status: status, problem: problem{Error: text, Code: code}}
}

// refusalOf says how err is answered. The texts of errors that members can do
// nothing about stay in our log.
func refusalOf(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if r, ok := errors.AsType[*identity.Refusal](err); ok {
		out := &refusal{r.Tag.Status(), problem{r.Error(), string(r.Tag)}, ""}
		if r.RetryAfter > 0 {
			out.retryAfter = strconv.Itoa(int(math.Ceil(r.RetryAfter.Seconds())))
		}
		return out
	}
	if off := memory.PutOff(err); off != nil {
		return &refusal{http.StatusTooManyRequests, problem{off.Error(), "busy"}, "1"}
	}
	switch {
	case errors.Is(err, memory.ErrInvalid):
		return &refusal{http.StatusBadRequest, problem{err.Error(), "invalid"}, ""}
	case errors.Is(err, memory.ErrForbidden):
		return &refusal{http.StatusForbidden, problem{err.Error(), memory.CodeForbidden}, ""}
	case errors.Is(err, memory.ErrFull):
		return &refusal{http.StatusServiceUnavailable, problem{memory.ErrFull.Error(), "disk_full"}, "10"}
	case errors.Is(err, memory.ErrClosed):
		return &refusal{http.StatusServiceUnavailable, problem{memory.ErrClosed.Error(), "shutting_down"}, "1"}
	}
	return &refusal{http.StatusServiceUnavailable, problem{"cannot answer now: see the log of this node", "unavailable"}, "1"}
}

func (h *handler) fail(w http.ResponseWriter, req *http.Request, err error) {
	r := refusalOf(err)
	ctx := req.Context()
	if h.cfg.OnRefusal != nil && identity.TagOf(err) != "" {
		h.cfg.OnRefusal(printable(req.Header.Get(headerFrom)), req.RemoteAddr, err)
	}
	switch {
	case errors.Is(err, context.Canceled): // the member has gone
		h.log.DebugContext(ctx, "request of a member ended early", "route", req.URL.Path)
	case r.status == http.StatusTooManyRequests:
		h.log.DebugContext(ctx, "request of a member put off", "route", req.URL.Path, "peer", printable(req.Header.Get(headerFrom)))
	default:
		h.log.WarnContext(ctx, "request of a member refused",
			"route", printable(req.URL.Path), "peer", printable(req.Header.Get(headerFrom)), "status", r.status, "err", err)
	}
	body, err := json.Marshal(r.problem)
	if err != nil {
		panic(err) // two strings
	}
	w.Header().Set("Content-Type", typeJSON)
	if r.retryAfter != "" {
		w.Header().Set("Retry-After", r.retryAfter)
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(body)
}
