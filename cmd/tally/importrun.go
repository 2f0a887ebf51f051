package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
	"github.com/tallystick/tallystick/internal/screen"
)

// importRun writes items to nodes, several at a time.
type importRun struct {
	nodes       []*client.Client
	with        client.With
	concurrency int
	progress    *progress
	complain    io.Writer // one line for each item that fails, the first few
	speakers    *speakers
	agent       string // who imports; "" for nobody in particular
	dry         bool   // tell what would be written, and write nothing; nodes may be empty

	mu     sync.Mutex
	report importReport
	ends   map[string]end // by what the source calls a memory

	// The links of the memory that was last asked about, and who asked: links of
	// one memory come together.
	linksOf string
	linksAs *client.Client
	links   []client.Link
}

const (
	maxAttempts   = 12
	maxPause      = 5 * time.Second
	maxComplaints = 20
)

type numbered struct {
	n    int // place in the source: chooses the node
	item importer.Item
}

// run writes everything. It stops early only if no node can be reached, or ctx
// ends; what one item does wrong is counted.
func (im *importRun) run(ctx context.Context, items iter.Seq2[importer.Item, error]) (*importReport, error) {
	start := time.Now()
	im.report.Durability = map[string]int{}
	if err := im.anybody(ctx); err != nil {
		if !im.dry {
			return &im.report, err
		}
		im.nodes = nil // then the source alone has to say it
	}
	last := &afterwards{}
	g, work := errgroup.WithContext(ctx)
	queue := make(chan numbered)
	g.Go(func() error {
		defer close(queue)
		return im.feed(work, items, queue, last)
	})
	for range im.concurrency {
		g.Go(func() error {
			for it := range queue {
				if err := im.memory(work, it); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	if err == nil {
		err = im.standards(ctx, last.standards) // what they refer to is there now
	}
	if err == nil {
		err = im.link(ctx, last.links)
	}
	im.progress.done()
	im.report.Seconds = since(start)
	if err == nil {
		err = last.broken
	}
	return &im.report, err
}

// anybody returns an error if no node answers at all: better now than after
// many attempts.
func (im *importRun) anybody(ctx context.Context) error {
	var err error
	for _, c := range im.nodes {
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
func (im *importRun) feed(ctx context.Context, items iter.Seq2[importer.Item, error], queue chan<- numbered, last *afterwards) error {
	n := 0
	for item, err := range items {
		bad, unreadable := errors.AsType[*importer.ItemError](err)
		switch {
		case unreadable:
			im.count(func(r *importReport) { r.Read++; r.Unreadable++ })
			im.failed(bad.Where, bad.Err)
			continue
		case err != nil:
			last.broken = err
			return nil
		case item.Loss != nil:
			im.lose(item.Where, item.Loss.Reason, item.Loss.Detail)
			continue
		}
		im.count(func(r *importReport) { r.Read++ })
		switch {
		case item.Archived:
			im.count(func(r *importReport) { r.Skipped++ })
			im.lose(item.Where, "an archived memory, which only a complete export brings along", item.Draft.Title)
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

func (im *importRun) count(f func(*importReport)) {
	im.mu.Lock()
	defer im.mu.Unlock()
	f(&im.report)
	im.progress.at(im.report.Written+im.report.Unchanged, 0)
}

func (im *importRun) failed(where string, err error) {
	word := "failed"
	if im.dry {
		word = "unreadable"
	}
	im.count(func(r *importReport) {
		if r.Failed++; r.Failed <= maxComplaints {
			im.progress.done()
			say(im.complain, "%s: %s: %v\n", word, where, err)
		}
		if r.Failed == maxComplaints+1 {
			say(im.complain, "failed: … further ones are only counted\n")
		}
	})
}

// memory writes one memory. It returns an error only if the import must end.
func (im *importRun) memory(ctx context.Context, it numbered) error {
	with := im.with
	with.IdempotencyKey = importKey(it.item.Draft, with.Durability)
	err := im.persist(ctx, it.n, func(c *client.Client) error {
		c, err := im.speakers.of(c, it.item.Owner)
		if err != nil {
			return err
		}
		switch {
		case im.dry:
			return im.foresee(ctx, c, it.item)
		case it.item.Archive != "":
			return im.archive(ctx, c, it.item, with)
		}
		return im.create(ctx, c, it.item, with)
	})
	return im.verdict(ctx, it.item, err)
}

func (im *importRun) create(ctx context.Context, c *client.Client, item importer.Item, with client.With) error {
	out, err := c.Create(ctx, item.Draft, with)
	if taken(err) {
		e, _ := errors.AsType[*client.Error](err)
		if item.Otherwise != "" && e.ID != item.Draft.ID {
			return im.apart(ctx, c, item, with)
		}
		return im.settle(ctx, c, e.ID, item)
	}
	if err != nil {
		return err
	}
	if out.Replayed {
		return im.repeated(ctx, c, out, item)
	}
	im.met(item, out.ID)
	im.wrote(out, false)
	return nil
}

// wrote counts a create or an edit: one that waits for approval is none yet.
func (im *importRun) wrote(out *client.Outcome, edit bool) {
	im.count(func(r *importReport) {
		if out.Pending != nil {
			r.Pending++
			return
		}
		r.Written++
		if edit {
			r.Updated++
		}
		r.receipt(out.Receipt)
	})
}

// repeated settles what an earlier import has asked for: a memory, or a proposal, which
// may have been approved since.
func (im *importRun) repeated(ctx context.Context, c *client.Client, out *client.Outcome, item importer.Item) error {
	if out.Pending == nil {
		return im.settle(ctx, c, out.ID, item)
	}
	m, _, err := existing(ctx, c, item)
	switch {
	case err != nil:
		return err
	case m != nil:
		return im.settle(ctx, c, m.ID, item)
	}
	im.wrote(out, false)
	return nil
}

// settle compares with the memory that has the title already, and edits it if it
// says something else.
func (im *importRun) settle(ctx context.Context, c *client.Client, id string, item importer.Item) error {
	d := item.Draft
	im.met(item, id)
	m, _, err := c.Get(ctx, id)
	if notFound(err) { // it was there once, and is no longer
		out, err := c.Create(ctx, d, im.with)
		if err == nil {
			im.met(item, out.ID)
			im.wrote(out, false)
		}
		return err
	}
	if err != nil {
		return err
	}
	if same(m, &d) || d.Content != m.Content && sameMasked(m, d) {
		im.count(func(r *importReport) { r.Unchanged++ })
		return nil
	}
	p := client.Patch{Content: &d.Content, IfVersion: m.Version}
	if len(d.Tags) > 0 {
		p.Tags = &d.Tags
	}
	with := im.with // repeated, an edit that waits for approval is the same proposal
	with.IdempotencyKey = importKey(d, with.Durability) + "-at-" + decimal(int(m.Version))
	out, err := c.Update(ctx, id, p, with)
	if err != nil {
		return err
	}
	im.wrote(out, true)
	return nil
}

// sameMasked is same for a memory whose secrets the node has masked.
func sameMasked(m *client.Memory, d client.Draft) bool {
	if !strings.Contains(m.Content, "[masked: ") {
		return false
	}
	d.Content = screen.New().Masked(d.Content)
	return same(m, &d)
}

// same reports whether a memory says what a draft says.
func same(m *client.Memory, d *client.Draft) bool {
	return m.Content == d.Content && (len(d.Tags) == 0 || slices.Equal(m.Tags, d.Tags))
}

func (im *importRun) link(ctx context.Context, items []importer.Item) error {
	for i, item := range items {
		err := im.persist(ctx, i, func(c *client.Client) error { return im.draw(ctx, c, item) })
		if err := im.verdict(ctx, item, err); err != nil {
			return err
		}
	}
	return nil
}

// verdict counts what a write ended with. A missed quorum is a write all the
// same, and told at the end; no node at all ends the import.
func (im *importRun) verdict(ctx context.Context, item importer.Item, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*client.Error](err); ok && e.QuorumMissed() {
		im.met(item, e.ID)
		im.count(func(r *importReport) { r.Written++; r.Short++; r.receipt(e.Receipt) })
		return nil
	}
	if e, ok := errors.AsType[*client.UnreachableError](err); ok {
		return e
	}
	im.failed(item.Where, err)
	return nil
}

// persist calls write until it succeeds or will not: it waits for busy nodes as
// long as they ask for, and goes to the next node if one is gone.
func (im *importRun) persist(ctx context.Context, n int, write func(*client.Client) error) error {
	pause := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		var node *client.Client
		if len(im.nodes) > 0 {
			node = im.nodes[n%len(im.nodes)]
		}
		err := write(node)
		wait, again := retry(err, pause)
		if !again || attempt == maxAttempts || ctx.Err() != nil {
			return err
		}
		if _, gone := errors.AsType[*client.UnreachableError](err); gone {
			n++
		}
		im.count(func(r *importReport) { r.Retried++ })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		pause = min(2*pause, maxPause)
	}
}

// retry says whether err may pass, and how long to wait.
func retry(err error, pause time.Duration) (time.Duration, bool) {
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

// taken reports whether a create met a memory with the same title.
func taken(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Status == http.StatusConflict && e.ID != "" && e.Current == 0
}

// importKey is the same for the same request, so that a repetition whose first
// answer was lost does not write twice.
func importKey(d client.Draft, durability client.Durability) string {
	b, err := json.Marshal(d)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append(b, durability...))
	return "import-" + hex.EncodeToString(sum[:16])
}
