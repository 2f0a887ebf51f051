package receive

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// since answers a pull: the rows that were edited after an instant, oldest first.
// Who is no peer, or has no namespaces, gets none. Private rows stay, unless they are
// marked to be shared.
func (r *Receiver) since(_ http.ResponseWriter, q *http.Request) ([]byte, error) {
	query := q.URL.Query()
	ask, err := asked(query)
	if err != nil {
		return nil, err
	}
	out := &wire.Since{Limit: ask.limit, ScopeStatus: wire.ScopeDenied, UpdatedSince: ask.text}
	p := r.peer(q.Header.Get(aimemory.HeaderPeer))
	if p == nil {
		return out.Encode()
	}
	signed := aimemory.PullBytes(q.Method, q.URL.Path, q.URL.RawQuery)
	if _, err := r.prove(q.Context(), p, q.Header, signed, p.UnsignedPulls); err != nil {
		return nil, err
	}
	if !p.Sends() || len(p.Namespaces) == 0 {
		return out.Encode()
	}
	r.Counters.Pulls.Add(1)
	out.ScopeStatus = wire.ScopeScoped
	if err := r.page(q.Context(), p, ask, out); err != nil {
		return nil, err
	}
	return out.Encode()
}

// request is what a pull asks for.
type request struct {
	after memory.Stamp
	text  *string // of the instant, as it was sent
	limit int
}

func asked(query url.Values) (request, error) {
	ask := request{limit: wire.DefaultPull}
	if text := query.Get("since"); text != "" {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return ask, refuse(http.StatusBadRequest, "invalid `since` parameter — expected RFC 3339 timestamp")
		}
		ask.text, ask.after = &text, lastAt(t)
	}
	if n, err := strconv.Atoi(query.Get("limit")); err == nil && n > 0 {
		ask.limit = min(n, wire.MaxPull)
	}
	return ask, nil
}

// lastAt returns the highest stamp that is shown as t or earlier.
func lastAt(t time.Time) memory.Stamp {
	first := memory.MakeStamp(t)
	within := t.UnixNano() % int64(time.Millisecond)
	if first == 0 || within < 0 {
		return 0
	}
	return first + memory.Stamp(within<<memory.CounterBits/int64(time.Millisecond))
}

const pageSize = 500

// page fills a reply. Rows of one stamp are not torn apart: the next pull asks for
// what comes after the last one.
func (r *Receiver) page(ctx context.Context, p *config.Peer, ask request, out *wire.Since) error {
	f := memory.Filter{All: true, Now: memory.InstantOf(r.cfg.Now()), EditedAfter: ask.after}
	last := memory.Stamp(0)
	for cursor := ""; ; {
		recs, next, err := r.state.List(ctx, f, memory.ByEdit, pageSize, 0, cursor)
		if err != nil {
			return err
		}
		for i := range recs {
			rec := &recs[i]
			if len(out.Memories) >= ask.limit && rec.Content.Stamp != last {
				out.Count = len(out.Memories)
				return nil
			}
			if r.shows(p, rec, out) {
				last = rec.Content.Stamp
				m := wire.Of(rec)
				if out.Earliest == nil {
					out.Earliest = &m.UpdatedAt
				}
				out.Latest = &m.UpdatedAt
				out.Memories = append(out.Memories, m)
			}
		}
		if next == "" {
			out.Count = len(out.Memories)
			return nil
		}
		cursor = next
	}
}

// shows reports whether a row may go to a peer, and counts it if not.
func (r *Receiver) shows(p *config.Peer, rec *memory.Record, out *wire.Since) bool {
	if !p.Allows(rec.Namespace) || rec.Namespace == memory.SubscriptionNamespace {
		out.ExcludedScope++
		return false
	}
	if a := rec.Access(); a.Private && !shared(rec) && string(a.Owner) != p.Name && string(a.Target) != p.Name {
		out.ExcludedPrivate++
		return false
	}
	return true
}

// shared reports whether a private row is marked to leave the federation all the same.
func shared(rec *memory.Record) bool {
	var share bool
	return rec.Metadata.Field("federation_share", &share) && share
}
