package meaning_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
)

// words is a model for which texts mean the words in them.
type words struct {
	made atomic.Int64 // vectors of passages
	hang bool         // a question ends with its context alone
}

func (*words) Width() int { return 128 }

func (w *words) Query(ctx context.Context, text string) ([]float32, error) {
	if w.hang {
		<-ctx.Done()
	}
	return w.vector(text), ctx.Err()
}

func (w *words) Passage(ctx context.Context, text string) ([]float32, error) {
	w.made.Add(1)
	return w.vector(text), ctx.Err()
}

func (*words) vector(text string) []float32 {
	v, sum := make([]float32, 128), 0.0
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(word)) // never fails
		for i, bits := 0, h.Sum64(); i < 6; i, bits = i+1, bits>>8 {
			v[bits%128] += 1 - 2*float32(bits>>7&1)
		}
	}
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] /= float32(math.Max(1e-9, math.Sqrt(sum)))
	}
	return v
}

func config(e meaning.Embedder) meaning.Config {
	return meaning.Config{
		Name: "words", Log: "a.1", Embedder: e, Patience: time.Second, Logger: slog.New(slog.DiscardHandler),
		Weights: meaning.Weights{Own: 0.15, Pooled: 0.35, Alone: 0.5, Date: 0.2, Floor: 0.1},
	}
}

// learning is an arm with one space, and what fills that.
func learning(t *testing.T, all int) func() ([]rank.Arm, func([]index.Change)) {
	t.Helper()
	return func() ([]rank.Arm, func([]index.Change)) {
		s := meaning.NewSpace(config(&words{}))
		arm := meaning.NewArm(rank.Default(), s)
		arm.CompareAll(all)
		return []rank.Arm{arm}, func(c []index.Change) {
			if err := s.Learn(context.WithoutCancel(t.Context()), c); err != nil {
				t.Error(err)
			}
			s.SetFull()
		}
	}
}

func telling(i int) (text, question string) {
	const letters = "bdfgklmnprstvz"
	word := fmt.Sprintf("%cu%co%ca", letters[i%14], letters[i/14%14], letters[(i*5+i/14)%14])
	return "a heron said " + word, "who said " + word
}

func TestTheArmKeepsWhatArmsPromise(t *testing.T) {
	for name, all := range map[string]int{"all in full": 1 << 20, "signs first": 10} {
		t.Run(name, func(t *testing.T) {
			armtest.Run(t, armtest.Subject{Arms: learning(t, all), Telling: telling, Question: "a heron said"})
		})
	}
}

func record(id, text string) memory.Record {
	return memory.Record{Life: memory.Live, Memory: memory.Memory{ID: id, Namespace: "n", Content: text, Priority: 5}}
}

func apply(t *testing.T, s *meaning.Space, after, at uint64, recs ...memory.Record) {
	t.Helper()
	if err := s.Apply(t.Context(), &recall.Batch{After: after, At: at, Top: at, Records: recs}); err != nil {
		t.Fatal(err)
	}
}

func TestVectorsAreKeptBetweenRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "vectors")
	open := func(model *words) *meaning.Space {
		cfg := config(model)
		cfg.File = file
		s := meaning.NewSpace(cfg)
		s.Open(t.Context())
		return s
	}
	s := open(&words{})
	if st := s.Status(); s.From() != 0 || st.Vectors != 0 || st.Full {
		t.Fatalf("a new one is at %d, %+v", s.From(), st)
	}
	apply(t, s, 0, 3, record("a", "heron"), record("b", "frog"), record("c", "pond"))
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	model := &words{}
	s = open(model)
	if st := s.Status(); s.From() != 3 || st.Vectors != 3 || !st.Full {
		t.Fatalf("the next one is at %d, %+v", s.From(), st)
	}
	apply(t, s, 3, 5, record("a", "heron"), record("b", "toad"))
	if got := model.made.Load(); got != 1 {
		t.Errorf("%d vectors made, want one: of the text that is new", got)
	}
	for what, damage := range map[string]func() error{
		"damaged": func() error { return os.WriteFile(file, []byte("no vectors"), 0o600) },
		"missing": func() error { return os.Remove(file) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if s = open(model); s.From() != 0 || s.Status().Vectors != 0 {
			t.Errorf("%s: at %d with %d vectors, want to begin anew", what, s.From(), s.Status().Vectors)
		}
	}
}

