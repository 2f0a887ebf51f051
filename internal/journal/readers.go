package journal

import (
	"cmp"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
)

// Bounds of what is kept of reads.
const (
	maxRead    = 5000 // memories, those that were read last
	maxReaders = 16   // agents of each memory, those that read it last
	maxAgents  = 1000 // those that read last
	saveEvery  = time.Minute
)

// Readers keeps which agents have read which memories on this node: how often, and when
// last. It holds ids and no texts, is bounded, and is kept in a file once a minute: a
// crash, of the machine too, loses what came after the last time that this succeeded. It
// is safe for concurrent use, and nobody waits for the file.
type Readers struct {
	path string
	now  func() time.Time
	log  *slog.Logger

	mu     sync.Mutex // guards what follows
	since  time.Time
	read   map[string]*list.Element // of order, by memory
	order  *list.List               // of *memoryRead, the one that was read last in front
	agents map[string]client.Reader
	dirty  bool
}

// memoryRead is a memory and who has read it, who did last in front. It does not change:
// it is written to the file while others read.
type memoryRead struct {
	ID      string          `json:"id"`
	Readers []client.Reader `json:"readers"`
}

// readersFile is what is kept.
type readersFile struct {
	Since  time.Time       `json:"since"`
	Read   []*memoryRead   `json:"read"`
	Agents []client.Reader `json:"agents"`
}

// OpenReaders reads what was kept in a file. One that cannot be read is begun anew: what
// it says is nice to know.
func OpenReaders(path string, now func() time.Time, log *slog.Logger) *Readers {
	r := &Readers{path: path, now: now, log: log, since: now().UTC(), read: map[string]*list.Element{}, order: list.New(), agents: map[string]client.Reader{}}
	raw, err := os.ReadFile(path) //nolint:gosec // of the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return r
	}
	var f readersFile
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	if err != nil {
		log.Warn("who has read what is counted anew: what was kept cannot be read", "err", err)
		return r
	}
	r.since = f.Since
	for _, m := range f.Read[:min(len(f.Read), maxRead)] {
		if m != nil && r.read[m.ID] == nil {
			m.Readers = m.Readers[:min(len(m.Readers), maxReaders)]
			r.read[m.ID] = r.order.PushBack(m)
		}
	}
	for _, a := range f.Agents[:min(len(f.Agents), maxAgents)] {
		r.agents[a.AgentID] = a
	}
	return r
}

// Read notes that an agent was given memories, and how: by recall, by id or in a
// briefing. It waits for no disk.
func (r *Readers) Read(agent, how string, ids []string) {
	if len(ids) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirty = true
	at := client.TimeOf(r.now().UTC())
	for _, id := range ids {
		r.readOne(id, client.Reader{AgentID: agent, Times: 1, LastAt: at, How: how})
	}
	a := r.agents[agent]
	a.AgentID, a.Times, a.LastAt, a.How = agent, a.Times+int64(len(ids)), at, how
	r.agents[agent] = a
	if len(r.agents) > maxAgents {
		first := a
		for _, x := range r.agents {
			if x.LastAt.Before(first.LastAt.Time) {
				first = x
			}
		}
		delete(r.agents, first.AgentID)
	}
}

func (r *Readers) readOne(id string, now client.Reader) {
	var before []client.Reader
	e := r.read[id]
	if e == nil {
		e = r.order.PushFront(nil)
		r.read[id] = e
		if r.order.Len() > maxRead {
			delete(r.read, whatOf(r.order.Back()).ID)
			r.order.Remove(r.order.Back())
		}
	} else {
		before = whatOf(e).Readers
	}
	r.order.MoveToFront(e)
	readers := append(make([]client.Reader, 0, min(len(before)+1, maxReaders)), now)
	for _, x := range before {
		switch {
		case x.AgentID == now.AgentID:
			readers[0].Times += x.Times
		case len(readers) < maxReaders:
			readers = append(readers, x)
		}
	}
	e.Value = &memoryRead{ID: id, Readers: readers}
}

func whatOf(e *list.Element) *memoryRead {
	return e.Value.(*memoryRead) //nolint:forcetypeassert // nothing else is in it
}

// Of lists who has read a memory, who did last first.
func (r *Readers) Of(id string) []client.Reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.read[id]; e != nil {
		return slices.Clone(whatOf(e).Readers)
	}
	return []client.Reader{}
}

// By lists which memories an agent has read, the last first and at most so many.
func (r *Readers) By(agent string, most int) []client.Given {
	out := []client.Given{}
	r.mu.Lock()
	for e := r.order.Front(); e != nil; e = e.Next() {
		m := whatOf(e)
		if i := slices.IndexFunc(m.Readers, func(x client.Reader) bool { return x.AgentID == agent }); i >= 0 {
			out = append(out, client.Given{ID: m.ID, Times: m.Readers[i].Times, LastAt: m.Readers[i].LastAt, How: m.Readers[i].How})
		}
	}
	r.mu.Unlock()
	slices.SortStableFunc(out, func(x, y client.Given) int { return y.LastAt.Compare(x.LastAt.Time) })
	return out[:min(len(out), most)]
}

// All lists who has read anything, who did last first.
func (r *Readers) All() []client.Reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all()
}

func (r *Readers) all() []client.Reader {
	out := make([]client.Reader, 0, len(r.agents))
	for _, a := range r.agents {
		out = append(out, a)
	}
	slices.SortFunc(out, func(x, y client.Reader) int {
		return cmp.Or(y.LastAt.Compare(x.LastAt.Time), cmp.Compare(x.AgentID, y.AgentID))
	})
	return out
}

// Since is when counting began.
func (r *Readers) Since() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.since
}

// Run keeps what is new in the file, every minute and when ctx is done.
func (r *Readers) Run(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		if err := r.save(); err != nil {
			r.log.WarnContext(ctx, "who has read what cannot be kept", "err", err)
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// save keeps what is new. What could not be kept is tried again.
func (r *Readers) save() error {
	f := r.fresh()
	if f == nil {
		return nil
	}
	raw, err := json.Marshal(f)
	if err == nil {
		err = identity.WritePrivate(r.path, raw)
	}
	if err != nil {
		r.mu.Lock()
		r.dirty = true
		r.mu.Unlock()
		return fmt.Errorf("readers: %w", err)
	}
	return nil
}

// fresh is what is to be kept, or nil if that is nothing new.
func (r *Readers) fresh() *readersFile {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.dirty {
		return nil
	}
	r.dirty = false
	f := &readersFile{Since: r.since, Read: make([]*memoryRead, 0, r.order.Len()), Agents: r.all()}
	for e := r.order.Front(); e != nil; e = e.Next() {
		f.Read = append(f.Read, whatOf(e))
	}
	return f
}
