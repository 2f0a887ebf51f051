package rank

import (
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// maxGroups bounds the words of a question that count: the first ones do.
const maxGroups = 64

// group is what one word of the question looks for.
type group struct {
	word  []byte
	terms []uint32 // of the index; none: the word is unknown
	count int      // postings of the terms
	part  bool     // a part of another word, or several as one
	known bool     // somebody in sight has used it
}

// asked is a question as it was understood.
type asked struct {
	groups  []group
	speaker uint32 // whom it names, if it names just one; else [index.None]
	dates   []when.Spec
	cue     index.Flags // what kind of answer it wants
	code    bool        // it has an identifier
}

// understand reads a question against the index.
func (s *scratch) understand(v *index.View, question string) asked {
	q := asked{speaker: index.None, dates: nil, cue: wants(question)}
	t := &s.terms
	t.Reset()
	t.Add(question)
	q.dates = when.Named(t)
	q.code = t.Identifiers()
	words, names := s.words(v, t)
	if len(names) == 1 {
		q.speaker = names[0]
	}
	at := map[string]int{}
	for _, i := range words {
		w, kind := t.At(i)
		terms := v.Family(w, s.stemmer)
		if len(q.groups) == maxGroups {
			break
		}
		k := string(w)
		if text.Stemmed(text.English, w) {
			k = s.stemmer.Stem(text.English, k)
		}
		if n, ok := at[k]; ok {
			q.groups[n].terms = union(q.groups[n].terms, terms)
			continue
		}
		at[k] = len(q.groups)
		q.groups = append(q.groups, group{word: w, terms: terms, part: kind == text.Part || kind == text.Whole})
	}
	for i := range q.groups {
		for _, id := range q.groups[i].terms {
			q.groups[i].count += v.Count(id)
		}
	}
	return q
}

// words returns the terms of the question that count, and who is named in it.
// Names of speakers are no words to look for, unless there are no others, and
// neither are those that every sentence has.
func (s *scratch) words(v *index.View, t *text.Terms) (words []int, names []uint32) {
	var telling, named, all []int
	for i := range t.Len() {
		w, kind := t.At(i)
		all = append(all, i)
		if text.Stop(string(w)) {
			continue
		}
		if speaker, ok := v.Speaker(w); ok && kind == text.Word {
			named = append(named, i)
			if !slices.Contains(names, speaker) {
				names = append(names, speaker)
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

// union adds to a what it does not have of b.
func union(a, b []uint32) []uint32 {
	for _, id := range b {
		if !slices.Contains(a, id) {
			a = append(a, id)
		}
	}
	return a
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