func TestAnErasedTextLeavesNoVectorBehind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "vectors")
	cfg := config(&words{})
	cfg.File = file
	s := meaning.NewSpace(cfg)
	apply(t, s, 0, 2, record("a", "heron"), record("b", "frog"))
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	apply(t, s, 2, 3, memory.Record{Life: memory.Erased, Memory: memory.Memory{ID: "a"}})
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is there: %v", err)
	}
	if got := s.Status().Vectors; got != 1 {
		t.Errorf("%d vectors, want 1", got)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("it is not saved without it: %v", err)
	}
	apply(t, s, 0, 9, record("c", "pond")) // anew, and the log has nothing else
	if got := s.Status().Vectors; got != 1 {
		t.Errorf("%d vectors of what the log has not, too", got-1)
	}
}

// A slow model may be far behind the log: what it has is kept all the same, and what
// is erased does not wait for it.
func TestFarBehindTheLogNothingErasedIsKept(t *testing.T) {
	cfg := config(&words{})
	cfg.File = filepath.Join(t.TempDir(), "vectors")
	s := meaning.NewSpace(cfg)
	behind := func(after, at uint64, recs ...memory.Record) {
		t.Helper()
		if err := s.Apply(t.Context(), &recall.Batch{After: after, At: at, Top: 1000, Records: recs}); err != nil {
			t.Fatal(err)
		}
	}
	behind(0, 2, record("a", "heron"), record("b", "frog"))
	next := meaning.NewSpace(cfg)
	if next.Open(t.Context()); next.From() != 2 || next.Status().Vectors != 2 || next.Status().Full {
		t.Errorf("after a crash it goes on at %d with %+v, want at 2 with 2 vectors, and not full", next.From(), next.Status())
	}
	s.Erase(t.Context(), []string{"a", "c"})
	if _, err := os.Stat(cfg.File); !os.IsNotExist(err) || s.Status().Vectors != 1 {
		t.Errorf("%d vectors; the file: %v", s.Status().Vectors, err)
	}
	behind(2, 4, record("a", "heron"), record("c", "pond"), record("d", "reed")) // as they once were
	if got := s.Status().Vectors; got != 2 {
		t.Errorf("%d vectors, want those of b and d", got)
	}
	if _, err := os.Stat(cfg.File); err != nil {
		t.Errorf("what is left is not saved: %v", err)
	}
	late := meaning.NewSpace(cfg)
	late.Erase(t.Context(), []string{"d"}) // before the file is read
	if late.Open(t.Context()); late.Status().Vectors != 1 {
		t.Errorf("%d vectors, want that of b", late.Status().Vectors)
	}
	if _, err := os.Stat(cfg.File); !os.IsNotExist(err) {
		t.Errorf("the file that has d is there: %v", err)
	}
}

// The index of words tells of what is erased while the vectors are made anew.
func TestWhatIsErasedMeanwhileIsNotSweptAgain(t *testing.T) {
	s := meaning.NewSpace(config(&words{}))
	recs := make([]memory.Record, 2000)
	for i := range recs {
		recs[i] = record(fmt.Sprint("m", i), "heron")
	}
	apply(t, s, 0, 1, recs...)
	var all sync.WaitGroup
	all.Go(func() {
		for i := range recs {
			s.Erase(t.Context(), []string{recs[i].ID})
		}
	})
	for at := uint64(2); at < 20; at++ {
		apply(t, s, 0, at, record("b", "frog"))
	}
	all.Wait()
	if got := s.Status().Vectors; got != 1 {
		t.Errorf("%d vectors, want that of b", got)
	}
}

