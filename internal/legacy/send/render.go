package send

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// State is what a node knows, by what is rendered of it.
type State interface {
	Records
	Registers
}

// Records are the memories of a node, and the entries behind them.
type Records interface {
	Record(ctx context.Context, id string) (*memory.Record, error)
	Entry(ctx context.Context, d memory.Dot) (*memory.Entry, error)
	History(ctx context.Context, id string) ([]memory.Revision, error)
	// ByDot returns entries as they are sent, with their embeddings.
	ByDot(ctx context.Context, dots []memory.Dot) ([]memory.Shipment, error)
	List(ctx context.Context, f memory.Filter, o memory.Order, limit, offset int, cursor string) ([]memory.Record, string, error)
}

// Registers are what a node knows beside memories.
type Registers interface {
	// Links are those from and to a memory whose both ends are live.
	Links(ctx context.Context, id string) ([]memory.Link, error)
	LinkBetween(ctx context.Context, source, target string) ([]memory.Link, error)
	Standard(ctx context.Context, namespace string) (*memory.Standard, error)
	Standards(ctx context.Context) ([]memory.Standard, error)
	Pending(ctx context.Context, id string) (*memory.Pending, error)
}

// renderer makes pushes of entries, for one peer.
type renderer struct {
	state State
	// sends reports whether the peer is told of a namespace.
	sends func(namespace string) bool
	// standards are those of all namespaces, by memory, as of the beginning of a batch:
	// nil until somebody asks.
	standards map[string][]memory.Standard
	// waits is set by what depends on a memory whose content has not come yet.
	waits bool
}

// entry returns what a peer must be told because e was applied here: as groups, each
// of which goes into one push. It is nothing where a later entry decides what e wrote:
// then that one tells it.
func (r *renderer) entry(ctx context.Context, e *memory.Entry) ([][]item, error) {
	a := e.Op.About()
	if link, is := e.Op.(*memory.Link); is && link.ValidUntil == 0 {
		return r.edge(ctx, link.Source, link.Target, link.Relation)
	}
	if whole, is := e.Op.(*memory.Consolidate); is {
		return r.consolidate(ctx, e, whole)
	}
	switch {
	case a.Proposal != "":
		return r.proposal(ctx, a.Proposal)
	case a.Namespace != "":
		return r.standard(ctx, a.Namespace)
	case a.Content != nil:
		return r.put(ctx, e, a.Content.ID)
	case len(a.Memories) == 2 && a.Memories[0].Role == memory.RoleSource: // the peer changes no link that it has
		return r.relink(ctx, a.Memories[0].ID, a.Memories[1].ID)
	case a.Changed() != "" && a.Memories[0].Life != memory.Unborn:
		return r.life(ctx, e, a.Changed())
	}
	return nil, nil // a peer has no word for it
}

