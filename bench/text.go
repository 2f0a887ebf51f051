package bench

import (
	"math/rand/v2"
	"strings"
)

// memorySize is the size of a memory's content in bytes.
const memorySize = 1024

// writer makes texts whose words are as unevenly distributed as those of a
// language: an index of them has a few long lists and many short ones.
type writer struct {
	rng  *rand.Rand
	rank *rand.Zipf
}

func newWriter(seed uint64) *writer {
	rng := rand.New(rand.NewPCG(seed, 0x7a117))
	return &writer{rng: rng, rank: rand.NewZipf(rng, 1.15, 4, lastRank)}
}

func common() []string {
	return strings.Fields(`the of and to in is that for it on was with as be by this not are from or at have
		an when which but we can then there all if one has will more no about up out so what after into only
		other new some could time these two may first any now over such like our work should because each
		before service build deploy release rollback branch commit review test failure flaky timeout retry
		queue worker cache index query table schema migration replica quorum node member cluster network
		latency throughput budget limit quota token session agent memory note decision reason owner team
		customer invoice order payment account region zone bucket backup restore incident alert pager
		dashboard metric trace log error warning config flag default secret key certificate expiry renewal
		library version upgrade patch license module package function interface parser encoder buffer
		checksum digest clock skew leader follower snapshot compaction disk memory processor thread lock
		deadline budget meeting monday friday quarter roadmap proposal draft summary lesson question answer`)
}

// vocabulary lists words by rank, the most frequent first.
func vocabulary() []string {
	out := common()
	for rank := len(out); rank <= lastRank; rank++ {
		out = append(out, rare(rank))
	}
	return out
}

const lastRank = 20_000

// rare makes up the word of a rank.
func rare(rank int) string {
	syllables := [...]string{
		"ka", "ter", "vo", "lin", "sha", "mer", "do", "pel", "ru", "sten", "fi", "gor", "ba", "nel", "ti", "quo",
	}
	var b strings.Builder
	for n := rank; n > 0; n >>= 4 {
		b.WriteString(syllables[n&15])
	}
	return b.String()
}

// poolSize is how many different texts a load has.
const poolSize = 2000

// texts makes a pool of contents of memorySize bytes.
func (w *writer) texts() []string {
	words := vocabulary()
	out := make([]string, poolSize)
	for i := range out {
		out[i] = w.text(words)
	}
	return out
}

// sentence makes so many words.
func (w *writer) sentence(vocabulary []string, words int) string {
	out := make([]string, words)
	for i := range out {
		out[i] = vocabulary[w.rank.Uint64()]
	}
	return strings.Join(out, " ")
}

func (w *writer) text(vocabulary []string) string {
	var b strings.Builder
	for left := 0; b.Len() < memorySize; left-- {
		next := vocabulary[w.rank.Uint64()]
		if left == 0 {
			left = 6 + w.rng.IntN(14)
			if b.Len() > 0 {
				b.WriteString(". ")
			}
			next = strings.ToUpper(next[:1]) + next[1:]
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(next)
	}
	return b.String()[:memorySize-1] + "."
}