// ranked is an index with memories, and a ranker with the spaces over them.
func ranked(t *testing.T, bodies []string, spaces ...*meaning.Space) func(q rank.Query) rank.Result {
	t.Helper()
	x := index.New()
	changes := make([]index.Change, 0, len(bodies))
	for i, b := range bodies {
		changes = append(changes, index.Change{Document: index.Document{ID: fmt.Sprint("m", i), Namespace: "n", Body: b, Priority: 5, Created: int64(i)}})
	}
	x.Apply(changes, 1)
	r := rank.New(rank.Default(), meaning.NewArm(rank.Default(), spaces...))
	return func(q rank.Query) rank.Result {
		q.Limit = 10
		got, err := r.Rank(t.Context(), x, q)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
}

func meant(r rank.Result) rank.Report {
	i := slices.IndexFunc(r.Arms, func(a rank.Report) bool { return a.Arm == "meaning" })
	return r.Arms[i]
}

func filled(t *testing.T, cfg meaning.Config, bodies []string) *meaning.Space {
	t.Helper()
	s := meaning.NewSpace(cfg)
	recs := make([]memory.Record, 0, len(bodies))
	for i, b := range bodies {
		recs = append(recs, record(fmt.Sprint("m", i), b))
	}
	apply(t, s, 0, 1, recs...)
	return s
}

func TestASlowModelIsWaitedForNoLongerThanAgreed(t *testing.T) {
	bodies := []string{"heron pond", "frog pond", "car road", "plane sky", "train rail"}
	cfg := config(&words{hang: true})
	cfg.Patience = time.Millisecond
	slow := filled(t, cfg, bodies)
	got := ranked(t, bodies, slow)(rank.Query{Text: "heron"})
	if m := meant(got); m.State != rank.Skipped || m.Why != "deadline" || len(got.Hits) != 1 {
		t.Errorf("%+v, %d hits, want it skipped, and what words find", m, len(got.Hits))
	}
	cfg = config(&words{})
	cfg.Fast = true
	got = ranked(t, bodies, slow, filled(t, cfg, bodies))(rank.Query{Text: "heron"})
	if m := meant(got); m.State != rank.Ran || got.Hits[0].Parts[rank.Meaning] == 0 {
		t.Errorf("%+v, %v, want the fast one's answer", m, got.Hits[0].Parts)
	}
}

// The nearest of what there is may have nothing to do with the question.
func TestOnlyWhatIsNearByAnyMeasureIsReliedUpon(t *testing.T) {
	bodies := []string{"heron pond reed", "frog pond moor", "car road lane", "plane sky wing", "train rail dam"}
	cfg := config(&words{})
	cfg.Weights.Near, cfg.Weights.Floor = 0.5, -1
	ask := ranked(t, bodies, filled(t, cfg, bodies))
	got := ask(rank.Query{Text: "wagon lorry coach"})
	if len(got.Hits) == 0 || !got.Abstain {
		t.Errorf("%d hits, abstains %v, want some and that none is worth telling", len(got.Hits), got.Abstain)
	}
	if got = ask(rank.Query{Text: "heron reed"}); got.Abstain || got.Hits[0].Band == rank.Weak {
		t.Errorf("abstains %v, the first is %s", got.Abstain, got.Hits[0].Band)
	}
}

func TestAFullSpaceAnswersBeforeABetterOneThatIsNot(t *testing.T) {
	bodies := []string{"heron pond", "frog pond", "car road", "plane sky", "train rail"}
	next, model := meaning.NewSpace(config(&words{})), &words{}
	if m := meant(ranked(t, bodies, next)(rank.Query{Text: "heron"})); m.State != rank.Skipped {
		t.Errorf("without vectors: %+v", m)
	}
	cfg := config(model)
	cfg.Weights.Floor = 2 // the old one alone brings no candidates
	old := filled(t, cfg, bodies)
	if got := ranked(t, bodies, next, old)(rank.Query{Text: "heron"}); got.Hits[0].Parts[rank.Meaning] == 0 {
		t.Errorf("the old model does not go on meanwhile: %+v", meant(got))
	}
	part := meaning.NewSpace(config(&words{}))
	if err := part.Apply(t.Context(), &recall.Batch{At: 1, Top: 9, Records: []memory.Record{record("m0", bodies[0])}}); err != nil {
		t.Fatal(err)
	}
	if got := ranked(t, bodies, part, old)(rank.Query{Text: "frog"}); got.Hits[0].Parts[rank.Meaning] == 0 {
		t.Errorf("the old model does not go on while the new one has a part: %+v", meant(got))
	}
	if m := meant(ranked(t, bodies, part)(rank.Query{Text: "heron"})); m.State != rank.Ran {
		t.Errorf("the only model is not asked for what it has: %+v", m)
	}
}
