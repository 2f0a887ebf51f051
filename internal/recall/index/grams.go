package index

import (
	"sync"
	"unicode/utf8"
)

// gramSize is the length of the pieces in which words are compared that are
// spelled differently, in characters.
const gramSize = 4

// grams find the terms that have a piece in common with a word. They are made
// when somebody asks for the first time, and completed when somebody asks again.
type grams struct {
	mu   sync.Mutex
	done int // terms that are in
	by   map[uint32][]uint32
}

// Grams returns the pieces of a folded word, as numbers: all runs of four
// characters of it with a mark at both ends. A word of one or two characters is
// one piece.
func Grams(word []byte) []uint32 {
	runes := make([]rune, 0, 32)
	runes = append(runes, '^')
	for len(word) > 0 {
		r, size := utf8.DecodeRune(word)
		runes = append(runes, r)
		word = word[size:]
	}
	if len(runes) <= 3 {
		return []uint32{hashRunes(runes[1:])}
	}
	runes = append(runes, '$')
	out := make([]uint32, 0, len(runes)-gramSize+1)
	for i := range len(runes) - gramSize + 1 {
		out = append(out, hashRunes(runes[i:i+gramSize]))
	}
	return out
}

// hashRunes is FNV-1a over characters.
func hashRunes(runes []rune) uint32 {
	h := uint32(2166136261)
	for _, r := range runes {
		h = (h ^ uint32(r)) * 16777619
	}
	return h
}

// WithGram returns the terms that have a piece. The first call takes time for all
// terms.
func (v *View) WithGram(gram uint32) []uint32 {
	g := &v.grams
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by == nil {
		g.by = make(map[uint32][]uint32, len(v.list))
	}
	for ; g.done < len(v.list); g.done++ {
		word, stop := v.Word(uint32(g.done))
		if stop {
			continue
		}
		for _, piece := range Grams(word) {
			list := g.by[piece]
			if n := len(list); n == 0 || list[n-1] != uint32(g.done) {
				g.by[piece] = append(list, uint32(g.done))
			}
		}
	}
	return g.by[gram]
}
