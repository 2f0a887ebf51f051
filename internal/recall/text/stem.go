package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/porter"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"

	"github.com/tallystick/tallystick/internal/recall/fold"
)

// maxStem bounds what is stemmed: what is longer is no word of a language.
const maxStem = 40

// Stemmer takes words to their stems. It may be used by one goroutine at a time.
type Stemmer struct {
	env *snowballstem.Env
}

// NewStemmer returns a stemmer for all languages.
func NewStemmer() *Stemmer { return &Stemmer{env: snowballstem.NewEnv("")} }

// Stem returns the stem of a folded word in a language. What is not of letters of
// the language's script is its own stem.
func (s *Stemmer) Stem(l Language, word string) string {
	if len(word) < 3 || len(word) > maxStem || !stemmed(l, word) {
		return word
	}
	s.env.SetCurrent(word)
	switch l {
	case German:
		german.Stem(s.env)
	case French:
		french.Stem(s.env)
	case Spanish:
		spanish.Stem(s.env)
	case Portuguese:
		portuguese.Stem(s.env)
	case Italian:
		italian.Stem(s.env)
	case Dutch:
		dutch.Stem(s.env)
	case Swedish:
		swedish.Stem(s.env)
	case Norwegian:
		norwegian.Stem(s.env)
	case Danish:
		danish.Stem(s.env)
	case Finnish:
		finnish.Stem(s.env)
	case Romanian:
		romanian.Stem(s.env)
	case Russian:
		russian.Stem(s.env)
	case English, languages:
		porter.Stem(s.env)
	}
	stem := s.env.Current()
	if stem == "" {
		return word
	}
	return fold.Word(stem) // some stemmers mark letters on the way
}

// Stemmed reports whether the stemmer of l has something to say on a folded
// word: words of other scripts, numbers and identifiers are the same in all
// languages.
func Stemmed(l Language, word []byte) bool { return stemmed(l, string(word)) }

func stemmed(l Language, word string) bool {
	if l == Russian {
		for _, r := range word {
			if !unicode.Is(unicode.Cyrillic, r) {
				return false
			}
		}
		return true
	}
	for i := range len(word) {
		c := word[i]
		if c >= utf8.RuneSelf || c < 'a' || c > 'z' {
			// Porter's own rules know digits as consonants; identifiers stay as they are.
			return false
		}
	}
	return true
}
