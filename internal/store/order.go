package store

import "slices"

// chunkRows bounds a chunk of an [order]: what is moved when a row comes or goes.
const chunkRows = 512

// order is a set of rows, numbered by memories.rid, that is kept sorted by a comparison
// which never says that two of them are the same. What the comparison goes by must not
// change while a row is in it.
type order struct {
	chunks [][]uint32 // none is empty
	cmp    func(a, b uint32) int
}

// find returns the chunk in which a row is, or belongs, and its place there.
func (o *order) find(row uint32) (chunk, place int, found bool) {
	chunk, first := slices.BinarySearchFunc(o.chunks, row, func(c []uint32, row uint32) int { return o.cmp(c[0], row) })
	if !first && chunk > 0 {
		chunk--
	}
	if chunk == len(o.chunks) {
		return chunk, 0, false
	}
	place, found = slices.BinarySearchFunc(o.chunks[chunk], row, o.cmp)
	return chunk, place, found
}

// add puts a row in its place.
func (o *order) add(row uint32) {
	chunk, place, found := o.find(row)
	switch {
	case found:
	case chunk == len(o.chunks):
		o.chunks = append(o.chunks, []uint32{row})
	case len(o.chunks[chunk]) < chunkRows:
		o.chunks[chunk] = slices.Insert(o.chunks[chunk], place, row)
	case place == chunkRows: // rows often come in order: what is behind stays full
		o.chunks = slices.Insert(o.chunks, chunk+1, []uint32{row})
	default:
		half := slices.Clone(o.chunks[chunk][chunkRows/2:])
		o.chunks[chunk] = slices.Clip(slices.Clone(o.chunks[chunk][:chunkRows/2]))
		o.chunks = slices.Insert(o.chunks, chunk+1, half)
		o.add(row)
	}
}

// remove takes a row out.
func (o *order) remove(row uint32) {
	chunk, place, found := o.find(row)
	if !found {
		return
	}
	if len(o.chunks[chunk]) == 1 {
		o.chunks = slices.Delete(o.chunks, chunk, chunk+1)
		return
	}
	o.chunks[chunk] = slices.Delete(o.chunks[chunk], place, place+1)
}

// fill makes it the set of rows.
func (o *order) fill(rows []uint32) {
	slices.SortFunc(rows, o.cmp)
	o.chunks = nil
	for c := range slices.Chunk(rows, chunkRows) {
		o.chunks = append(o.chunks, slices.Clone(c))
	}
}

// from calls fn for the rows that are not before a place, in order, until fn returns
// false. Rows that are before it come before all others.
func (o *order) from(before func(row uint32) bool, fn func(row uint32) bool) {
	is := func(row uint32, _ struct{}) int {
		if before(row) {
			return -1
		}
		return 1
	}
	chunk, _ := slices.BinarySearchFunc(o.chunks, struct{}{}, func(c []uint32, s struct{}) int { return is(c[len(c)-1], s) })
	if chunk == len(o.chunks) {
		return
	}
	place, _ := slices.BinarySearchFunc(o.chunks[chunk], struct{}{}, is)
	for ; chunk < len(o.chunks); chunk, place = chunk+1, 0 {
		for _, row := range o.chunks[chunk][place:] {
			if !fn(row) {
				return
			}
		}
	}
}
