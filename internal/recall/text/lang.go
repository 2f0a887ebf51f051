package text

import (
	"math/bits"
	"strings"
)

// Language is the language whose stemmer a text takes.
type Language uint8

// The languages with a stemmer. English is the default: words of other languages
// mostly come out of its stemmer as they are.
const (
	English Language = iota
	German
	French
	Spanish
	Portuguese
	Italian
	Dutch
	Swedish
	Norwegian
	Danish
	Finnish
	Romanian
	Russian
	languages
)

// Languages returns all languages that have a stemmer.
func Languages() []Language {
	out := make([]Language, languages)
	for i := range out {
		out[i] = Language(i)
	}
	return out
}

// ParseLanguage returns the language of a two-letter code; ok is false if it has
// no stemmer here.
func ParseLanguage(code string) (l Language, ok bool) {
	const codes = "endefresptitnlsvnodafiroru"
	code = strings.ToLower(code)
	if len(code) > 2 && (code[2] == '-' || code[2] == '_') {
		code = code[:2]
	}
	if len(code) != 2 {
		return English, false
	}
	for i := 0; i < len(codes); i += 2 {
		if codes[i:i+2] == code {
			return Language(i / 2), true
		}
	}
	return English, false
}

// LanguageSet is a set of languages, a bit for each.
type LanguageSet uint16

// Marks returns the small words that every sentence has, folded, and of which languages
// each of them is.
func Marks() map[string]LanguageSet {
	marks := map[string]LanguageSet{}
	for lang, words := range functionWords() {
		for w := range strings.FieldsSeq(words) {
			marks[w] |= 1 << lang
		}
	}
	return marks
}

// functionWords are, by language, words that are common there and rare elsewhere,
// in folded form.
func functionWords() [languages]string {
	return [languages]string{
		English:    "the of and to is are was were be been have has had not with this that it for on you he she they we my your his her their what when where who which how do does did can would will at by from as an or but if about there i'm im",
		German:     "der das und ist nicht ein eine einen einem einer mit von fur auf den dem des im wir ich sie es zu wird werden wurde auch nach bei oder aber nur noch wenn uber unter durch kein keine welche welcher wer wo wann warum wie hat haben sind",
		French:     "le la les un une et est pas que qui dans pour sur avec du au aux ne ce cette il elle nous vous je par mais ou sont ont ete plus quel quelle quand pourquoi etait leur ses mes ils elles faut",
		Spanish:    "el la los las un una y es no que en de por para con se su al del como pero mas este esta lo yo nosotros fue son hay cuando donde quien cual muy sus ya era estan",
		Portuguese: "o os um uma e nao que em de por para com se seu sua ao do da dos das no na nos nas como mas mais este esta eu foi sao quando onde quem qual muito ja ele ela estao voce",
		Italian:    "il lo gli un una e non che di da in per con su si ma anche come questo questa sono della del dei delle nella nel alla al piu quando dove chi quale era ha hanno stato io noi",
		Dutch:      "het een en is niet van voor op met zijn dat die deze dit naar aan bij ook maar als wordt worden werd wij ik hij zij waar wie wanneer geen heeft hebben niet uit door over te",
		Swedish:    "och ar inte ett en som pa av att den det med for till jag du vi de han hon var har hade men om fran eller nar vad vem kan ska skulle detta denna",
		Norwegian:  "og er ikke et en som pa av at den det med for til jeg du vi de han hun var har hadde men om fra eller nar hva hvem kan skal skulle dette denne hvor vaere",
		Danish:     "og er ikke et en som pa af at den det med for til jeg du vi de han hun var har havde men om fra eller nar hvad hvem kan skal skulle dette denne hvor vaere blev",
		Finnish:    "ja on ei se han mina sina me te ovat oli olla joka mika kun jos niin kuin tai myos vain mutta ne tama ovat kanssa missa kuka milloin",
		Romanian:   "si este nu un o de la in pe cu din pentru care ca sa au fost sunt mai dar cand unde cine acest aceasta lui ei sau ale fi",
		Russian:    "и в не на я что он с как это по но они мы вы из у за от для бы же так все она его ее был была было были когда где кто который нет или если уже",
	}
}

// Votes tell which language a text is of, by its small words. The zero value has none.
type Votes struct {
	score, sure [languages]uint32
}

// Add counts a word of the text that is one of [Marks] in some languages.
func (v *Votes) Add(word []byte, of LanguageSet) {
	if of&(of-1) == 0 && of != 0 && len(word) > 2 {
		v.sure[bits.TrailingZeros16(uint16(of))]++
	}
	for ; of != 0; of &= of - 1 {
		v.score[bits.TrailingZeros16(uint16(of))]++
	}
}

// Language returns the language of the text. It is English unless the small words say
// something else clearly.
func (v *Votes) Language() Language {
	best := English
	for l := range languages {
		if v.score[l] > v.score[best] || v.score[l] == v.score[best] && best != English && v.sure[l] > v.sure[best] {
			best = l
		}
	}
	if v.score[best] >= 2 || v.score[English] == 0 && v.sure[best] > 0 {
		return best
	}
	return English
}
