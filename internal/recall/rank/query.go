package rank

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// maxWords bounds the words of a question that count: the first ones do.
const maxWords = 64

// Question is a question as it was understood. Arms look for what is in it, and
// do not change it.
type Question struct {
	Text    string
	Plain   string // Text without names of speakers, if anything is left: names drown what else a vector says
	Words   []Word // that count, in order: without those that every sentence has, and names of speakers
	Speaker uint32 // whom it names, if it names just one, by the number of the view at hand; else [index.None]
	Dates   []when.Spec
	Cue     index.Flags // what kind of answer it wants
	Code    bool        // it has an identifier, or pieces of words are asked for
	named   []byte

	foremost foremost
}

// Word is a word of a question, folded, with the others that have its stem.
type Word struct {
	Forms [][]byte
	Part  bool // a part of another word, or several as one
}

// Date says how well document n of v fits the dates of the question: 0 to 1.
func (q *Question) Date(v *index.View, n uint32) float32 {
	d := &v.Docs[n]
	best := 0.0
	for _, spec := range q.Dates {
		if d.Said != when.None {
			best = max(best, spec.Match(when.Span{First: d.Said, Last: d.Said}))
		}
		v.DocSpans(n, func(s when.Span) { best = max(best, spec.Match(s)) })
	}
	return float32(best)
}

// reader understands questions. Its memory is used again by the next one.
type reader struct {
	terms   text.Terms
	field   text.Terms
	stemmer *text.Stemmer
}

// understand reads a question against an index, which knows the speakers. The
// question is valid until the reader's next one.
func (r *reader) understand(v *index.View, q *Query) *Question {
	t := &r.terms
	t.Reset()
	t.Add(q.Text)
	out := &Question{Text: q.Text, Speaker: index.None, Dates: when.Named(t), Cue: wants(q.Text)}
	out.Code = q.Code || t.Identifiers()
	words, names := r.words(v, t)
	out.Plain = r.plain(v, q.Text, len(names))
	if len(names) == 1 {
		out.named = names[0]
		out.Speaker, _ = v.Speaker(out.named)
	}
	at := map[string]int{}
	for _, i := range words {
		if len(out.Words) == maxWords {
			break
		}
		w, kind := t.At(i)
		k := string(w)
		if text.Stemmed(text.English, w) {
			k = r.stemmer.Stem(text.English, k)
		}
		if n, ok := at[k]; ok {
			if !slices.ContainsFunc(out.Words[n].Forms, func(f []byte) bool { return bytes.Equal(f, w) }) {
				out.Words[n].Forms = append(out.Words[n].Forms, w)
			}
			continue
		}
		at[k] = len(out.Words)
		out.Words = append(out.Words, Word{Forms: [][]byte{w}, Part: kind == text.Part || kind == text.Whole})
	}
	return out
}

// words returns the terms of the question that count, and a word for each speaker
// who is named in it. Names of speakers are no words to look for, unless there are
// no others, and neither are those that every sentence has.
func (r *reader) words(v *index.View, t *text.Terms) (words []int, names [][]byte) {
	var telling, named, all []int
	var known []uint32
	for i := range t.Len() {
		w, kind := t.At(i)
		all = append(all, i)
		if text.Stop(string(w)) {
			continue
		}
		if speaker, ok := v.Speaker(w); ok && kind == text.Word {
			named = append(named, i)
			if !slices.Contains(known, speaker) {
				known = append(known, speaker)
				names = append(names, w)
			}
			continue
		}
		telling = append(telling, i)
	}
	switch {
	case len(telling) > 0:
		return telling, names
	case len(named) > 0:
		return named, names
	}
	return all, names
}

// plain returns a question without the names of speakers, of whom it names some.
func (r *reader) plain(v *index.View, question string, names int) string {
	if names == 0 {
		return question
	}
	var out []string
	for f := range strings.FieldsSeq(question) {
		r.field.Reset()
		r.field.Add(f)
		if !r.named(v, &r.field) {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return question
	}
	return strings.Join(out, " ")
}

// named reports whether t is the name of a speaker and nothing else.
func (r *reader) named(v *index.View, t *text.Terms) bool {
	for i := range t.Len() {
		w, kind := t.At(i)
		if kind != text.Word {
			continue
		}
		if _, ok := v.Speaker(w); !ok || text.Stop(string(w)) {
			return false
		}
	}
	return t.Words() > 0
}

// again looks the speaker up in a view that was taken later.
func (q *Question) again(v *index.View) {
	if q.named != nil {
		q.Speaker, _ = v.Speaker(q.named)
	}
}

// wants returns what kind of answer an English question asks for.
func wants(question string) index.Flags {
	q := strings.ToLower(strings.TrimSpace(question[:min(len(question), 80)]))
	has := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(q, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("how many", "how much", "how old"):
		return index.HasNumber
	case has("how long", "how often", "how frequently"):
		return index.HasDuration
	case has("when", "what year", "what month", "what date", "what day", "what time", "which year", "which month"),
		strings.Contains(q[:min(len(q), 12)], " when "):
		return index.HasTime
	case has("where", "who", "which", "what is the name", "what country", "what city", "what state", "what place", "what book",
		"what movie", "what game", "what song", "what band"):
		return index.HasName
	}
	return 0
}
