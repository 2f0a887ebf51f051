package armtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// Corpus writes texts with words as frequent as those of a language are: the n-th
// word about 1/n times as often as the first, and the first are English. It is for
// measuring; the same calls write the same texts.
type Corpus struct {
	r     *rand.Rand
	words []string
	cum   []float64
}

// NewCorpus returns one that knows so many words.
func NewCorpus(words int) *Corpus {
	c := &Corpus{r: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same texts each time
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

// Text writes so many words.
func (c *Corpus) Text(words int) string {
	var b strings.Builder
	for i := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		at, _ := slices.BinarySearch(c.cum, c.r.Float64()*c.cum[len(c.cum)-1])
		b.WriteString(c.words[at])
	}
	return b.String()
}

// Changes writes the memories numbered from first on, n of 60 words each: notes, or
// turns of conversations of 20.
func (c *Corpus) Changes(first, n int, sessions bool) []index.Change {
	out := make([]index.Change, n)
	for i := range out {
		d := index.Document{
			ID:        fmt.Sprintf("%08x-0000-4000-8000-%012x", c.r.Uint32(), first+i),
			Namespace: "bench", Body: c.Text(60), Kind: "observation", Tier: "long",
			Priority: 5, Created: int64(first + i), Said: when.None,
		}
		if sessions {
			d.Session = strconv.Itoa((first + i) / 20)
		}
		out[i] = index.Change{Document: d}
	}
	return out
}
