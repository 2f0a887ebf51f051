package index

import (
	"hash/maphash"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// lexicon says what words tell of the text that they are in, each with one look: which
// language it is of, and what kinds of answers it can give. It does not change.
type lexicon struct {
	seed  maphash.Seed
	slots []uint16 // by hash: number of a word + 1; 0 is free
	words []known
}

type known struct {
	word string
	hash uint32
	cue  Flags
	of   text.LanguageSet
}

func newLexicon(seed maphash.Seed) *lexicon {
	marks := text.Marks()
	cues := map[string]Flags{}
	for _, c := range cueWords() {
		for w := range strings.FieldsSeq(c.words) {
			cues[w] = c.flags
			marks[w] |= 0 // it is in the list below
		}
	}
	x := &lexicon{seed: seed, slots: make([]uint16, 2048), words: make([]known, 0, len(marks))}
	for w, of := range marks {
		hash := maphash.String(seed, w)
		x.words = append(x.words, known{word: w, hash: uint32(hash), cue: cues[w], of: of})
		at := x.slot(hash)
		for x.slots[at] != 0 {
			at = x.slot(uint64(at) + 1)
		}
		x.slots[at] = uint16(len(x.words))
	}
	return x
}

func (x *lexicon) slot(hash uint64) int { return int(hash) & (len(x.slots) - 1) }

// find returns which languages a word is a mark of, and what it tells of.
func (x *lexicon) find(word []byte, hash uint64) (text.LanguageSet, Flags) {
	for at := x.slot(hash); x.slots[at] != 0; at = x.slot(uint64(at) + 1) {
		if k := &x.words[x.slots[at]-1]; k.hash == uint32(hash) && k.word == string(word) {
			return k.of, k.cue
		}
	}
	switch {
	case word[0] <= '9':
		return 0, digitCue(word)
	case when.Month(word) == 0:
		return 0, 0
	case len(word) > 3:
		return 0, HasTime | mayDate
	}
	return 0, mayDate
}

// cueWords are words that tell of a number, a time, a duration; months and numbers in
// digits do, too.
func cueWords() [7]struct {
	flags Flags
	words string
} {
	return [7]struct {
		flags Flags
		words string
	}{
		{HasNumber, "one two three four five six seven eight nine ten eleven twelve dozen hundred thousand couple half"},
		{HasNumber | HasDuration, "once twice"},
		{
			HasTime | mayDate, "yesterday today tonight tomorrow last next ago weekend morning recently soon " +
				"monday tuesday wednesday thursday friday saturday sunday",
		},
		{HasTime | HasDuration | mayDate, "week month year day"},
		{HasTime | HasDuration, "since"},
		{HasDuration, "years months weeks days hour hours minute minutes time times every daily weekly long often"},
		{mayDate, "now night afternoon"},
	}
}

// digitCue is what a number in digits tells of.
func digitCue(w []byte) Flags {
	for _, c := range w {
		if c < '0' || c > '9' {
			return 0
		}
	}
	if len(w) == 4 {
		return HasNumber | HasTime | mayDate
	}
	return HasNumber
}