// record is the memory id, nil if there is none that the peer is told of.
func (r *renderer) record(ctx context.Context, id string) (*memory.Record, error) {
	rec, err := r.state.Record(ctx, id)
	if errors.Is(err, memory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if rec.Life == memory.Unborn || !r.tells(rec) {
		return nil, nil
	}
	return rec, nil
}

// tells reports whether the peer is told of a memory. Of one whose content is gone
// nobody knows the namespace any more: all that is told of it is that it is gone.
func (r *renderer) tells(rec *memory.Record) bool {
	if rec.Namespace == "" {
		return rec.Life >= memory.Deleted
	}
	return rec.Namespace != memory.SubscriptionNamespace && r.sends(rec.Namespace)
}

func (r *renderer) put(ctx context.Context, e *memory.Entry, id string) ([][]item, error) {
	rec, err := r.record(ctx, id)
	if err != nil || rec == nil || rec.Life != memory.Live && rec.Life != memory.Archived {
		return nil, err
	}
	born, wins := rec.LifeAt.Dot == e.Dot, rec.Content.Dot == e.Dot
	afresh, err := r.sticks(ctx, e, rec)
	if err != nil || !born && !wins && !afresh {
		return nil, err
	}
	afresh = afresh || rec.LifeAt.Stamp > rec.Content.Stamp // the peer takes the restore for the newest change
	it, err := r.memory(ctx, rec)
	if err != nil {
		return nil, err
	}
	switch {
	case rec.Life == memory.Archived: // the peer may not have had it before
		return [][]item{{it, archival(id)}}, nil
	case afresh:
		return r.anew(ctx, id, it)
	case born:
		return r.withEdges(ctx, [][]item{{it}}, id)
	}
	return [][]item{{it}}, nil
}

// anew removes a memory at the peer, writes it again, and what hung on it: for what
// such a peer does not change in a memory that it has.
func (r *renderer) anew(ctx context.Context, id string, it item) ([][]item, error) {
	it.anew = true
	return r.withEdges(ctx, [][]item{{it}}, id)
}

// withEdges adds the links of a memory, and the namespaces that it states the rules
// of: the peer did not take them, or lost them, while the memory was not there.
func (r *renderer) withEdges(ctx context.Context, out [][]item, id string) ([][]item, error) {
	links, err := r.state.Links(ctx, id)
	if err != nil {
		return nil, err
	}
	for i := range links {
		g, err := r.edge(ctx, links[i].Source, links[i].Target, links[i].Relation)
		if err != nil {
			return nil, err
		}
		out = append(out, g...)
	}
	if r.standards == nil {
		all, err := r.state.Standards(ctx)
		if err != nil {
			return nil, err
		}
		r.standards = map[string][]memory.Standard{}
		for _, s := range all {
			r.standards[s.StandardID] = append(r.standards[s.StandardID], s)
		}
	}
	for i := range r.standards[id] {
		if s := &r.standards[id][i]; r.sends(s.Namespace) {
			out = append(out, []item{standardItem(s)})
		}
	}
	return out, nil
}

// memory is a record with the embedding of its content, if there is one.
func (r *renderer) memory(ctx context.Context, rec *memory.Record) (item, error) {
	ships, err := r.state.ByDot(ctx, []memory.Dot{rec.Content.Dot})
	if err != nil || len(ships) == 0 {
		return memoryItem(rec, nil), err
	}
	return memoryItem(rec, ships[0].Embedding), nil
}

// sticks reports whether the peer would leave as it is what e changed, or was changed
// by those who had not seen it.
func (r *renderer) sticks(ctx context.Context, e *memory.Entry, rec *memory.Record) (bool, error) {
	for _, d := range e.Prev {
		prev, err := r.state.Entry(ctx, d)
		if err != nil { // the peer may have what is known of before that
			return r.ever(ctx, rec, stuck)
		}
		if m, ok := prev.Content(); ok && m.ID == rec.ID && stuck(&m, &rec.Memory) {
			return true, nil
		}
	}
	return r.rival(ctx, e, rec)
}

// ever reports whether there was a version that differs from the one that holds.
func (r *renderer) ever(ctx context.Context, rec *memory.Record, differs func(was, now *memory.Memory) bool) (bool, error) {
	history, err := r.state.History(ctx, rec.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(history, func(v memory.Revision) bool {
		m, ok := v.Entry.Content()
		return ok && m.ID == rec.ID && differs(&m, &rec.Memory)
	}), nil
}

// rival reports whether e brought a version, or beat one, that no later one has seen,
// and from which such a peer would not go over to the one that holds: it keeps the
// highest numbers of both, and of two of one time the one that it heard of first.
func (r *renderer) rival(ctx context.Context, e *memory.Entry, rec *memory.Record) (bool, error) {
	if rec.Conflicts == 0 {
		return false, nil
	}
	history, err := r.state.History(ctx, rec.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(history, func(v memory.Revision) bool {
		if !v.Conflict || v.Entry.Dot != e.Dot && rec.Content.Dot != e.Dot {
			return false
		}
		m, ok := v.Entry.Content()
		return ok && (v.Entry.Stamp == rec.Content.Stamp || stuck(&m, &rec.Memory))
	}), nil
}

// stuck reports whether such a peer does not follow from one version to the next, and
// says nothing of it: it lets numbers only go up, and clears nothing. (Of another title
// it says that it left it out.)
func stuck(from, to *memory.Memory) bool {
	lasts := to.Tier == memory.Long
	return from.Priority > to.Priority || from.Confidence > to.Confidence || from.ReflectionDepth > to.ReflectionDepth ||
		from.Tier.Rank() > to.Tier.Rank() ||
		from.ExpiresAt != 0 && to.ExpiresAt == 0 && !lasts ||
		from.SourceURI != "" && to.SourceURI == "" || from.SourceSpan != nil && to.SourceSpan == nil ||
		from.EntityID != to.EntityID && from.EntityID != "" ||
		from.MemoryKind != to.MemoryKind && (from.MemoryKind == "reflection" || from.MemoryKind == "persona")
}

// changed reports whether a memory is no more what was proposed, as far as it matters
// to a peer that stores what was.
func changed(proposed, now *memory.Memory) bool {
	return proposed.Title != now.Title || proposed.Namespace != now.Namespace || proposed.Content != now.Content || stuck(proposed, now)
}

// renamed reports whether a memory ever had another title or namespace than now.
func (r *renderer) renamed(ctx context.Context, id string) (bool, error) {
	rec, err := r.record(ctx, id)
	if err != nil || rec == nil {
		return false, err
	}
	return r.ever(ctx, rec, func(was, now *memory.Memory) bool { return was.Title != now.Title || was.Namespace != now.Namespace })
}

// live reports whether the peer has a memory, as far as this node can tell. One of
// which nothing is known yet is waited for.
func (r *renderer) live(ctx context.Context, id string) (bool, error) {
	rec, err := r.state.Record(ctx, id)
	switch {
	case errors.Is(err, memory.ErrNotFound):
		r.waits = true
		return false, nil
	case err != nil:
		return false, err
	case rec.Life == memory.Unborn || rec.Life < memory.Deleted && rec.Namespace == "":
		r.waits = true
		return false, nil
	}
	return rec.Life == memory.Live && r.tells(rec), nil
}

// life is where a memory went by e.
func (r *renderer) life(ctx context.Context, e *memory.Entry, id string) ([][]item, error) {
	rec, err := r.record(ctx, id)
	if err != nil || rec == nil || rec.LifeAt.Dot != e.Dot {
		return nil, err
	}
	out, err := r.stands(ctx, rec)
	if err != nil {
		return nil, err
	}
	return r.withTwins(ctx, out, rec)
}

// withTwins adds what lives under the title of a memory if that went: as long as it was
// there, such a peer kept both as one.
func (r *renderer) withTwins(ctx context.Context, out [][]item, rec *memory.Record) ([][]item, error) {
	const most = 16
	if rec.Life == memory.Live || rec.Namespace == "" {
		return out, nil
	}
	f := memory.Filter{All: true, Namespace: rec.Namespace, Title: rec.Title, Now: memory.InstantOf(time.Now())}
	twins, _, err := r.state.List(ctx, f, memory.ByID, most, 0, "")
	for i := range twins {
		if err != nil {
			return nil, err
		}
		var it item
		if it, err = r.memory(ctx, &twins[i]); err == nil {
			it.touches = append(it.touches, rec.ID) // not before that has gone
			out, err = r.withEdges(ctx, append(out, []item{it}), twins[i].ID)
		}
	}
	return out, err
}

// stands is a memory as it is, whatever the peer has of it.
func (r *renderer) stands(ctx context.Context, rec *memory.Record) ([][]item, error) {
	switch rec.Life {
	case memory.Unborn:
		return nil, nil
	case memory.Deleted, memory.Erased:
		return [][]item{{deletion(rec.ID)}}, nil
	case memory.Archived:
		return [][]item{{archival(rec.ID)}}, nil
	case memory.Live:
	}
	it, err := r.memory(ctx, rec)
	if err != nil {
		return nil, err
	}
	return r.withEdges(ctx, [][]item{{restoration(rec.ID)}, {it}}, rec.ID)
}

// edge is a link, if there is one.
func (r *renderer) edge(ctx context.Context, source, target, relation string) ([][]item, error) {
	if live, err := r.liveBoth(ctx, source, target); err != nil || !live {
		return nil, err
	}
	links, err := r.state.LinkBetween(ctx, source, target)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(links, func(l memory.Link) bool { return l.Relation == relation }); i >= 0 {
		return [][]item{{linkItem(links[i])}}, nil
	}
	return nil, nil
}

func (r *renderer) liveBoth(ctx context.Context, a, b string) (bool, error) {
	if live, err := r.live(ctx, a); err != nil || !live {
		return false, err
	}
	return r.live(ctx, b)
}

// relink writes the source of a link anew, without what it is no more linked to: such a
// peer takes no link away but with one of its memories.
func (r *renderer) relink(ctx context.Context, source, target string) ([][]item, error) {
	if live, err := r.liveBoth(ctx, source, target); err != nil || !live {
		return nil, err
	}
	rec, err := r.record(ctx, source)
	if err != nil {
		return nil, err
	}
	it, err := r.memory(ctx, rec)
	if err != nil {
		return nil, err
	}
	return r.anew(ctx, source, it)
}

// consolidate is what was made and the end of its sources, in one push: such a peer
// deletes them.
func (r *renderer) consolidate(ctx context.Context, e *memory.Entry, op *memory.Consolidate) ([][]item, error) {
	into, err := r.put(ctx, e, op.Into.ID)
	if err != nil {
		return nil, err
	}
	var gone []item
	for _, s := range op.Sources {
		rec, err := r.record(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		if rec != nil && rec.LifeAt.Dot == e.Dot {
			gone = append(gone, deletion(s.ID, op.Into.ID))
		}
	}
	if len(into) == 1 && len(into[0]) == 1 && !into[0][0].anew {
		return [][]item{append(into[0], gone...)}, nil
	}
	for _, it := range gone {
		into = append(into, []item{it})
	}
	return into, nil
}

// proposal is an open proposal with the votes so far, or what became of it.
func (r *renderer) proposal(ctx context.Context, id string) ([][]item, error) {
	p, err := r.state.Pending(ctx, id)
	if errors.Is(err, memory.ErrNotFound) {
		return nil, nil
	}
	if err != nil || !r.sends(p.Namespace) || p.Action.Validate() != nil {
		return nil, err
	}
	row, known, err := pendingItem(p)
	switch {
	case !known || err != nil:
		return nil, err
	case p.Verdict == "":
		return [][]item{{row}}, nil
	case p.Verdict != memory.VerdictApproved:
		return [][]item{{decisionItem(p)}}, nil
	}
	// The peer carries out what is approved by itself. So it is told only while that
	// changes nothing: what was made goes first, or it would get an id of the peer's.
	rec, err := r.record(ctx, p.Action.About().Main())
	if err != nil {
		return nil, err
	}
	live := rec != nil && rec.Life == memory.Live
	put, makes := p.Action.(*memory.Put)
	switch {
	case live != makes, makes && changed(&put.Memory, &rec.Memory):
		return [][]item{{row}}, nil
	case !makes:
		return [][]item{{decisionItem(p)}}, nil
	}
	it, err := r.memory(ctx, rec)
	return [][]item{{it}, {decisionItem(p)}}, err
}

func (r *renderer) standard(ctx context.Context, ns string) ([][]item, error) {
	if !r.sends(ns) {
		return nil, nil
	}
	s, err := r.state.Standard(ctx, ns)
	switch {
	case errors.Is(err, memory.ErrNotFound):
		return [][]item{{clearItem(ns)}}, nil
	case err != nil:
		return nil, err
	}
	if live, err := r.live(ctx, s.StandardID); err != nil || !live {
		return nil, err
	}
	return [][]item{{standardItem(s)}}, nil
}
