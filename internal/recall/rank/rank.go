package rank

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// Weights of what is added up. The zero value leaves an arm out.
type Weights struct {
	Before  [2]float32 // the words of the one and the two before
	After   [2]float32
	Answer  float32 // of the one before, if it ends with a question mark
	Speaker float32 // × the words, if the one named in the question says it
	Session float32
	Date    float32
	Tells   float32
	Type    float32
	Unknown float32 // × the share of unknown words
	Code    float32 // of pieces of words, in a namespace of code
	Boost   float32 // for each step of priority above or below 5
}

// Default returns the weights that were measured.
func Default() Weights {
	return Weights{
		Before: [2]float32{0.5, 0.25}, After: [2]float32{0.3, 0.15}, Answer: 0.9, Speaker: 0.25,
		Session: 0.2, Date: 0.2, Tells: 0.15, Type: 0.1, Unknown: 0.3, Code: 0.2, Boost: 0.01,
	}
}

// Query is a question.
type Query struct {
	Text   string
	Filter index.Filter
	Limit  int
	// Deadline is when arms stop, and what they have found so far is the answer; zero
	// is never.
	Deadline time.Time
	Code     bool // compare pieces of words, whatever the namespace holds
}

// Hit is a memory that was found.
type Hit struct {
	ID    string
	Score float32
	Parts Parts
	Band  Band
}

// Result is what a query found, best first.
type Result struct {
	Hits    []Hit
	Found   int      // documents that have something of what was asked
	Unknown float32  // share of the question's weight that is in words nobody has used
	Meant   float32  // points of meaning from which a document is near by any measure; 0: not known
	Near    float32  // how much of the pieces of these words, or of all in code, the best document has
	Capped  bool     // common words counted only for what rarer words had found
	Late    bool     // the deadline came before all candidates were compared
	Abstain bool     // none of the hits is worth telling
	Arms    []Report // in the order in which they ran
}

// Ranker asks its arms, adds up what they say, and boosts. It may be shared.
type Ranker struct {
	weights Weights
	arms    []Arm
	pool    sync.Pool
	turns   chan struct{} // of questions that look
}

// New returns a ranker with weights whose arms are those of words and of dates, and
// more.
func New(w Weights, more ...Arm) *Ranker {
	return Fuse(w, append([]Arm{Text(w), Dates(w)}, more...)...)
}

// Fuse returns a ranker of arms alone, with the boosts of w.
func Fuse(w Weights, arms ...Arm) *Ranker {
	return &Ranker{
		weights: w, arms: arms, turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0))),
		pool: sync.Pool{New: func() any { return &fusion{reader: reader{stemmer: text.NewStemmer()}} }},
	}
}

// Rank answers q from x. The only error is that ctx is done: an arm that fails, or
// that q's deadline stops, is told of in the result.
func (r *Ranker) Rank(ctx context.Context, x *index.Index, q Query) (Result, error) {
	f, _ := r.pool.Get().(*fusion)
	defer r.pool.Put(f)
	f.ranker = r
	within := ctx
	if !q.Deadline.IsZero() {
		var cancel context.CancelFunc
		within, cancel = context.WithDeadline(ctx, q.Deadline)
		defer cancel()
	}
	v := x.View(&q.Filter)
	if q.Limit <= 0 || v.N == 0 {
		v.Close()
		return Result{Abstain: true}, ctx.Err()
	}
	f.begin(v, &q)
	defer f.end()
	v.Close() // changes wait neither for a model nor for other questions
	f.prepare(within)
	alone, done := r.Turn(within)
	defer done()
	v = x.View(&q.Filter)
	defer v.Close()
	f.q.again(v)
	f.v = v
	f.want(q.Limit)
	f.find(within, alone)
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return f.best(within, q.Limit), nil
}

// Turn returns when it is a question's turn, or with ctx: no more of them look at a time
// than there are processors. More would all be late together, and each has memory of its
// own. Alone says that nobody else is asking; done is called behind the question.
//
// Whatever can run goes first: that is short, and a write takes several such steps, each
// of which would otherwise wait for a question.
func (r *Ranker) Turn(ctx context.Context) (alone bool, done func()) {
	select {
	case r.turns <- struct{}{}:
		runtime.Gosched()
		return len(r.turns) == 1, func() { <-r.turns }
	case <-ctx.Done():
		return false, func() {} // its arms do not look any more
	}
}

// fusion is one query over all arms. Its memory is used again by the next one.
type fusion struct {
	reader
	ranker  *Ranker
	q       *Question
	v       *index.View
	running []running
	result  Result
	arms    float32 // what all arms can add
	most    float32 // the same, and boosts

	epoch uint32
	met   []uint32 // by document: the epoch in which it was compared
	fresh []uint32 // candidates at hand
	kept  []uint32 // of them: those that the arm which brings them leaves
	may   []uint32 // of these: those that may be good enough
	sums  []float32
	now   Parts // of the document at hand
}

