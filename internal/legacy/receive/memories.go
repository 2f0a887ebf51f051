package receive

import (
	"bytes"
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// row is a memory of a push, as the op that it may become.
type row struct {
	value   memory.Memory
	updated memory.Stamp
	created memory.Stamp
	exact   bool // updated is its own time, and not one of this node
	vector  *memory.Embedding
}

// memories plans the rows of a push.
func (p *plan) memories(ctx context.Context, rows []wire.Memory) error {
	for i := range rows {
		p.newest = p.clock.later(p.newest, rows[i].UpdatedAt)
		r, ok := p.row(&rows[i])
		if !ok {
			p.reply.Skipped++
			continue
		}
		if err := p.memory(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) row(m *wire.Memory) (row, bool) {
	v, updated, err := m.Value()
	if err != nil {
		p.ignore("memory", m.ID, err)
		return row{}, false
	}
	r := row{value: v, vector: p.vectors[m.ID]}
	r.updated, r.exact = p.clock.stamp(updated)
	r.created, _ = p.clock.stamp(min(v.CreatedAt, updated))
	return r, true
}

// memory plans one row by what there is under its id.
func (p *plan) memory(ctx context.Context, r row) error {
	rec, err := p.state.Record(ctx, r.value.ID)
	if errors.Is(err, memory.ErrNotFound) {
		rec, err = &memory.Record{}, nil
	}
	if err != nil {
		return err
	}
	if p.buried(rec, r) {
		return p.keepBuried(ctx, rec, r)
	}
	if err := p.keepOwner(rec, &r); err != nil {
		return err
	}
	if rec.Life != memory.Live && (rec.Life != memory.Archived || r.created > rec.LifeAt.Stamp) {
		return p.bear(rec, r)
	}
	return p.edit(ctx, rec, r)
}

// buried reports whether a row was there when its memory was deleted: then it stays
// so.
func (p *plan) buried(rec *memory.Record, r row) bool {
	switch rec.Life {
	case memory.Erased:
		return true
	case memory.Deleted:
		return r.created <= rec.LifeAt.Stamp || rec.CreatedAt != 0 && rec.CreatedAt == r.value.CreatedAt
	case memory.Unborn, memory.Live, memory.Archived:
	}
	return false
}

// keepBuried keeps the text of a row that is deleted, for its history, and tells
// the peers once more that it is.
func (p *plan) keepBuried(ctx context.Context, rec *memory.Record, r row) error {
	noop := lane{count: &p.reply.Noop}
	switch {
	case rec.Life == memory.Erased:
		p.stale = append(p.stale, Stale{ID: rec.ID})
		p.reply.Noop++
		return nil
	case rec.Content.IsZero(): // the deletion came first
		p.add(noop, births(r)...)
		return nil
	}
	p.stale = append(p.stale, Stale{ID: rec.ID})
	known, err := p.known(ctx, rec, r)
	if err != nil || known {
		p.reply.Noop++
		return err
	}
	p.add(noop, memory.NewOp{Op: &memory.Put{Memory: r.value}, At: r.updated})
	return nil
}

// births are the ops of a row that was made when it says, and edited since if it
// says so.
func births(r row) []memory.NewOp {
	ops := []memory.NewOp{{Op: &memory.Put{Memory: r.value, Create: true}, At: r.created, Embedding: r.vector}}
	if r.created < r.updated {
		ops = append(ops, memory.NewOp{Op: &memory.Put{Memory: r.value}, At: r.updated, Embedding: r.vector})
	}
	return ops
}

// keepOwner keeps the owner of a memory that is here.
func (p *plan) keepOwner(rec *memory.Record, r *row) error {
	var had, has string
	if !rec.Metadata.Field(memory.MetaAgent, &had) {
		return nil
	}
	if r.value.Metadata.Field(memory.MetaAgent, &has) && has == had {
		return nil
	}
	meta, err := r.value.Metadata.With(memory.MetaAgent, had)
	r.value.Metadata = meta
	return err
}

// bear plans a row that is not here: a deletion since it was made, of which this
// node may not know yet, holds.
func (p *plan) bear(rec *memory.Record, r row) error {
	var owner string
	r.value.Metadata.Field(memory.MetaAgent, &owner)
	if err := p.quota(owner, r.value.Namespace); err != nil {
		return err
	}
	ops := births(r)
	if rec.Life == memory.Unborn && !rec.Content.IsZero() && rec.Content.Stamp >= r.updated {
		ops = ops[:1] // the edit is here already
	}
	p.add(lane{count: &p.reply.Applied}, ops...)
	return nil
}

// edit plans a row that is here.
func (p *plan) edit(ctx context.Context, rec *memory.Record, r row) error {
	count := lane{count: &p.reply.Applied}
	if rec.Content.IsZero() { // archived before it came
		return p.bear(rec, r)
	}
	known, err := p.known(ctx, rec, r)
	if err != nil {
		return err
	}
	back, err := p.back(ctx, rec, r, known)
	if err != nil {
		return err
	}
	if known {
		p.raised(rec, r)
		p.reply.Applied++ // the sender cannot tell news from repetition, and need not
		return nil
	}
	op := memory.NewOp{Op: &memory.Put{Memory: r.value}, At: r.updated, Embedding: r.vector}
	if r.value.Version > rec.Version {
		op.Prev = []memory.Dot{rec.Content.Dot} // it was counted on from what is here
	}
	if back {
		p.add(count, op, memory.NewOp{Op: &memory.Restore{ID: rec.ID}})
		return nil
	}
	p.add(count, op)
	return nil
}

// known reports whether a row is one that this node has, or has had: by its time, or
// by its text if that is no time to go by.
func (p *plan) known(ctx context.Context, rec *memory.Record, r row) (bool, error) {
	if !r.exact {
		return sameText(&rec.Memory, &r.value), nil
	}
	if tells(rec.Content.Stamp, r.updated) {
		return true, nil // the same, or what this node has told the peer
	}
	if rec.Content.Stamp < r.updated {
		return false, nil
	}
	revisions, err := p.state.History(ctx, r.value.ID)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return false, err
	}
	for i := range revisions {
		if e := revisions[i].Entry; e != nil && tells(e.Stamp, r.updated) {
			return true, nil
		}
	}
	return false, nil
}

// sameText reports whether two memories say the same to the byte.
func sameText(a, b *memory.Memory) bool {
	x, y := wire.OfValue(a, 1), wire.OfValue(b, 1)
	p, err := x.MarshalJSON()
	if err != nil {
		return false
	}
	q, err := y.MarshalJSON()
	return err == nil && bytes.Equal(p, q)
}

// back reports whether a row that lives at a peer shows that what is archived here was
// restored there: the peer archived it itself, or what it shows is younger than that. A
// peer sends an archive and a restore in any order, and says of neither when it was. If
// it was not restored, the peers are told of the archive once more.
func (p *plan) back(ctx context.Context, rec *memory.Record, r row, known bool) (bool, error) {
	if rec.Life != memory.Archived || p.shown <= rec.LifeAt.Stamp {
		return false, nil
	}
	if !known && r.updated > rec.Content.Stamp {
		if r.updated > rec.LifeAt.Stamp {
			return true, nil
		}
		_, e, err := p.state.Register(ctx, memory.LifeKey(rec.ID))
		if err != nil {
			return false, err
		}
		if e.Actor == p.peer.Actor() {
			return true, nil
		}
	}
	p.stale = append(p.stale, Stale{ID: rec.ID})
	return false, nil
}

// raised notices who keeps higher numbers than a memory has: the peer, if it shows the
// version that holds with them; others, if it sends an older version after the one that
// holds, for that may have come to them in this order, too.
func (p *plan) raised(rec *memory.Record, r row) {
	if rec.Life != memory.Live || r.value.Priority <= rec.Priority && r.value.Confidence <= rec.Confidence && r.value.Tier.Rank() <= rec.Tier.Rank() {
		return
	}
	holds := tells(rec.Content.Stamp, r.updated)
	switch {
	case !r.exact:
	case holds && p.shown > rec.Content.Stamp:
		p.stale = append(p.stale, Stale{ID: rec.ID, Anew: true, Peer: p.peer.Name})
	case !holds && p.shown == 0:
		p.stale = append(p.stale, Stale{ID: rec.ID, Anew: true, Peer: p.peer.Name, Others: true})
	}
}
