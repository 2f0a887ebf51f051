// Package recall finds memories by words: [Finder] answers from indexes in memory
// that follow the log behind the commits. How a memory becomes a document is here;
// how texts are cut into words, kept, searched and ranked is in the packages below,
// which know no memories.
package recall

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/search"
)

// Config of a finder. Zero fields take the defaults named here.
type Config struct {
	File string        // where the index of words is kept between two runs; "": nowhere
	Save time.Duration // how often projections are saved if they have changed; 10 min
	Now  func() time.Time
	Log  *slog.Logger // required

	Arms        []rank.Arm   // beside those of words and dates
	Projections []Projection // what these arms look into, fed as the index of words is
}

// Query is a question.
type Query struct {
	Text     string
	Filter   memory.Filter
	Limit    int
	Deadline time.Time // when the answer is what was found so far; zero is never
}

// Report is what became of an arm in one answer.
type Report = rank.Report

// Hit is a memory that was found, by its id.
type Hit struct {
	ID    string
	Score float64
	Parts rank.Parts // what the score of a recall is the sum of
	Band  string     // how far a hit of a recall may be relied upon: strong, likely, weak
}

// Points are the parts of the score that are not 0, by their names.
func (h *Hit) Points() map[string]float64 {
	out := map[string]float64{}
	for p, v := range h.Parts {
		if v != 0 {
			out[rank.Part(p).String()] = float64(v)
		}
	}
	return out
}

// Result is what a recall found, best first. A shorter list is the beginning of a
// longer one.
type Result struct {
	Hits    []Hit
	Found   int      // memories that have something of what was asked
	Unknown float32  // share of the question's weight that is in words nobody has used
	Capped  bool     // common words counted only for what rarer words had found
	Late    bool     // the deadline came before all candidates were compared
	Abstain bool     // none of the hits is worth telling
	Arms    []Report // what became of each arm
}

// Finder finds memories by words, in indexes that follow a log. It is safe for
// concurrent use. Run must run.
type Finder struct {
	cfg      Config
	source   Source
	ranker   *rank.Ranker
	words    *words
	searcher search.Searcher
	follow   []*follower // that of the words first
}

// NewFinder returns a finder over the log of source.
func NewFinder(cfg Config, source Source) *Finder {
	if cfg.Save == 0 {
		cfg.Save = 10 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	f := &Finder{cfg: cfg, source: source, ranker: rank.New(rank.Default(), cfg.Arms...), words: newWords(cfg.File, source, cfg.Log)}
	for _, p := range cfg.Projections {
		if e, ok := p.(Eraser); ok {
			f.words.erasers = append(f.words.erasers, e)
		}
	}
	for _, p := range append([]Projection{f.words}, cfg.Projections...) {
		f.follow = append(f.follow, newFollower(source, p, cfg.Save, cfg.Log))
	}
	return f
}

// Run feeds the projections until ctx is done, and saves them then. It returns nil.
func (f *Finder) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, l := range f.follow {
		all.Go(func() { l.run(ctx) })
	}
	all.Wait()
	return nil
}

// Committed tells that the log has grown. It does not block.
func (f *Finder) Committed() {
	for _, l := range f.follow {
		l.committed()
	}
}

// Rebuild has the projections made again from the records: what a repair mends is
// not behind the log.
func (f *Finder) Rebuild() {
	for _, l := range f.follow {
		l.anew.Store(true)
	}
	f.Committed()
}

// Lag returns how many entries the index of words is behind the log, at most.
func (f *Finder) Lag() int { return f.follow[0].lag() }

// Sync waits until the index of words has everything that was committed when it was
// called, or until ctx is done.
func (f *Finder) Sync(ctx context.Context) error {
	return f.follow[0].wait(ctx, f.source.View().LSN)
}

// Await waits until the log has come as far as reached says, and the index of words
// has that, or until ctx is done.
func (f *Finder) Await(ctx context.Context, reached func(memory.View) bool) error {
	for {
		moved := f.follow[0].step() // before looking: what comes meanwhile is not missed
		if reached(f.source.View()) {
			return f.Sync(ctx)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Recall returns the memories that answer a question best, in order.
func (f *Finder) Recall(ctx context.Context, q Query) (Result, error) {
	got, err := f.ranker.Rank(ctx, f.words.index.Load(), rank.Query{Text: q.Text, Filter: filter(q.Filter), Limit: q.Limit, Deadline: q.Deadline})
	if err != nil {
		return Result{}, err
	}
	out := Result{Hits: make([]Hit, len(got.Hits)), Found: got.Found, Unknown: got.Unknown, Capped: got.Capped, Late: got.Late, Abstain: got.Abstain, Arms: got.Arms}
	for i, h := range got.Hits {
		out.Hits[i] = Hit{ID: h.ID, Score: float64(h.Score), Parts: h.Parts, Band: string(h.Band)}
	}
	return out, nil
}

// Search returns the memories that a query selects ([search]), the most relevant
// first, at most limit. The only error is that ctx is done.
func (f *Finder) Search(ctx context.Context, query string, sel memory.Filter, limit int) ([]Hit, error) {
	return f.search(ctx, search.Parse(query, f.cfg.Now()), sel, limit)
}

// Named returns the memories in which all words of a name occur, whatever else is
// in it. It is false for a name of nothing that can be looked for. The only error is
// that ctx is done.
func (f *Finder) Named(ctx context.Context, name string, sel memory.Filter, limit int) ([]Hit, bool, error) {
	q := search.Words(name)
	hits, err := f.search(ctx, q, sel, limit)
	return hits, !q.Empty(), err
}

// search waits in one line with recalls.
func (f *Finder) search(ctx context.Context, q *search.Query, sel memory.Filter, limit int) ([]Hit, error) {
	_, done := f.ranker.Turn(ctx)
	defer done()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	got := f.searcher.Run(f.words.index.Load(), q, filter(sel), limit)
	hits := make([]Hit, len(got))
	for i, h := range got {
		hits[i] = Hit{ID: h.ID, Score: float64(h.Score)}
	}
	return hits, nil
}
