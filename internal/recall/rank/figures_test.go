package rank_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// corpus writes texts with words as frequent as those of a language are: the
// n-th word about 1/n times as often as the first.
type corpus struct {
	r     *rand.Rand
	words []string
	cum   []float64
}

func newCorpus(words int) *corpus {
	c := &corpus{r: rand.New(rand.NewPCG(1, 2))}
	common := strings.Fields("the of and to a in is it you that he was for on are with as i his they be at one have this from or had by not but some what there we can out were all your when up use how said an each she which do their time if will way about many then them would like so these her long make thing see him two has look more day could go come did my no most who over know than call first people may down been now find any new work part take get place made where after back little only round man year came show every good me give our under name very through just form much great think say help low line before turn cause same mean differ move right boy old too does tell sentence set three want air well also play small end put home read hand port large spell add even land here must big high such follow act why ask men change went light kind off need house picture try us again animal point mother world near build self earth father")
	c.words = append(c.words, common...)
	for i := len(common); i < words; i++ {
		w := make([]byte, 4+c.r.IntN(6))
		for k := range w {
			w[k] = "etaoinshrdlucmfwypvbgk"[min(c.r.IntN(22), c.r.IntN(22))]
		}
		c.words = append(c.words, string(w))
	}
	sum := 0.0
	for i := range c.words {
		sum += 1 / math.Pow(float64(i+3), 0.95)
		c.cum = append(c.cum, sum)
	}
	return c
}

func (c *corpus) word() string {
	at, _ := slices.BinarySearch(c.cum, c.r.Float64()*c.cum[len(c.cum)-1])
	return c.words[at]
}

func (c *corpus) text(words int) string {
	var b strings.Builder
	for i := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c.word())
	}
	return b.String()
}

func (c *corpus) document(i int) index.Document {
	return index.Document{
		ID:        fmt.Sprintf("%08x-0000-4000-8000-%012x", c.r.Uint32(), i),
		Namespace: "bench", Body: c.text(60), Kind: "observation", Tier: "long",
		Priority: 5, Created: int64(i), Said: when.None,
	}
}

// TestFigures prints what docs/recall.md says of time and memory. It is run by
// hand: TALLY_RECALL_FIGURES=100000 go test -run Figures -v ./internal/recall/rank
func TestFigures(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("TALLY_RECALL_FIGURES"), &n); err != nil {
		t.Skip("set TALLY_RECALL_FIGURES to a number of memories to measure")
	}
	for _, sessions := range []bool{false, true} {
		c := newCorpus(max(50_000, n))
		changes := make([]index.Change, 0, n)
		for i := range n {
			d := c.document(i)
			if sessions {
				d.Session = strconv.Itoa(i / 20)
			}
			changes = append(changes, index.Change{Document: d})
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		x := index.New()
		x.Apply(changes, 1)
		built := time.Since(start)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(changes)
		r := rank.New(rank.Default())
		var took []time.Duration
		capped := 0
		for i := range 500 {
			q := rank.Query{Text: c.text(6), Limit: 10, Filter: index.Filter{Namespace: "bench"}}
			start := time.Now()
			got, err := r.Rank(t.Context(), x, q)
			if err != nil {
				t.Fatal(err)
			}
			if got.Capped {
				capped++
			}
			if i >= 10 {
				took = append(took, time.Since(start))
			}
		}
		slices.Sort(took)
		at := func(p int) time.Duration { return took[len(took)*p/100].Round(10 * time.Microsecond) }
		t.Logf("%+v", x.Size())
		t.Logf("%d memories, sessions %v: built in %v, %d B each; p50 %v, p95 %v, p99 %v, capped %d",
			n, sessions, built.Round(time.Millisecond), int(after.HeapAlloc-before.HeapAlloc)/n, at(50), at(95), at(99), capped)
	}
}
