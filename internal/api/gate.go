package api

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// Gate stands before next and lets no request through that a web page can make
// a browser send: see [API.admissible]. A node puts it before everything that it
// serves, the routes of members too, so that no route has to think of it.
func (a *API) Gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A body that trickles in must not hold a connection for ever, whoever reads
		// it or leaves it. The deadline ends with the request; where it cannot be
		// set, the server's own holds.
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.cfg.RequestTimeout))
		}
		err := a.admissible(r)
		if err == nil {
			next.ServeHTTP(w, r)
			return
		}
		rec := &recorder{ResponseWriter: w, id: requestID(r), route: "none"}
		rec.Header().Set("X-Request-Id", rec.id)
		rec.Header().Set("X-Content-Type-Options", "nosniff")
		if r.ContentLength != 0 {
			// Answer now, and not when the body has come; read a little of it, so that a
			// client that is still sending hears the answer.
			rec.Header().Set("Connection", "close")
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingering))
		}
		defer a.finish(rec, r, time.Now())
		a.fail(rec, r, err)
	})
}

// lingering is how long the body of a refused request is read.
const lingering = time.Second

// admissible refuses what a page of another site could be behind. A page may have
// its own name point here: hence only hosts that nobody else can give out are
// taken. It may send a request without asking first: hence requests that change
// something must come from no page or from one of ours, and must carry a header
// that pages of other sites cannot set.
func (a *API) admissible(r *http.Request) error {
	if !ours(r.Host, a.cfg.Hosts) {
		return &verb.Problem{
			Code: client.CodeMisdirected, Fields: []string{"Host"},
			Text: "host " + printable(r.Host) + " is not a name of this node: use its address, or name it with --host",
		}
	}
	if safe(r.Method) {
		return nil
	}
	if err := a.cross.Check(r); err != nil {
		return &verb.Problem{
			Code: client.CodeCrossOrigin, Fields: []string{"Origin"},
			Text: "the request comes from a page of another site",
		}
	}
	return deliberate(r)
}

// safe methods change nothing, and what they answer no page of another site can read.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// ours reports whether nobody but this node can be meant by a Host header: it is
// an address, localhost, or one of names, of which ".example.org" stands for all
// names below. No browser leaves the header out.
func ours(host string, names []string) bool {
	if host == "" {
		return true
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if inner, is := strings.CutPrefix(host, "["); is && strings.HasSuffix(inner, "]") {
		host = strings.TrimSuffix(inner, "]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool {
		name = strings.ToLower(name)
		return host == name || strings.HasPrefix(name, ".") && strings.HasSuffix(host, name) && host != name
	})
}

// deliberate reports, as nil, that a request has a content type that no form and
// no plain script can give it. Without a body another header of ours will do, and
// so will a method for which browsers ask first.
func deliberate(r *http.Request) error {
	types := r.Header.Values("Content-Type")
	if len(types) == 0 && r.ContentLength == 0 && (r.Method != http.MethodPost || ownHeader(r.Header)) {
		return nil
	}
	if len(types) == 1 && ownType(types[0]) {
		return nil
	}
	if len(types) == 0 && r.Header.Get("X-Peer-Id") != "" {
		return nil // a node of ai-memory need not say what it sends, and a page cannot set this header
	}
	return &verb.Problem{
		Code: client.CodeUnsupportedMediaType, Fields: []string{"Content-Type"},
		Text: "expected Content-Type: application/json, also without a body",
	}
}

// ownType reports whether a content type is one of those that routes take.
func ownType(contentType string) bool {
	if contentType == mediaJSON {
		return true
	}
	mt, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mt == mediaJSON || mt == mediaLines || mt == "application/cbor" || strings.HasSuffix(mt, "+json"))
}

// Media types of bodies.
const (
	mediaJSON  = "application/json"
	mediaLines = "application/x-ndjson"
)

// ownHeader reports whether there is a header that a page of another site cannot
// set without asking first.
func ownHeader(h http.Header) bool {
	for _, name := range []string{"X-Agent-Id", "X-Api-Key", "Authorization", "Idempotency-Key", "If-Match", "X-Request-Id"} {
		if len(h.Values(name)) > 0 {
			return true
		}
	}
	return false
}

// printable makes the words of a stranger fit for a message.
func printable(s string) string {
	const most = 100
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	if len(s) > most {
		s = s[:most] + "..."
	}
	return `"` + s + `"`
}
