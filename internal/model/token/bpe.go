package token

import (
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// BPE joins the two neighbours that were most worth joining when its table was
// made, again and again, beginning with single characters. A character that it
// does not know becomes bytes. It is safe for concurrent use.
type BPE struct {
	char  map[rune]int32
	bytes [256]int32
	merge map[uint64]merged // by the numbers of left and right
}

type merged struct{ rank, id int32 }

// ReadBPE reads a table in the format of the tokenizers library, with spaces as ▁,
// one before the text, and pieces for all bytes.
func ReadBPE(file []byte) (*BPE, error) {
	var table struct {
		Model struct {
			Type   string           `json:"type"`
			Vocab  map[string]int32 `json:"vocab"`
			Merges []string         `json:"merges"`
		} `json:"model"`
	}
	if err := json.Unmarshal(file, &table); err != nil {
		return nil, fmt.Errorf("table of pieces: %w", err)
	}
	if table.Model.Type != "BPE" {
		return nil, fmt.Errorf("table of pieces: is of type %q, want BPE", table.Model.Type)
	}
	b := &BPE{char: map[rune]int32{}, merge: make(map[uint64]merged, len(table.Model.Merges))}
	for piece, id := range table.Model.Vocab {
		if r, size := utf8.DecodeRuneInString(piece); size == len(piece) && r != utf8.RuneError {
			b.char[r] = id
		}
	}
	for i := range b.bytes {
		id, ok := table.Model.Vocab[fmt.Sprintf("<0x%02X>", i)]
		if !ok {
			return nil, fmt.Errorf("table of pieces: none for byte %#x", i)
		}
		b.bytes[i] = id
	}
	for rank, m := range table.Model.Merges {
		left, right, ok := strings.Cut(m, " ")
		l, okL := table.Model.Vocab[left]
		r, okR := table.Model.Vocab[right]
		id, okID := table.Model.Vocab[left+right]
		if !ok || !okL || !okR || !okID {
			return nil, fmt.Errorf("table of pieces: joins %q, which are none", m)
		}
		if _, twice := b.merge[pair(l, r)]; !twice {
			b.merge[pair(l, r)] = merged{int32(rank), id}
		}
	}
	if len(b.merge) == 0 {
		return nil, errors.New("table of pieces: joins nothing")
	}
	return b, nil
}

func pair(l, r int32) uint64 { return uint64(uint32(l))<<32 | uint64(uint32(r)) }

// part is a piece as it grows; it is gone when it was joined to the one before.
type part struct {
	id         int32
	prev, next int32 // -1: none
}

// join is a possible step.
type join struct {
	merged
	at          int32 // the left part
	left, right int32 // what they were when it was found
}

type joins []join

func (j joins) Len() int { return len(j) }
func (j joins) Less(a, b int) bool {
	return j[a].rank < j[b].rank || j[a].rank == j[b].rank && j[a].at < j[b].at
}
func (j joins) Swap(a, b int) { j[a], j[b] = j[b], j[a] }
func (j *joins) Push(x any) {
	if v, ok := x.(join); ok {
		*j = append(*j, v)
	}
}

func (j *joins) Pop() any {
	last := (*j)[len(*j)-1]
	*j = (*j)[:len(*j)-1]
	return last
}

// Encode returns the pieces of a text, none for an empty one.
func (b *BPE) Encode(text string) []int32 {
	if text == "" {
		return nil
	}
	parts := b.parts(text)
	var steps joins
	look := func(at int32) {
		if at < 0 || parts[at].next < 0 {
			return
		}
		l, r := parts[at].id, parts[parts[at].next].id
		if m, ok := b.merge[pair(l, r)]; ok {
			steps = append(steps, join{merged: m, at: at, left: l, right: r})
		}
	}
	for i := range parts {
		look(int32(i))
	}
	heap.Init(&steps)
	for len(steps) > 0 {
		s, _ := heap.Pop(&steps).(join)
		p := &parts[s.at]
		if p.id != s.left || p.next < 0 || parts[p.next].id != s.right {
			continue // one of the two was joined to something else
		}
		gone := p.next
		p.id, p.next = s.id, parts[gone].next
		parts[gone].id = -1
		if p.next >= 0 {
			parts[p.next].prev = s.at
		}
		n := len(steps)
		look(p.prev)
		look(s.at)
		for ; n < len(steps); n++ {
			heap.Fix(&steps, n)
		}
	}
	out := make([]int32, 0, len(parts)/3)
	for i := int32(0); i >= 0; i = parts[i].next {
		out = append(out, parts[i].id)
	}
	return out
}

// parts are the characters to begin with.
func (b *BPE) parts(text string) []part {
	out := make([]part, 0, len(text)+1)
	add := func(id int32) {
		n := int32(len(out))
		out = append(out, part{id: id, prev: n - 1, next: n + 1})
	}
	character := func(r rune) {
		if r == ' ' {
			r = space
		}
		if id, ok := b.char[r]; ok {
			add(id)
			return
		}
		var buf [utf8.UTFMax]byte
		for _, c := range buf[:utf8.EncodeRune(buf[:], r)] {
			add(b.bytes[c])
		}
	}
	character(space)
	for _, r := range text {
		character(r)
	}
	out[len(out)-1].next = -1
	return out
}

// Top is the highest number of a piece.
func (b *BPE) Top() int {
	top := int32(0)
	for _, id := range b.char {
		top = max(top, id)
	}
	for _, id := range b.bytes {
		top = max(top, id)
	}
	for _, m := range b.merge {
		top = max(top, m.id)
	}
	return int(top)
}
