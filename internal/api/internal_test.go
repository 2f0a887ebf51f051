package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
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
		"cycle":          {engine.ErrCycle, 409, "CYCLE", false},
		"decided":        {engine.ErrDecided, 409, "ALREADY_DECIDED", false},
		"deadline":       {context.DeadlineExceeded, 503, "TIMEOUT", true},
		"canceled":       {context.Canceled, 499, "CANCELED", false},
		"quorum":         {&engine.QuorumError{}, 503, "QUORUM_NOT_MET", true},
		"title conflict": {&engine.ConflictError{ID: "x"}, 409, "CONFLICT", false},
		"version":        {&engine.ConflictError{ID: "x", Expected: 2, Current: 3}, 409, "CONFLICT", false},
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

func TestRecallBudgets(t *testing.T) {
	hits := make([]engine.Scored, 3)
	for i := range hits {
		hits[i].Memory.Content = strings.Repeat("x", 40) // 10 tokens
	}
	tests := map[string]struct {
		budget, kept, used int
		overflow           bool
	}{
		"none":      {-1, 3, 30, false},
		"zero":      {0, 0, 0, false},
		"too small": {5, 1, 10, true},
		"for two":   {29, 2, 20, false},
		"exact":     {30, 3, 30, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := recallReply(engine.Recalled{Hits: hits}, tt.budget)
			if body.Count != tt.kept || body.TokensUsed != tt.used {
				t.Errorf("kept %v, used %v, want %d, %d", body.Count, body.TokensUsed, tt.kept, tt.used)
			}
			if (body.Meta == nil) != (tt.budget < 0) || body.Meta != nil && body.Meta.Overflow != tt.overflow {
				t.Errorf("meta %+v", body.Meta)
			}
		})
	}
}

func TestEmbeddingsAreNumbersOrBase64(t *testing.T) {
	for name, raw := range map[string]string{"numbers": `[1, -0.5]`, "base64": `"AACAPwAAAL8="`} {
		var f floats
		if err := json.Unmarshal([]byte(raw), &f); err != nil || len(f) != 2 || f[0] != 1 || f[1] != -0.5 {
			t.Errorf("%s: %v, error %v", name, f, err)
		}
	}
}

// FuzzBodies feeds every decoder of bodies: none panics, and each either fails
// with an error that has a status below 500, or gives a value.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{"title":"x","content":"y","tags":["a"],"metadata":{"a":[1]},"expires_at":"2100-01-01T00:00:00Z","embedding":{"model":"m","vector":"AACAPw=="}}`,
		`{"source_id":"a","to":"b","rel_type":"related_to"}`, `{"context":"x","limit":"5","tags":["a"],"kinds":"a,b"}`, `[{"title":"x"},5]`,
		`{"memories":null}`, `{"standard":{"namespace":"a","governance":{"write":"any"}}}`, `{"expires_at":null,"metadata":null}`, `{"ids":["a",""],"title":1e400}`, "\"\xff\"", `{"dots":["a.1.1"]}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		check := func(err error) {
			if err != nil {
				if p := problemOf(err, "me"); httpStatus(p) < 400 || httpStatus(p) >= 500 || p.Text == "" {
					t.Errorf("status %d %q for %v", httpStatus(p), p.Text, err)
				}
			}
		}
		q := func() *request {
			return &request{Request: &http.Request{Header: http.Header{}}, agent: "me", body: body}
		}
		var create createBody
		err := decode(body, &create)
		if err == nil {
			_, err = create.draft(q())
		}
		check(err)
		var update updateBody
		if err = decode(body, &update); err == nil {
			_, err = update.patch(q())
		}
		check(err)
		var recall recallBody
		if err = decode(body, &recall); err == nil {
			err = recall.intoQuery(q())
		}
		check(err)
		_, err = bulkItems(body)
		check(err)
		_, err = q().edge()
		check(err)
		for _, v := range []any{&consolidateBody{}, &forgetBody{}, &archiveBody{}, &standardBody{}, &retryBody{}} {
			check(decode(body, v))
		}
	})
}

// FuzzParameters feeds the readers of the query and the headers.
func FuzzParameters(f *testing.F) {
	f.Add("limit=5&since=2026-01-01T00:00:00Z&tags=a", "k", `"3"`, "gzip;q=0.5")
	f.Add("limit=-1&kinds=,,&erase", "ä", `*`, ",;")
	a := New(Config{Metrics: prometheus.NewRegistry()})
	f.Fuzz(func(t *testing.T, query, key, match, accept string) {
		r := (&http.Request{Method: http.MethodPost, Header: http.Header{"Idempotency-Key": {key}, "If-Match": {match}, "Accept-Encoding": {accept}}}).WithContext(t.Context())
		r.URL = &url.URL{Path: "/x", RawQuery: query}
		q, err := a.read(nil, r, route{mutates: true})
		_ = acceptsGzip(r)
		if _, err2 := ifMatch(match); err == nil && err2 == nil {
			if fl, err := a.filter(q); err == nil && fl.MinPriority > 10 {
				t.Errorf("priority %d", fl.MinPriority)
			}
			if p, err := q.page(defaultList); err == nil && (p.Limit < 1 || p.Limit > maxList || p.Offset < 0) {
				t.Errorf("page %+v", p)
			}
		}
	})
}

func TestEventsAreUnderstoodInTheWordsOfSDKs(t *testing.T) {
	for name, want := range map[string]string{
		"memory.stored": memory.EventStore, "memory.created": memory.EventStore, "memory.updated": memory.EventUpdate,
		"memory.deleted": memory.EventDelete, "memory.archived": memory.EventArchive, "memory.restored": memory.EventRestore,
		"memory.promoted": memory.EventPromote, "memory.consolidated": memory.EventConsolidated,
		memory.EventStore: memory.EventStore, memory.EventDecided: memory.EventDecided, "*": "*",
	} {
		if got := eventName(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
