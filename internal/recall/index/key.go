package index

// Generation returns that of the keys of v.
func (v *View) Generation() Generation { return v.generation }

// Key returns the key of a memory that was once indexed. Within a [Generation] a
// memory keeps its key, whatever becomes of it; an arm with rows of its own knows
// its memories by that, and looks ids up once. Keys are small and dense.
func (v *View) Key(id string) (key uint32, ok bool) { return v.ids.find(encodeID(id)) }

// KeyOf returns the key of the memory that document n is of.
func (v *View) KeyOf(n uint32) uint32 { return v.hot[n].id }

// Current returns the document that a memory is now, by its key; it may be out of
// sight.
func (v *View) Current(key uint32) (n uint32, ok bool) {
	if int(key) >= len(v.docOf) || v.docOf[key] == None {
		return None, false
	}
	return v.docOf[key], true
}
