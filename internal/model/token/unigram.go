package token

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Unigram cuts a text so that the scores of its pieces add up to the most. A
// character that no piece has becomes one unknown piece. It is safe for concurrent
// use.
type Unigram struct {
	ends    []uint32 // where piece i ends in letters; it begins where the one before ends
	letters []byte
	scores  []float32
	table   []int32 // hash table: piece + 1
	unknown int32
	penalty float32 // score of an unknown character
	longest int     // bytes of the longest piece
	change  []Change
}

// Change is a character and what is read in its place.
type Change struct {
	From rune
	To   []rune
}

// NewUnigram makes a cutter of pieces with their scores, the number of the unknown
// one among them, and changes of characters. Piece i is letters[ends[i-1]:ends[i]].
func NewUnigram(letters []byte, ends []uint32, scores []float32, unknown int32, change []Change) (*Unigram, error) {
	if len(ends) == 0 || len(ends) != len(scores) || unknown < 0 || int(unknown) >= len(ends) {
		return nil, errors.New("table of pieces: sizes do not fit")
	}
	u := &Unigram{ends: ends, letters: letters, scores: scores, unknown: unknown, change: change}
	slices.SortFunc(u.change, func(a, b Change) int { return cmp.Compare(a.From, b.From) })
	size := 2
	for size < 2*len(ends) {
		size *= 2
	}
	u.table = make([]int32, size)
	lowest, from := float32(0), uint32(0)
	for i, to := range ends {
		if to < from || int(to) > len(letters) {
			return nil, fmt.Errorf("table of pieces: piece %d is out of bounds", i)
		}
		lowest = min(lowest, scores[i])
		u.longest = max(u.longest, int(to-from))
		if to > from {
			u.enter(int32(i), letters[from:to])
		}
		from = to
	}
	u.penalty = lowest - 10
	return u, nil
}

const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

func (u *Unigram) enter(id int32, piece []byte) {
	h := uint64(hashStart)
	for _, c := range piece {
		h = (h ^ uint64(c)) * hashPrime
	}
	at := u.slot(h)
	for u.table[at] != 0 {
		at = (at + 1) & (len(u.table) - 1)
	}
	u.table[at] = id + 1
}

func (u *Unigram) slot(h uint64) int { return int((h ^ h>>32) & uint64(len(u.table)-1)) }

// find returns the first piece that is s, whose hash is h; -1 if there is none.
func (u *Unigram) find(h uint64, s []byte) int32 {
	for at := u.slot(h); ; at = (at + 1) & (len(u.table) - 1) {
		id := u.table[at] - 1
		if id < 0 || string(u.piece(id)) == string(s) {
			return id
		}
	}
}

func (u *Unigram) piece(id int32) []byte {
	from := uint32(0)
	if id > 0 {
		from = u.ends[id-1]
	}
	return u.letters[from:u.ends[id]]
}

// Pieces is how many pieces there are.
func (u *Unigram) Pieces() int { return len(u.ends) }

// Encode returns the pieces of a text.
func (u *Unigram) Encode(text string) []int32 {
	b, starts := u.normal(text)
	n := len(starts) - 1
	type step struct {
		score float32
		piece int32
		from  int32 // -1: not reached
	}
	best := make([]step, n+1)
	for i := 1; i <= n; i++ {
		best[i].from = -1
	}
	reach := func(to, from int, piece int32, score float32) {
		if score += best[from].score; best[to].from < 0 || score > best[to].score {
			best[to] = step{score, piece, int32(from)}
		}
	}
	for i := range n {
		h, at := uint64(hashStart), starts[i]
		for end := i + 1; end <= n && starts[end]-starts[i] <= u.longest; end++ {
			for ; at < starts[end]; at++ {
				h = (h ^ uint64(b[at])) * hashPrime
			}
			if id := u.find(h, b[starts[i]:at]); id >= 0 && id != u.unknown {
				reach(end, i, id, u.scores[id])
			}
		}
		reach(i+1, i, u.unknown, u.penalty)
	}
	var out []int32
	for i := n; i > 0; i = int(best[i].from) {
		out = append(out, best[i].piece)
	}
	slices.Reverse(out)
	return out
}

// normal returns the text with changed characters, one space for several, spaces
// as ▁ and one before it, and where each character begins, the end included.
func (u *Unigram) normal(text string) (b []byte, starts []int) {
	b = make([]byte, 0, len(text)+len(text)/4+4)
	starts = make([]int, 0, len(text)+2)
	last := rune(0)
	add := func(r rune) {
		switch {
		case r != ' ' && len(b) == 0:
			starts = append(starts, 0)
			b = utf8.AppendRune(b, space)
		case r == ' ' && last == ' ':
			return
		}
		last = r
		if r == ' ' {
			r = space
		}
		starts = append(starts, len(b))
		b = utf8.AppendRune(b, r)
	}
	for _, r := range text {
		at, ok := slices.BinarySearchFunc(u.change, r, func(c Change, r rune) int { return cmp.Compare(c.From, r) })
		if !ok {
			add(r)
			continue
		}
		for _, to := range u.change[at].To {
			add(to)
		}
	}
	if len(b) == 0 {
		starts = append(starts, 0)
		b = utf8.AppendRune(b, space)
	}
	return b, append(starts, len(b))
}
