package index

// expiry is a heap of documents by when they expire, so that those that have are
// found without looking at the others.
type expiry []uint32

// push adds document n.
func (e *expiry) push(docs []Doc, n uint32) {
	*e = append(*e, n)
	h := *e
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if docs[h[up]].Expires <= docs[h[i]].Expires {
			return
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
}

// before calls yield with the documents that have expired at now, those that are
// gone among them.
func (e expiry) before(docs []Doc, now int64, i int, yield func(n uint32)) {
	if i >= len(e) || docs[e[i]].Expires > now {
		return
	}
	yield(e[i])
	e.before(docs, now, 2*i+1, yield)
	e.before(docs, now, 2*i+2, yield)
}
