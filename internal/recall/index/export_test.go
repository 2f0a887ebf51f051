package index

// Kept reports whether what v sees is a set.
func (v *View) Kept() bool { return v.inside != nil }

// Looks is [View.See] that asks the document itself.
func (v *View) Looks(n uint32) bool { return looksAt(v, n) }
