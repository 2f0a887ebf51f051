package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

func TestEverySentinelHasAStatusAndACode(t *testing.T) {
	tests := map[string]struct {
		err    error
		status int
		code   string
		retry  bool
	}{
		"not found":      {memory.ErrNotFound, 404, "NOT_FOUND", false},
		"ambiguous":      {memory.ErrAmbiguous, 400, "AMBIGUOUS_ID", false},
		"invalid":        {memory.ErrInvalid, 400, "VALIDATION_FAILED", false},
		"unknown kind":   {memory.ErrUnknownKind, 400, "VALIDATION_FAILED", false},
		"stale":          {memory.ErrStale, 409, "STALE", false},
		"busy":           {memory.ErrBusy, 429, "BUSY", true},
		"full":           {memory.ErrFull, 507, "DISK_FULL", false},
		"key reused":     {memory.ErrKeyReused, 409, "IDEMPOTENCY_KEY_REUSED", false},
		"closed":         {memory.ErrClosed, 503, "SHUTTING_DOWN", true},
		"cycle":          {graph.ErrCycle, 409, "CYCLE", false},
		"decided":        {governance.ErrDecided, 409, "ALREADY_DECIDED", false},
		"deadline":       {context.DeadlineExceeded, 503, "TIMEOUT", true},
		"canceled":       {context.Canceled, 499, "CANCELED", false},
		"quorum":         {&engine.QuorumError{}, 503, "QUORUM_NOT_MET", true},
		"title conflict": {&engine.ConflictError{ID: "x"}, 409, "CONFLICT", false},
		"version":        {&engine.ConditionError{ID: "x", Wanted: 2, Current: 3}, 412, "PRECONDITION_FAILED", false},
		"forbidden":      {&engine.ForbiddenError{Reason: "no"}, 403, "FORBIDDEN", false},
		"member":         {&memory.Fault{Err: errors.New("refused")}, 502, "MEMBER_UNREACHABLE", true},
		"large body":     {&http.MaxBytesError{Limit: 5}, 413, "BODY_TOO_LARGE", false},
		"anything else":  {errors.New("disk I/O error at /var/secret"), 500, "INTERNAL", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := problemOf(fmt.Errorf("doing this: %w", tt.err), "me")
			if httpStatus(p) != tt.status || string(p.Code) != tt.code || (p.Retry != 0) != tt.retry {
				t.Errorf("status %d code %s retry %d, want %d %s %v", httpStatus(p), string(p.Code), p.Retry, tt.status, tt.code, tt.retry)
			}
			body, err := json.Marshal(membersOf(p))
			if err != nil || !strings.Contains(string(body), `"error":`) || strings.Contains(string(body), "secret") {
				t.Errorf("body %s, error %v", body, err)
			}
		})
	}
}

func TestAnImportThatCannotGoOnSaysWhatIsHere(t *testing.T) {
	full := fmt.Errorf("take: %w", memory.ErrFull)
	bad, is := errors.AsType[*verb.Problem](partly(full, upkeep.Loaded{Applied: 3}, false))
	if !is || bad.Code != client.CodeDiskFull || !strings.Contains(bad.Text, "3 entries of the export are here") {
		t.Errorf("%+v", bad)
	}
	for name, err := range map[string]error{
		"nothing is here": partly(full, upkeep.Loaded{}, false),
		"a dry run":       partly(full, upkeep.Loaded{Applied: 3}, true),
		"something else":  partly(memory.ErrInvalid, upkeep.Loaded{Applied: 3}, false),
	} {
		if _, is := errors.AsType[*verb.Problem](err); is {
			t.Errorf("%s: %v", name, err)
		}
	}
}
