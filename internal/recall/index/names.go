package index

import (
	"encoding/binary"
	"hash/fnv"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

func (x *data) spaceOf(name string) uint32 {
	n, isNew := x.spaces.add([]byte(name))
	if isNew {
		x.space = append(x.space, space{})
	}
	return n
}

func (x *data) accessClass(a Access) uint32 {
	n, ok := x.accessOf[a]
	if !ok {
		n = uint32(len(x.access))
		x.access = append(x.access, a)
		x.accessOf[a] = n
	}
	return n
}

func (x *data) sightFor(k sight) uint32 {
	n, ok := x.sightOf[k]
	if !ok {
		n = uint32(len(x.sights))
		x.sights = append(x.sights, k)
		x.sightOf[k] = n
	}
	return n
}

func (x *data) sessionOf(space uint32, name string) uint32 {
	x.scratchB = binary.LittleEndian.AppendUint32(x.scratchB[:0], space)
	x.scratchB = append(x.scratchB, name...)
	n, isNew := x.sessions.add(x.scratchB)
	if isNew {
		x.session = append(x.session, session{space: space, head: None, tail: None, said: when.None})
	}
	return n
}

// knowSpeaker notes who said d, in a session or in none, and reports whether the beginning of its text
// says so. A name at the beginning counts if at least half of the session's
// documents begin with one.
func (x *data) knowSpeaker(d *Doc, in uint32, p *prepared) bool {
	name := p.speaker
	if p.Speaker == "" && in != None {
		s := &x.session[in]
		if name != "" {
			s.named++
		}
		if 2*s.named < s.n+1 {
			name = ""
		}
	}
	k := key(name)
	if k == "" {
		return p.speaker == "" // then at most a date was cut off
	}
	n, isNew := x.speakers.add([]byte(k))
	d.Speaker = n
	if isNew {
		for w := range strings.FieldsSeq(k) {
			if len(w) < 2 || isRole(w) {
				continue
			}
			if other, ok := x.nameOf[w]; ok && other != n {
				x.nameOf[w] = None
			} else {
				x.nameOf[w] = n
			}
		}
	}
	return true
}

// isRole reports whether a word says what somebody is, not who: as a name it
// would take an everyday word out of the questions.
func isRole(w string) bool {
	switch w {
	case "user", "assistant", "system", "agent", "human", "bot", "ai", "tool", "model", "developer", "function":
		return true
	}
	return text.Stop(w)
}

func tierOf(s string) uint8 {
	switch s {
	case "short":
		return 1
	case "mid":
		return 2
	case "long":
		return 3
	}
	return 0
}

func hash32(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum32()
}

const (
	// packedID is how long a UUID is: a one, and its sixteen bytes. Others begin with 0.
	packedID = 17
	// sessionSpace is how much of a session's name says in which namespace it is.
	sessionSpace = 4
)

// encodeID makes an id short: a UUID is its sixteen bytes.
func encodeID(id string) []byte {
	if len(id) == 36 {
		out := make([]byte, 1, packedID)
		out[0] = 1
		ok := true
		for i := 0; i < 36 && ok; i++ {
			if i == 8 || i == 13 || i == 18 || i == 23 {
				ok = id[i] == '-'
				continue
			}
			hi, ok1 := hexDigit(id[i])
			lo, ok2 := hexDigit(id[i+1])
			ok = ok1 && ok2
			out = append(out, hi<<4|lo)
			i++
		}
		if ok {
			return out
		}
	}
	return append([]byte{0}, id...)
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

func decodeID(b []byte) string {
	if b[0] == 0 {
		return string(b[1:])
	}
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 36)
	for i, c := range b[1:] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}
