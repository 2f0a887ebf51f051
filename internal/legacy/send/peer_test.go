package send

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// realNode is a node of ai-memory by the rules that were seen and read: each list in
// its order, each item by itself, and what it leaves out it counts.
type realNode struct {
	tb testing.TB

	mu        sync.Mutex
	rows      map[string]wire.Memory // live
	archive   map[string]wire.Memory
	links     map[[3]string]wire.Link
	standards map[string]wire.Standard
	pendings  map[string]wire.Pending
	pushes    []*wire.Push
	keys      []string // idempotency keys, "" for a batch
	refuse    func(p *wire.Push) (status int, body string)
	ids       []string // what it says that it stored, if anything
}

func newRealNode(tb testing.TB) *realNode {
	tb.Helper()
	return &realNode{
		tb: tb, rows: map[string]wire.Memory{}, archive: map[string]wire.Memory{}, links: map[[3]string]wire.Link{},
		standards: map[string]wire.Standard{}, pendings: map[string]wire.Pending{},
	}
}

// reset forgets everything.
func (n *realNode) reset() {
	fresh := newRealNode(n.tb)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rows, n.archive, n.links, n.standards, n.pendings = fresh.rows, fresh.archive, fresh.links, fresh.standards, fresh.pendings
	n.pushes, n.keys = nil, nil
}

func (n *realNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	p, err := wire.DecodePush(data)
	if err != nil {
		n.tb.Errorf("%v in %s", err, data)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if p.Sender != r.Header.Get("X-Peer-Id") {
		n.tb.Errorf("%s pushes as %s", r.Header.Get("X-Peer-Id"), p.Sender)
	}
	if len(data) > wire.MaxBody {
		n.tb.Errorf("a body of %d bytes", len(data))
	}
	for _, l := range wire.Lanes() {
		if p.Items(l) > wire.MaxItems {
			n.tb.Errorf("%d items of %s", p.Items(l), l)
		}
	}
	n.pushes, n.keys = append(n.pushes, p), append(n.keys, r.Header.Get("Idempotency-Key"))
	if n.refuse != nil {
		if status, body := n.refuse(p); status != 0 {
			http.Error(w, body, status)
			return
		}
	}
	reply := n.apply(p)
	reply.IDs, reply.ReceiverAgent = n.ids, "anonymous:req-1"
	out, err := reply.Encode()
	if err != nil {
		n.tb.Error(err)
	}
	_, _ = w.Write(out)
}

func (n *realNode) apply(p *wire.Push) *wire.Reply {
	var r wire.Reply
	for _, m := range p.Memories {
		count(n.insert(m), &r.Applied, &r.Skipped)
	}
	for _, id := range p.Deletions {
		count(n.remove(id), &r.Deleted, &r.Noop)
	}
	for _, id := range p.Archives {
		m, ok := n.rows[id]
		if ok {
			n.remove(id)
			n.archive[id] = m
		}
		count(ok, &r.Archived, &r.Noop)
	}
	for _, id := range p.Restores {
		m, ok := n.archive[id]
		if _, live := n.rows[id]; ok && live {
			r.Skipped++
			continue
		}
		if ok {
			delete(n.archive, id)
			m.UpdatedAt = wire.Text(memory.InstantOf(time.Now()))
			n.rows[id] = m
		}
		count(ok, &r.Restored, &r.Noop)
	}
	for _, l := range p.Links {
		ok := n.has(l.Source) && n.has(l.Target)
		key := [3]string{l.Source, l.Target, l.Relation}
		if _, there := n.links[key]; ok && !there {
			n.links[key] = l
		}
		count(ok, &r.LinksApplied, &r.Skipped)
	}
	for _, a := range p.Pendings {
		n.pendings[a.ID] = a
		r.PendingsApplied++
	}
	for _, d := range p.Decisions {
		a, ok := n.pendings[d.ID]
		ok = ok && a.Status == "pending"
		if ok {
			a.Status = map[bool]string{true: "approved", false: "rejected"}[d.Approved]
			n.pendings[d.ID] = a
			n.execute(&a)
		}
		count(ok, &r.DecisionsApplied, &r.Noop)
	}
	for _, s := range p.Standards {
		ok := n.has(s.StandardID)
		if ok {
			n.standards[s.Namespace] = s
		}
		count(ok, &r.StandardsApplied, &r.Skipped)
	}
	for _, ns := range p.Clears {
		_, ok := n.standards[ns]
		delete(n.standards, ns)
		count(ok, &r.StandardsCleared, &r.Noop)
	}
	return &r
}

func count(ok bool, yes, no *int) {
	if !ok {
		yes = no
	}
	*yes++
}

func (n *realNode) has(id string) bool {
	_, ok := n.rows[id]
	return ok
}

// insert merges a row into the one of the same title; one that it has under another
// title it leaves out.
func (n *realNode) insert(in wire.Memory) bool {
	for id, m := range n.rows {
		if m.Title != in.Title || m.Namespace != in.Namespace {
			continue
		}
		wins := in.UpdatedAt > m.UpdatedAt || in.UpdatedAt == m.UpdatedAt && in.ID > m.ID
		old := m
		if wins {
			m = in
			m.ID, m.CreatedAt, m.Version = old.ID, old.CreatedAt, old.Version
		}
		m.Priority, m.Confidence, m.UpdatedAt = max(old.Priority, in.Priority), max(old.Confidence, in.Confidence), max(old.UpdatedAt, in.UpdatedAt)
		n.rows[id] = m
		return true
	}
	if n.has(in.ID) {
		return false
	}
	n.rows[in.ID] = in
	return true
}

func (n *realNode) remove(id string) bool {
	if !n.has(id) {
		return false
	}
	delete(n.rows, id)
	maps.DeleteFunc(n.links, func(k [3]string, _ wire.Link) bool { return k[0] == id || k[1] == id })
	maps.DeleteFunc(n.standards, func(_ string, s wire.Standard) bool { return s.StandardID == id })
	return true
}

// execute carries out what was approved, a store under an id of its own.
func (n *realNode) execute(a *wire.Pending) {
	switch {
	case a.Status != "approved":
	case a.Action == "delete" && a.MemoryID != nil:
		n.remove(*a.MemoryID)
	case a.Action == "store":
		var m wire.Memory
		if err := json.Unmarshal(a.Payload, &m); err != nil {
			n.tb.Error(err)
			return
		}
		if slices.ContainsFunc(slices.Collect(maps.Values(n.rows)), func(o wire.Memory) bool { return o.Title == m.Title && o.Namespace == m.Namespace }) {
			return
		}
		m.ID = "minted-" + m.ID
		n.rows[m.ID] = m
	}
}
