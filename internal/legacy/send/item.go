package send

import (
	"slices"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// item is one element of one list of a push.
type item struct {
	lane wire.Lane
	add  func(*wire.Push)
	id   string // what the peer answers for: goes into the idempotency key
	// touches are the ids that its effect depends on.
	touches []string
	anew    bool // a memory that is removed before it is written
	// changed is the last change of a memory.
	changed memory.Instant
	again   string     // names what says the same again, later: the last of them is enough
	memory  string     // id of the memory that is written, removed or moved, if there is one
	dot     memory.Dot // of the entry that it is sent because of
	size    int        // bytes in a body, with what goes beside it
}

// maxBytes is well below what a receiver reads of a body.
const maxBytes = 3 << 19

// parcel is what goes into one push.
type parcel struct {
	items []item
	size  int
}

// cut packs groups of items into pushes such that a receiver, which works through
// the lists in its own order, does with each item what it would have done had they
// come one by one. A group is never cut.
func cut(groups [][]item, maxBytes int) []parcel {
	var out []parcel
	for _, g := range lastOf(groups) {
		size := 0
		for _, it := range g {
			size += it.size
		}
		if len(out) > 0 && out[len(out)-1].takes(g, size, maxBytes) {
			last := &out[len(out)-1]
			last.items, last.size = append(last.items, g...), last.size+size
			continue
		}
		out = append(out, parcel{items: slices.Clone(g), size: size})
	}
	return out
}

// lastOf leaves out what is said again later.
func lastOf(groups [][]item) [][]item {
	seen := map[string]bool{}
	out := make([][]item, 0, len(groups))
	for _, g := range slices.Backward(groups) {
		if name := g[0].again; len(g) == 1 && name != "" {
			if seen[name] {
				continue
			}
			seen[name] = true
		}
		out = append(out, g)
	}
	slices.Reverse(out)
	return out
}

// takes reports whether a group may follow in the same push.
func (p *parcel) takes(g []item, size, maxBytes int) bool {
	if len(p.items)+len(g) > wire.MaxItems || p.size+size > maxBytes || p.items[0].anew || g[0].anew {
		return false
	}
	order := wire.Lanes()
	for _, late := range g {
		at := slices.Index(order, late.lane)
		for _, early := range p.items {
			if slices.Index(order, early.lane) > at && share(early.touches, late.touches) {
				return false
			}
		}
	}
	return true
}

func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

// body is the push of the items of p, by sender.
func (p *parcel) body(sender string) ([]byte, error) {
	push := wire.Push{Sender: sender}
	for _, it := range p.items {
		it.add(&push)
	}
	return push.Encode()
}

// key is the idempotency key of a push, "" for one of several changes.
func (p *parcel) key() string {
	first := p.items[0]
	for _, it := range p.items[1:] {
		// What consolidates is one change, named by what is made.
		if first.lane != wire.LaneMemories || it.lane != wire.LaneDeletions || !slices.Contains(it.touches, first.id) {
			return ""
		}
	}
	return first.id
}

func memoryItem(rec *memory.Record, e *memory.Embedding) item {
	row := wire.Of(rec)
	// What a text takes at most, escaped, and the rest of a row.
	it := item{lane: wire.LaneMemories, id: rec.ID, memory: rec.ID, changed: rec.Content.Stamp.Instant(), touches: []string{rec.ID}, size: 2*(len(rec.Memory.Content)+len(rec.Metadata)) + len(rec.Citations)*4*smallSize + 16*smallSize}
	var vector *wire.Embedding
	if e != nil {
		vector = &wire.Embedding{Dim: len(e.Vector), MemoryID: rec.ID, Model: e.Model, Vector: make([]wire.Float, len(e.Vector))}
		for i, f := range e.Vector {
			vector.Vector[i] = wire.Float(f)
		}
		it.size += 24 * len(e.Vector)
	}
	it.add = func(p *wire.Push) {
		p.Memories = append(p.Memories, row)
		if vector != nil {
			p.Embeddings = append(p.Embeddings, *vector)
		}
	}
	return it
}

const smallSize = 1 << 10 // of an item without texts of any length

// deletion, archival and restoration move a memory.
func deletion(id string, with ...string) item {
	return lifeItem(wire.LaneDeletions, id, with, func(p *wire.Push) { p.Deletions = append(p.Deletions, id) })
}

func archival(id string) item {
	return lifeItem(wire.LaneArchives, id, nil, func(p *wire.Push) { p.Archives = append(p.Archives, id) })
}

func restoration(id string) item {
	return lifeItem(wire.LaneRestores, id, nil, func(p *wire.Push) { p.Restores = append(p.Restores, id) })
}

func lifeItem(lane wire.Lane, id string, with []string, add func(*wire.Push)) item {
	return item{lane: lane, id: id, memory: id, touches: append([]string{id}, with...), size: smallSize, add: add}
}

func linkItem(l memory.Link) item {
	row := wire.Link{
		AttestLevel: l.AttestLevel, CreatedAt: wire.Text(l.CreatedAt), ObservedBy: l.ObservedBy, Relation: l.Relation, Signature: l.Signature,
		Source: l.Source, Target: l.Target, ValidFrom: wire.Text(l.ValidFrom), ValidUntil: wire.Text(l.ValidUntil),
	}
	return item{
		lane: wire.LaneLinks, id: l.Source + "→" + l.Target, again: l.Source + "→" + l.Target + " " + l.Relation, touches: []string{l.Source, l.Target}, size: 2 * smallSize,
		add: func(p *wire.Push) { p.Links = append(p.Links, row) },
	}
}

func standardItem(s *memory.Standard) item {
	row := wire.Standard{Namespace: s.Namespace, Parent: s.Parent, StandardID: s.StandardID, UpdatedAt: wire.Text(s.At)}
	return item{
		lane: wire.LaneStandards, id: s.Namespace, again: "*" + s.Namespace, touches: []string{"*" + s.Namespace, s.StandardID}, size: 4 * smallSize,
		add: func(p *wire.Push) { p.Standards = append(p.Standards, row) },
	}
}

func clearItem(ns string) item {
	return item{
		lane: wire.LaneClears, id: ns, touches: []string{"*" + ns}, size: 4 * smallSize,
		add: func(p *wire.Push) { p.Clears = append(p.Clears, ns) },
	}
}

// pendingItem is a proposal as it stands, if its action is one that such a peer
// knows. One that is decided the peer takes as it is, and carries nothing out.
func pendingItem(p *memory.Pending) (item, bool, error) {
	kind, target, payload, err := action(p)
	if kind == "" || err != nil {
		return item{}, false, err
	}
	row := wire.Pending{
		ID: p.ID, Action: kind, Namespace: p.Namespace, Payload: payload, RequestedBy: string(p.Requester),
		RequestedAt: wire.Text(p.RequestedAt), Status: "pending", Approvals: []wire.Approval{},
	}
	if p.Verdict != "" {
		row.Status, row.DecidedBy, row.DecidedAt = memory.VerdictRejected, string(p.By), wire.Text(p.At)
	}
	if p.Verdict == memory.VerdictApproved {
		row.Status = memory.VerdictApproved
	}
	for _, v := range p.Votes {
		if v.Approve {
			row.Approvals = append(row.Approvals, wire.Approval{AgentID: string(v.Voter), ApprovedAt: wire.Text(v.At)})
		}
	}
	if target != "" {
		row.MemoryID = &target
	}
	return item{
		lane: wire.LanePendings, id: p.ID, touches: []string{"?" + p.ID}, size: 2*len(payload) + 4*smallSize,
		add: func(push *wire.Push) { push.Pendings = append(push.Pendings, row) },
	}, true, nil
}

// action names what is proposed in the words of such a peer; "" if it has none.
func action(p *memory.Pending) (kind, target string, payload []byte, err error) {
	if op, ok := p.Action.(*memory.Put); ok {
		row := wire.OfValue(&op.Memory, op.Memory.CreatedAt)
		payload, err = row.MarshalJSON()
		return "store", "", payload, err
	}
	about := p.Action.About()
	if len(about.Memories) == 1 && about.Memories[0].Life >= memory.Deleted {
		return "delete", about.Main(), []byte("{}"), nil
	}
	return "", "", nil, nil // such a peer cannot propose it
}

func decisionItem(p *memory.Pending) item {
	row := wire.Decision{Approved: p.Verdict == memory.VerdictApproved, Decider: string(p.By), ID: p.ID}
	return item{
		lane: wire.LaneDecisions, id: p.ID, touches: append([]string{"?" + p.ID}, named(p.Action)...), size: smallSize,
		add: func(push *wire.Push) { push.Decisions = append(push.Decisions, row) },
	}
}

// named are the memories that an op is about.
func named(op memory.Op) []string {
	var out []string
	for _, r := range op.About().Memories {
		out = append(out, r.ID)
	}
	return out
}
