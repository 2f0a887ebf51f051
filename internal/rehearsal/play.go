package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/memory"
)

// actor is a node of a rehearsal.
type actor struct {
	*fleet.Node

	c       *client.Client
	from    map[string]*wire // by the name of the node that they lead to
	written int
}

// play is one rehearsal.
type play struct {
	cfg    Config
	actors []*actor
	until  time.Time
	stop   context.CancelFunc
	gone   chan struct{} // closed when nothing of it is left; then failed is set
	failed error
	shared string // the memory that [play.edit] edits

	mu    sync.Mutex
	cut   string // the node that is cut off, or ""
	nodes []client.RehearsalNode
	notes []client.RehearsalNote
	since time.Time // when what was done last was done
	equal bool
}

func begin(ctx context.Context, cfg Config) (_ *play, err error) {
	p := &play{cfg: cfg, gone: make(chan struct{}), until: time.Now().Add(cfg.Lasts)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.clear())
		}
	}()
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	if err := p.first(ctx); err != nil {
		return nil, fmt.Errorf("the first memory: %w", err)
	}
	running, stop := context.WithDeadline(context.WithoutCancel(ctx), p.until)
	p.stop = stop
	go p.run(running)
	return p, nil
}

// first writes the memory that all three know, and waits until they do. That may take
// longer than a write waits for its quorum: nodes that have just begun meet when they can.
func (p *play) first(ctx context.Context) error {
	out, err := p.actors[0].c.Create(ctx, client.Draft{Title: "The note", Content: "What all three know.", Namespace: namespace}, client.With{Durability: client.Local})
	if err != nil {
		return err
	}
	p.shared = out.ID
	p.note("begun", "", 0)
	tick := time.NewTicker(looking)
	defer tick.Stop()
	for p.look(ctx); !p.met(); p.look(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// looking is the pause between two looks at the nodes.
const looking = 200 * time.Millisecond

// met reports whether all nodes were equal at the last look.
func (p *play) met() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.equal
}

// namespace is where the memories of a rehearsal are.
const namespace = "rehearsal"

// start lays the wires and starts the nodes.
func (p *play) start(ctx context.Context) error {
	places, err := fleet.Places(ctx, "alder", "birch", "cedar")
	if err != nil {
		return err
	}
	var family fleet.Family
	var nodes []*fleet.Node
	for i, place := range places {
		a := &actor{from: map[string]*wire{}}
		p.actors = append(p.actors, a)
		ways := slices.Clone(places)
		for j := range ways {
			if j == i {
				continue
			}
			w, err := newWire(ctx, ways[j].Addr)
			if err != nil {
				return err
			}
			a.from[ways[j].Name], ways[j].Via = w, w.url()
		}
		data := filepath.Join(p.cfg.Dir, place.Name)
		a.Node = family.Node(fleet.Config{
			Name: place.Name, Program: p.cfg.Program, Log: data + ".log", Tied: true,
			Args: append([]string{"serve", "--" + fleet.TiedFlag}, fleet.Flags(ways, i, data)...),
		})
		if a.c, err = client.New(client.Options{URL: place.URL()}); err != nil {
			return err
		}
		nodes = append(nodes, a.Node)
	}
	return fleet.Start(ctx, nodes...)
}

// run looks at the nodes until ctx is done, and takes them down.
func (p *play) run(ctx context.Context) {
	defer close(p.gone)
	tick := time.NewTicker(looking)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			p.look(ctx)
		case <-ctx.Done():
		}
	}
	p.failed = p.clear()
}

// clear ends all processes and wires, and removes what they have written.
func (p *play) clear() error {
	var nodes []*fleet.Node
	for _, a := range p.actors {
		for _, w := range a.from {
			w.set(true)
		}
		if a.Node != nil {
			a.c.CloseIdle()
			nodes = append(nodes, a.Node)
		}
	}
	err := fleet.Stop(nodes...)
	for _, a := range p.actors {
		for _, w := range a.from {
			w.close()
		}
	}
	return errors.Join(err, os.RemoveAll(p.cfg.Dir))
}

func (p *play) ended() bool {
	select {
	case <-p.gone:
		return true
	default:
		return !time.Now().Before(p.until)
	}
}

func (p *play) show() client.Rehearsal {
	p.mu.Lock()
	defer p.mu.Unlock()
	return client.Rehearsal{
		State: "running", Offered: true, EndsAt: client.TimeOf(p.until.UTC()), Cut: p.cut, Equal: p.equal, Memory: p.shared,
		Nodes: slices.Clone(p.nodes), Notes: slices.Clone(p.notes),
	}
}

// note remembers what was done, and when: what is seen next is measured from here.
func (p *play) note(what, node string, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Now()
	p.add(client.RehearsalNote{At: client.TimeOf(p.since.UTC()), What: what, Node: node, Count: count})
}

func (p *play) add(n client.RehearsalNote) {
	p.notes = append(p.notes, n)
	if over := len(p.notes) - maxNotes; over > 0 {
		p.notes = slices.Delete(p.notes, 0, over)
	}
}

func (p *play) actor(name string) (*actor, error) {
	i := slices.IndexFunc(p.actors, func(a *actor) bool { return a.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("node %.63q is none of the rehearsal: %w", name, memory.ErrInvalid)
	}
	return p.actors[i], nil
}

func (p *play) cutOff(name string) error {
	if name != "" {
		if _, err := p.actor(name); err != nil {
			return err
		}
	}
	for _, a := range p.actors {
		for to, w := range a.from {
			w.set(name != "" && (a.Name == name || to == name))
		}
	}
	p.mu.Lock()
	was := p.cut
	p.cut = name
	p.mu.Unlock()
	switch {
	case name != "":
		p.note("cut", name, 0)
	case was != "":
		p.note("healed", was, 0)
	}
	return nil
}

func (p *play) write(ctx context.Context, name string, count int) error {
	a, err := p.actor(name)
	if err != nil {
		return err
	}
	if count < 1 || count > MaxWrite {
		return fmt.Errorf("%d memories at once: want 1 to %d: %w", count, MaxWrite, memory.ErrInvalid)
	}
	p.mu.Lock()
	first := a.written
	a.written += count
	p.mu.Unlock()
	drafts := make([]client.Draft, count)
	for i := range drafts {
		drafts[i] = client.Draft{
			Title: fmt.Sprintf("%s %d", name, first+i+1), Content: fmt.Sprintf("Written at %s, number %d.", name, first+i+1), Namespace: namespace,
		}
	}
	if _, err := a.c.CreateAll(ctx, drafts, client.With{Durability: client.Local}); err != nil {
		return fmt.Errorf("write at %s: %w", name, err)
	}
	p.note("written", name, count)
	p.look(ctx)
	return nil
}

func (p *play) edit(ctx context.Context) error {
	sides := p.sides()
	for _, a := range sides {
		text := "As " + a.Name + " knows it at " + time.Now().UTC().Format(time.TimeOnly) + "."
		if _, err := a.c.Update(ctx, p.shared, client.Patch{Content: &text}, client.With{Durability: client.Local}); err != nil {
			return fmt.Errorf("edit at %s: %w", a.Name, err)
		}
	}
	p.note("edited", "", len(sides))
	p.look(ctx)
	return nil
}

// sides are a node on each side of the cut.
func (p *play) sides() []*actor {
	p.mu.Lock()
	defer p.mu.Unlock()
	here, there := p.actors[0], p.actors[len(p.actors)-1]
	for _, a := range p.actors {
		if a.Name == p.cut {
			there = a
		}
	}
	if there == here {
		here = p.actors[1]
	}
	return []*actor{here, there}
}
