package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// taker takes the entries of others, or refuses them one by one.
type taker struct{ mender }

func taking(t *tx) taker { return taker{mender{merger{t}}} }

// arrival is a shipment after decoding.
type arrival struct {
	incoming
	refused error // why it cannot be applied
}

func (t taker) accept(ctx context.Context, in []arrival, again bool, out *memory.Accepted) error {
	if again {
		if err := t.restore(ctx, in, out); err != nil {
			return err
		}
	}
	// Hollow entries that have to wait may wait for each other.
	for progress := true; progress && len(in) > 0; {
		var deferred []arrival
		for _, a := range in {
			taken, err := t.offer(ctx, a, again, out)
			if err != nil {
				return err
			}
			if !taken {
				deferred = append(deferred, a)
			}
		}
		progress = len(deferred) < len(in)
		in = deferred
	}
	out.Deferred += len(in)
	return t.rebuild(ctx)
}

// offer takes or refuses a, and reports whether it did: else a must come later.
func (t taker) offer(ctx context.Context, a arrival, again bool, out *memory.Accepted) (bool, error) {
	if err := t.yield(ctx, a.Dot); err != nil {
		return false, err
	}
	if t.forged(a.Dot) {
		out.Refused = append(out.Refused, memory.Refusal{Dot: a.Dot, Code: memory.CodeForbidden, Text: "this node has not numbered it"})
		return true, nil
	}
	if t.crowded(a.Dot.Origin) {
		out.Refused = append(out.Refused, memory.Refusal{Dot: a.Dot, Code: memory.CodeForbidden, Text: "there are too many origins, of its node or together"})
		return true, nil
	}
	o, err := t.origin(ctx, a.Dot.Origin)
	if err != nil {
		return false, err
	}
	if early, err := t.early(ctx, o, a); err != nil || early {
		return false, err
	}
	return true, t.acceptOne(ctx, o, a, again, out)
}

// early reports whether a must come again later: too much is held beyond a hole,
// or it is hollow and what replaced it has not come yet.
func (t taker) early(ctx context.Context, o *originState, a arrival) (bool, error) {
	switch {
	case o.holds(a.Dot.Seq):
		return false, nil
	case a.Dot.Seq != o.head+1 && len(o.islands) >= t.cfg.MaxIslands:
		return true, nil
	}
	by := t.origins[a.Hollow.Origin]
	if a.refused == nil && (by == nil || !by.holds(a.Hollow.Seq)) {
		return t.waits(ctx, a.Entry)
	}
	return false, nil
}

func (t taker) acceptOne(ctx context.Context, o *originState, a arrival, again bool, out *memory.Accepted) error {
	if o.holds(a.Dot.Seq) {
		return t.acceptKnown(ctx, o, a, again, out)
	}
	refused := a.refused
	if refused == nil {
		var err error
		if refused, err = t.unready(ctx, a.Entry); err != nil {
			return err
		}
	}
	switch {
	case refused != nil && (len(o.gaps) >= maxGaps || t.parkedSize[o.name.Node()] >= t.cfg.MaxParked):
		out.Deferred++
		return nil
	case refused != nil:
		return t.refuse(ctx, o, a, refused, out)
	}
	if err := t.apply(ctx, o, a.incoming); err != nil {
		return err
	}
	out.Applied++
	t.out.news++
	return nil
}

// maxGaps bounds what is refused of one origin: heads with more gaps cannot be sent.
const maxGaps = 1 << 15

// unready says why a valid entry cannot be taken yet, or nil. Its error is of the database.
func (t taker) unready(ctx context.Context, e *memory.Entry) (why, err error) {
	if waits, err := t.waits(ctx, e); err != nil {
		return nil, err
	} else if waits {
		return &waitError{by: e.Hollow, retry: t.cfg.Clock.Wall().Add(waitRetry)}, nil
	}
	return t.cfg.Clock.Observe(e.Stamp), nil
}

// waits reports whether e is hollow, and nothing has replaced its content here.
func (t taker) waits(ctx context.Context, e *memory.Entry) (bool, error) {
	if e.Hollow.IsZero() || t.held(e.Hollow) {
		return false, nil
	}
	gone, err := t.overwritten(ctx, e)
	return !gone, err
}

// overwritten reports whether the content of e would hold nothing here: later entries
// have replaced it, if not that which it names, and which may have another number by now,
// or may be lost.
func (t taker) overwritten(ctx context.Context, e *memory.Entry) (is bool, err error) {
	for _, k := range e.Op.Subjects() {
		if k.Family != memory.FamContent {
			continue
		}
		m, err := t.lookup(ctx, k.A)
		if is = err == nil && m != nil && t.version(m.content, m.life == memory.Erased).Beats(e.Version()); !is {
			return false, err
		}
	}
	return is, nil
}

