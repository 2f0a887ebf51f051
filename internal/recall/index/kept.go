package index

import "encoding/binary"

// kept says which strings a file of an index has: those that belong to a document that is
// there. Of the others, such as words that only an erased text had, it has the numbers.
type kept struct {
	terms, spaces, sessions, speakers, sources, tags []bool
}

// keeps finds out what documents that are there have. It takes a fraction of what
// [data.copyAlive] takes, which numbers all anew.
func (x *data) keeps() *kept {
	k := &kept{
		terms: make([]bool, len(x.list)), spaces: make([]bool, x.spaces.len()), sessions: make([]bool, x.sessions.len()),
		speakers: make([]bool, x.speakers.len()), sources: make([]bool, x.sources.len()), tags: make([]bool, x.tags.len()),
	}
	for i := range x.docs {
		d, h, t := &x.docs[i], &x.hot[i], &x.turns[i]
		if h.flags&dead != 0 {
			continue
		}
		k.spaces[x.sights[h.sight].space], k.sources[d.source] = true, true
		if t.Session != None {
			k.sessions[t.Session] = true
		}
		if d.Speaker != None {
			k.speakers[d.Speaker] = true
		}
		for stream := x.stream.get(d.stream); len(stream) > 0; {
			id, _, end, rest := entry(stream)
			stream = rest
			if !end {
				k.terms[id] = true
			}
		}
	}
	for t, list := range x.tagged {
		for _, n := range list {
			k.tags[t] = k.tags[t] || x.hot[n].flags&dead == 0
		}
	}
	return k
}

// names reports whether a word of the name of speaker s is kept. None is several.
func (k *kept) names(s uint32) bool { return s == None || k.speakers[s] }

// instead appends what stands in a file for string i, which is not kept: nothing that
// belongs to a text begins with a zero byte.
func instead(b []byte, i uint32) []byte {
	return binary.AppendUvarint(append(b, 0), uint64(i))
}