// running is an arm at work.
type running struct {
	Search
	report int // its place among the reports
	found  Found
	failed bool  // it could not think
	err    error // of looking
	late   bool  // that is because time was over while it looked
	most   float32
}

// begin understands the question and sets the arms to work.
func (f *fusion) begin(v *index.View, q *Query) {
	f.q = f.understand(v, q)
	f.result = Result{Arms: make([]Report, 0, len(f.ranker.arms))}
	for _, a := range f.ranker.arms {
		s, why := a.Search(f.q)
		if s == nil {
			f.result.Arms = append(f.result.Arms, Report{Arm: a.Name(), State: Skipped, Why: why})
			continue
		}
		f.running = append(f.running, running{Search: s, report: len(f.result.Arms)})
		f.result.Arms = append(f.result.Arms, Report{Arm: a.Name(), State: Ran})
	}
}

// end lets go of all that belongs to the query.
func (f *fusion) end() {
	for _, s := range f.running {
		s.Close()
	}
	clear(f.running)
	f.running, f.q, f.v, f.ranker, f.result = f.running[:0], nil, nil, nil, Result{}
}

// slow returns the arms that have to think.
func (f *fusion) slow() []int {
	var out []int
	for i, s := range f.running {
		if _, ok := s.Search.(Preparer); ok {
			out = append(out, i)
		}
	}
	return out
}

// prepare lets the slow arms think, at the same time. Half of the time that is left
// is kept for looking.
func (f *fusion) prepare(ctx context.Context) {
	slow := f.slow()
	if len(slow) == 0 {
		return
	}
	if at, ok := ctx.Deadline(); ok {
		now := time.Now()
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, now.Add(at.Sub(now)/2))
		defer cancel()
	}
	errs := make([]error, len(slow))
	var all sync.WaitGroup
	for i, n := range slow {
		p, _ := f.running[n].Search.(Preparer)
		all.Go(func() { errs[i] = p.Prepare(ctx) })
	}
	all.Wait()
	for i, n := range slow {
		if errs[i] != nil {
			f.running[n].failed = true
			f.report(n, Skipped, errs[i])
		}
	}
}

func (f *fusion) report(n int, state State, err error) {
	r := &f.result.Arms[f.running[n].report]
	r.State, r.Why, r.Failed = state, err.Error(), true
	if errors.Is(err, context.DeadlineExceeded) {
		r.Why = Deadline
	}
}

// want tells an arm that nothing but boosts adds to how many are wanted.
func (f *fusion) want(limit int) {
	if len(f.running) == 1 && !f.running[0].failed && !f.v.Conditional() {
		f.q.foremost = foremost{best: leading(limit), boosts: f.boosts, most: f.boostMost()}
	}
}

// together is from how many documents in sight on arms look at the same time: they take
// longer then than it takes to let them.
const together = 5_000

// find lets every arm look for candidates, and takes leave of those that cannot.
func (f *fusion) find(ctx context.Context, alone bool) {
	f.look(ctx, alone && f.v.N >= together)
	live := f.running[:0]
	for i := range f.running {
		s := f.running[i]
		if !f.found(i) {
			s.Close()
			continue
		}
		s.most = s.Most()
		live = append(live, s)
	}
	f.running = live
}

// look lets the arms look, all at the same time if that is wanted.
func (f *fusion) look(ctx context.Context, atOnce bool) {
	var beside sync.WaitGroup
	defer beside.Wait()
	last := len(f.running) - 1
	for i := range f.running {
		if atOnce && i < last {
			beside.Go(func() { f.running[i].find(ctx, f.v) })
			continue
		}
		f.running[i].find(ctx, f.v)
	}
}

// found notes what arm i has found, and reports whether that counts.
func (f *fusion) found(i int) bool {
	s := &f.running[i]
	switch {
	case s.failed: // it could not think, and that was noted
		return false
	case s.late:
		f.report(i, Partial, s.err)
	case s.err != nil:
		f.report(i, Skipped, s.err)
		return false
	}
	f.result.Arms[s.report].Docs = len(s.found.Docs) + s.found.More
	f.result.Unknown = max(f.result.Unknown, s.found.Unknown)
	f.result.Near = max(f.result.Near, s.found.Near)
	f.result.Meant = max(f.result.Meant, s.found.Meant)
	f.result.Capped = f.result.Capped || s.found.Capped
	return true
}

// find looks for candidates, unless time is over.
func (s *running) find(ctx context.Context, v *index.View) {
	if s.failed {
		return
	}
	if s.err = ctx.Err(); s.err != nil {
		return
	}
	s.found, s.err = s.Find(ctx, v)
	s.late = s.err != nil && ctx.Err() != nil && errors.Is(s.err, ctx.Err())
}

// rounded is what scores are rounded to.
func rounded(s float64) float32 {
	const step = 1e5
	return float32(math.Round(s*step) / step)
}