// waitRetry is how soon a hollow entry is tried again that waits for a refused one.
const waitRetry = time.Minute

// waitError refuses a hollow entry for as long as the one that replaced it is refused.
type waitError struct {
	by    memory.Dot
	retry time.Time
}

func (e *waitError) Error() string {
	return fmt.Sprintf("its content is gone, and %s, which replaced it, was refused", e.by)
}

// acceptKnown handles an entry whose dot is in the log already, or was.
func (t taker) acceptKnown(ctx context.Context, o *originState, a arrival, again bool, out *memory.Accepted) error {
	var lsn int64
	var digest, raw []byte
	var state int
	found, err := t.queryRow(ctx, `SELECT lsn, digest, state, CASE WHEN ? THEN raw END FROM log WHERE origin = ? AND seq = ?`,
		[]any{again, o.id, int64(a.Dot.Seq)}, &lsn, &digest, &state, &raw)
	switch {
	case err != nil:
		return err
	case !found:
		return t.acceptMissing(ctx, o, a, again, out)
	case state == stateDamaged:
		return t.acceptDamaged(ctx, o, a, lsn, out)
	case state == stateParked && a.refused == nil && a.Digest != toDigest(digest):
		return t.acceptSecond(ctx, o, a, lsn, out)
	case a.Digest != toDigest(digest):
		t.refuseSecond(a, out)
		return nil
	case state == stateParked && again && a.refused == nil:
		return t.readmit(ctx, a, out)
	case state == stateParked:
		return t.refuseAgain(ctx, a, out)
	case again && a.refused == nil:
		return t.remerge(ctx, a.incoming, raw, lsn, out)
	}
	return nil
}

// readmit takes an entry that was refused, and comes again by the door.
func (t taker) readmit(ctx context.Context, a arrival, out *memory.Accepted) error {
	taken, err := t.retryOne(ctx, a.Dot, true)
	if err != nil {
		return err
	}
	if !taken {
		return t.refuseAgain(ctx, a, out)
	}
	out.Applied++
	t.out.news++
	return nil
}

// refuseAgain answers for an entry that was refused before.
func (t taker) refuseAgain(ctx context.Context, a arrival, out *memory.Accepted) error {
	r, err := t.refusal(ctx, a.Dot)
	if err == nil {
		out.Refused = append(out.Refused, r)
	}
	return err
}

// acceptMissing handles an entry that was in the log, and was dropped or lost.
func (t taker) acceptMissing(ctx context.Context, o *originState, a arrival, again bool, out *memory.Accepted) error {
	lost, err := t.listed(ctx, o, a.Dot.Seq)
	if err != nil || a.refused != nil || !lost && !again {
		return err
	}
	if err := t.mend(ctx, a.Entry, out, func() error { return t.apply(ctx, o, a.incoming) }); err != nil {
		return err
	}
	return t.unlist(ctx, o, a.Dot.Seq)
}

// refuseSecond refuses an entry under whose dot there is another one. It is not
// kept, and not listed: see Settle.
func (t taker) refuseSecond(a arrival, out *memory.Accepted) {
	out.Refused = append(out.Refused, t.refusalOf(a.Dot, memory.ErrDotConflict).Refusal)
}

// acceptSecond handles an entry under whose dot another one was refused. Bytes that
// are no entry give way; of two entries the first one stays.
func (t taker) acceptSecond(ctx context.Context, o *originState, a arrival, lsn int64, out *memory.Accepted) error {
	var x sealed
	if _, err := t.queryRow(ctx, `SELECT `+sqlSealedL+` FROM log l WHERE l.lsn = ?`, []any{lsn}, x.dest()...); err != nil {
		return err
	}
	why, err := t.unready(ctx, a.Entry)
	if err != nil {
		return err
	}
	if e, err := t.cfg.Codec.Decode(x.raw); e != nil && (err == nil || errors.Is(err, memory.ErrUnknownKind)) || why != nil {
		t.refuseSecond(a, out)
		return nil //nolint:nilerr // the one that is there stays
	}
	if err := t.unpark(ctx, o, a.Dot, lsn); err != nil {
		return err
	}
	out.Applied++
	t.out.news++
	err = t.apply(ctx, o, a.incoming)
	if err != nil || a.Dot.Seq > o.head {
		return err
	}
	t.headMoved(o)
	o.chain, err = t.readChain(ctx, o)
	return err
}

// acceptDamaged mends a damaged entry with the one that came, if that is the same.
func (t taker) acceptDamaged(ctx context.Context, o *originState, a arrival, lsn int64, out *memory.Accepted) error {
	mended, err := t.restoreOne(ctx, o, a, out)
	if err != nil || !mended {
		return err
	}
	return t.remerge(ctx, a.incoming, a.raw, lsn, out)
}
