package send

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// deliver sends groups. What the peer refuses is noted, and passed by; an error means
// that it does not answer, and that all must be sent again.
func (l *lane) deliver(ctx context.Context, groups [][]item) error {
	parcels := cut(groups, maxBytes)
	for i := range parcels {
		if err := l.overtaken(ctx, &parcels[i]); err != nil {
			return err
		}
		if err := l.send(ctx, &parcels[i], true); err != nil {
			return err
		}
	}
	return nil
}

// overtaken writes anew what the peer has restored since it was changed here: it takes
// what it had in its archive, which may be an older text, for the newest.
func (l *lane) overtaken(ctx context.Context, p *parcel) error {
	for _, it := range p.items {
		if it.lane != wire.LaneMemories || it.anew || l.restored[it.memory] <= it.changed {
			continue
		}
		delete(l.restored, it.memory)
		groups, err := l.render.anew(ctx, it.memory, it)
		if err != nil {
			return err
		}
		parcels := cut(groups, maxBytes)
		for i := range parcels {
			if err := l.send(ctx, &parcels[i], true); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace removes what a parcel is to write anew, and writes it. It does so only to a
// peer that keeps no deletions: one that does would not take it back, and follows what
// it is told without that.
func (l *lane) replace(ctx context.Context, p *parcel, heal bool) error {
	it := p.items[0]
	it.anew = false
	plain := &parcel{items: []item{it}}
	if !l.forgets {
		r, err := l.push(ctx, plain)
		if err != nil || !l.forgets {
			return l.judge(ctx, plain, r, err, heal)
		}
	}
	removal := &parcel{items: []item{deletion(it.memory)}}
	r, err := l.push(ctx, removal)
	if why := verdict(removal, r, err); why != nil && !errors.Is(why, errRefused) {
		return why
	}
	l.change(func(s *Status) { s.OK++ })
	r, err = l.push(ctx, plain)
	return l.judge(ctx, plain, r, err, heal)
}

// push sends a parcel, and learns from the answer what peer it is: one of ai-memory
// answers as an agent that it makes up for the request.
func (l *lane) push(ctx context.Context, p *parcel) (*wire.Reply, error) {
	data, err := p.body(l.peer.Sender)
	if err != nil {
		return nil, err
	}
	r, err := l.post.post(ctx, data, p.key())
	if err == nil {
		l.forgets = strings.HasPrefix(r.ReceiverAgent, "anonymous:")
	}
	return r, err
}

// send sends one parcel; if the peer leaves out a part of it, its items one by one.
func (l *lane) send(ctx context.Context, p *parcel, heal bool) error {
	if p.items[0].anew {
		return l.replace(ctx, p, heal)
	}
	r, err := l.push(ctx, p)
	return l.judge(ctx, p, r, err, heal)
}

// judge does what follows from the answer to a parcel.
func (l *lane) judge(ctx context.Context, p *parcel, r *wire.Reply, err error, heal bool) error {
	switch why := verdict(p, r, err); {
	case why == nil:
		l.change(func(s *Status) { s.OK++ })
		l.broughtBack(p, r)
		return nil
	case !errors.Is(why, errRefused):
		return why
	case len(p.items) > 1:
		for _, it := range p.items {
			if err := l.send(ctx, &parcel{items: []item{it}}, heal); err != nil {
				return err
			}
		}
		return nil
	case heal && errors.Is(why, errSkipped):
		return l.heal(ctx, p.items[0])
	default:
		return l.park(ctx, &p.items[0], why)
	}
}

// broughtBack remembers what the peer has or may have restored.
func (l *lane) broughtBack(p *parcel, r *wire.Reply) {
	const most = 4096
	if r.Restored == 0 && l.sure {
		return
	}
	if len(l.restored) > most {
		clear(l.restored)
	}
	for _, it := range p.items {
		if it.lane == wire.LaneRestores {
			l.restored[it.memory] = memory.InstantOf(time.Now().Add(2 * time.Second)) // its clock may be ahead
		}
	}
}

// Reasons why a peer has not taken something that it will not take next time either.
var (
	errRefused = errors.New("refused")
	errSkipped = fmt.Errorf("%w: the peer answers that it left it out", errRefused)
	errDrift   = fmt.Errorf("%w: the peer keeps it under another id", errRefused)
)

// verdict says whether a push is delivered: nil, an error that wraps [errRefused] if it
// must not be repeated as it is, or any other if the peer did not answer.
func verdict(p *parcel, r *wire.Reply, err error) error {
	if s, ok := errors.AsType[*statusError](err); ok {
		switch s.status {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
			return fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	switch {
	case err != nil:
		return err
	case r.Skipped > 0:
		return errSkipped
	case len(r.IDs) > 0 && slices.ContainsFunc(p.items, func(it item) bool { return !slices.Contains(r.IDs, it.id) }):
		return fmt.Errorf("%w: %.3q", errDrift, r.IDs)
	}
	return nil
}

// heal gives the peer what it may have lacked to take an item, and the item again.
func (l *lane) heal(ctx context.Context, it item) error {
	var groups [][]item
	if it.lane == wire.LaneMemories {
		// It may have the memory under another title, which it does not change. If not,
		// what it has must not be taken from it.
		renamed, err := l.render.renamed(ctx, it.memory)
		if err != nil {
			return err
		}
		if !renamed {
			return l.park(ctx, &it, errSkipped)
		}
		if groups, err = l.render.anew(ctx, it.memory, it); err != nil {
			return err
		}
	} else {
		for _, id := range it.touches { // some are names of something else: nothing is found under them
			g, err := l.content(ctx, id)
			if err != nil {
				return err
			}
			groups = append(groups, g...)
		}
		groups = append(groups, []item{it})
	}
	parcels := cut(groups, maxBytes)
	for i := range parcels {
		if err := l.send(ctx, &parcels[i], false); err != nil {
			return err
		}
	}
	return nil
}

// content is a live memory as one item, or nothing.
func (l *lane) content(ctx context.Context, id string) ([][]item, error) {
	rec, err := l.render.record(ctx, id)
	if err != nil || rec == nil || rec.Life != memory.Live {
		return nil, err
	}
	it, err := l.render.memory(ctx, rec)
	return [][]item{{it}}, err
}

// Codes of what is noted of a peer.
const (
	codeRefused = "refused"
	codeSkipped = "skipped"
	codeDrift   = "id_drift"
	codeWaits   = "waits"
)

// park notes what the peer has not taken, and why.
func (l *lane) park(ctx context.Context, it *item, why error) error {
	code := codeRefused
	switch {
	case errors.Is(why, errDrift):
		code = codeDrift
		l.change(func(s *Status) { s.Drift++ })
	case errors.Is(why, errSkipped):
		code = codeSkipped
		fallthrough
	default:
		l.change(func(s *Status) { s.Fail++ })
	}
	l.log.WarnContext(ctx, "legacy peer has not taken a change", "peer", l.peer.Name, "list", it.lane, "id", it.id, "code", code, "err", why)
	if it.dot.IsZero() {
		return nil
	}
	return l.note(ctx, it.dot, code, fmt.Sprintf("%s %s: %v", it.lane, it.id, why))
}

func (l *lane) note(ctx context.Context, dot memory.Dot, code, text string) error {
	return l.ledger.Park(ctx, memory.Parked{
		Refusal: memory.Refusal{Dot: dot, Code: code, Text: text}, Member: l.peer.member(), Since: memory.InstantOf(time.Now()),
	})
}
