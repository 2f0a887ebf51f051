// Package carry carries over to nodes what an importer has read: memories, several at a
// time, then standards and links, which refer to them. What is there already is left
// alone, or edited where it says something else, so that to run it again changes nothing.
package carry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// Options say where to, and how.
type Options struct {
	// Nodes take the writes in turn. Where one is gone, the next is asked. There may be
	// none if it is a dry run.
	Nodes []*client.Client
	// As returns a client for the node at a URL that speaks for an agent: what somebody
	// has written stays theirs. Each is kept and asked for once.
	As          func(url, agent string) (*client.Client, error)
	Agent       string      // who imports; "" for nobody in particular
	With        client.With // of each write, but for its idempotency key
	Concurrency int         // memories written at the same time, at least 1
	Dry         bool        // tell what would be written, and write nothing

	// Progress is told how many memories are there now, and Complain of each of the
	// first items that fail; one call at a time. Either may be nil.
	Progress func(memories int)
	Complain func(line string)
}

const (
	maxAttempts   = 12
	maxPause      = 5 * time.Second
	maxComplaints = 20
)

// run is what is kept while it is under way.
type run struct {
	Options

	speakers *speakers

	mu     sync.Mutex
	report Report
	ends   map[string]end // by what the source calls a memory

	// The links of the memory that was last asked about, and who asked: links of
	// one memory come together.
	linksOf string
	linksAs *client.Client
	links   []client.Link
}

type numbered struct {
	n    int // place in the source: chooses the node
	item importer.Item
}

// Run writes what there is in a source. It stops early only if no node can be reached, the
// source breaks off, or ctx ends; what one item does wrong is counted. The report says how
// far it came, also with an error.
func Run(ctx context.Context, items iter.Seq2[importer.Item, error], o Options) (*Report, error) {
	r := &run{Options: o, speakers: &speakers{open: o.As}}
	start := time.Now()
	err := r.all(ctx, items)
	r.report.Seconds = time.Since(start).Round(time.Millisecond).Seconds()
	return &r.report, err
}

func (r *run) all(ctx context.Context, items iter.Seq2[importer.Item, error]) error {
	r.report.Durability = map[string]int{}
	if err := r.anybody(ctx); err != nil {
		if !r.Dry {
			return err
		}
		r.Nodes = nil // then the source alone has to say it
	}
	r.report.Asked = len(r.Nodes) > 0
	last := &afterwards{}
	g, work := errgroup.WithContext(ctx)
	queue := make(chan numbered)
	g.Go(func() error {
		defer close(queue)
		return r.feed(work, items, queue, last)
	})
	for range r.Concurrency {
		g.Go(func() error {
			for it := range queue {
				if err := r.memory(work, it); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	if err == nil {
		err = r.standards(ctx, last.standards) // what they refer to is there now
	}
	if err == nil {
		err = r.link(ctx, last.links)
	}
	if err == nil {
		err = last.broken
	}
	return err
}

// anybody returns an error if no node answers at all: better now than after
// many attempts.
func (r *run) anybody(ctx context.Context) error {
	var err error
	for _, c := range r.Nodes {
		err = c.Ready(ctx)
		if _, gone := errors.AsType[*client.UnreachableError](err); !gone {
			return ctx.Err()
		}
	}
	return err
}

// afterwards is what refers to memories, and must come when they are there.
type afterwards struct {
	standards, links []importer.Item
	broken           error // the source could not be read to its end
}

// feed hands the memories of a source to those who write them. A source that
// breaks off does not take back what was read of it.
func (r *run) feed(ctx context.Context, items iter.Seq2[importer.Item, error], queue chan<- numbered, last *afterwards) error {
	n := 0
	for item, err := range items {
		bad, unreadable := errors.AsType[*importer.ItemError](err)
		switch {
		case unreadable:
			r.count(func(t *Report) { t.Read++; t.Unreadable++ })
			r.failed(bad.Where, bad.Err)
			continue
		case err != nil:
			last.broken = err
			return nil
		case item.Loss != nil:
			r.lose(item.Where, item.Loss.Reason, item.Loss.Detail)
			continue
		}
		r.count(func(t *Report) { t.Read++ })
		switch {
		case item.Archived:
			r.count(func(t *Report) { t.Skipped++ })
			r.lose(item.Where, "an archived memory, which only a complete export brings along", item.Draft.Title)
			continue
		case item.Link != nil:
			last.links = append(last.links, item)
			continue
		case item.Standard != nil:
			last.standards = append(last.standards, item)
			continue
		}
		select {
		case queue <- numbered{n, item}:
			n++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (r *run) count(f func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.report)
	if r.Progress != nil {
		r.Progress(r.report.Written + r.report.Unchanged)
	}
}

func (r *run) failed(where string, err error) {
	word := "failed"
	if r.Dry {
		word = "unreadable"
	}
	r.count(func(t *Report) {
		t.Failed++
		switch {
		case r.Complain == nil || t.Failed > maxComplaints+1:
		case t.Failed > maxComplaints:
			r.Complain("failed: … further ones are only counted")
		default:
			r.Complain(fmt.Sprintf("%s: %s: %v", word, where, err))
		}
	})
}

// verdict counts what a write ended with. A missed quorum is a write all the
// same, and told at the end; no node at all ends the import.
func (r *run) verdict(ctx context.Context, item importer.Item, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*client.Error](err); ok && e.QuorumMissed() {
		r.met(item, e.ID)
		r.count(func(t *Report) { t.Written++; t.Short++; t.receipt(e.Receipt) })
		return nil
	}
	if e, ok := errors.AsType[*client.UnreachableError](err); ok {
		return e
	}
	r.failed(item.Where, err)
	return nil
}

// persist calls write until it succeeds or will not: it waits for busy nodes as
// long as they ask for, and goes to the next node if one is gone.
func (r *run) persist(ctx context.Context, n int, write func(*client.Client) error) error {
	pause := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		var node *client.Client
		if len(r.Nodes) > 0 {
			node = r.Nodes[n%len(r.Nodes)]
		}
		err := write(node)
		wait, again := Retry(err, pause)
		if !again || attempt == maxAttempts || ctx.Err() != nil {
			return err
		}
		if _, gone := errors.AsType[*client.UnreachableError](err); gone {
			n++
		}
		r.count(func(t *Report) { t.Retried++ })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		pause = min(2*pause, maxPause)
	}
}

// Retry says whether the error of a write may pass, and how long to wait before the next
// attempt: pause, or as long as the node asks for.
func Retry(err error, pause time.Duration) (time.Duration, bool) {
	if _, gone := errors.AsType[*client.UnreachableError](err); gone {
		return pause, true
	}
	e, ok := errors.AsType[*client.Error](err)
	switch {
	case !ok:
		return 0, false
	case e.Temporary():
		return max(pause, e.RetryAfter), true
	case e.Conflict() && (e.Code == string(client.CodeStale) || e.Current != 0):
		return pause, true
	}
	return 0, false
}
