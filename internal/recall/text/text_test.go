package text_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/fold"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// terms writes the terms of s: parts in round brackets, wholes in square ones.
func terms(s string) string {
	var t text.Terms
	t.Add(s)
	var out []string
	for i := range t.Len() {
		w, kind := t.At(i)
		switch kind {
		case text.Part:
			out = append(out, fmt.Sprintf("(%s)", w))
		case text.Whole:
			out = append(out, fmt.Sprintf("[%s]", w))
		case text.Word, text.Sign:
			out = append(out, string(w))
		}
	}
	return strings.Join(out, " ")
}

func TestTerms(t *testing.T) {
	tests := map[string][2]string{
		"words":                     {"The heron, by the pond.", "the heron by the pond"},
		"genitive":                  {"Caroline's and James’s", "caroline and james"},
		"contraction":               {"don't", "don t [dont]"},
		"elision":                   {"L'utilisateur", "l utilisateur [lutilisateur]"},
		"hyphens":                   {"state-of-the-art", "state of the art"},
		"camel case":                {"fetchUserData HTTPServer", "fetchuserdata (fetch) (user) (data) httpserver (http) (server)"},
		"snake case":                {"snake_case", "snake case [snake_case]"},
		"as one":                    {"C++, C# and F#", "c++ c# and f#"},
		"a number sign":             {"PR#12", "pr 12 [pr#12]"},
		"dots inside":               {"node.js", "node js [node.js]"},
		"dots at the end":           {"Use node.", "use node"},
		"a dot in front":            {".gitignore", "gitignore [.gitignore]"},
		"letters and digits":        {"k8s", "k8s"},
		"a path":                    {"/etc/tally.toml", "etc tally toml [etc/tally.toml]"},
		"a version":                 {"v1.2.3", "v1 2 3 [v1.2.3]"},
		"a date":                    {"2026-03-04", "2026 03 04 [2026-03-04]"},
		"grouped digits":            {"1,234,567", "1 234 567 [1234567]"},
		"digits in a list":          {"1, 2,3", "1 2 3"},
		"unit, glued":               {"25MB", "25mb (25) (mb)"},
		"unit, apart":               {"25 MB", "25 mb [25mb]"},
		"no unit":                   {"25 horses", "25 horses"},
		"Chinese":                   {"我们开会", "我们 们开 开会"},
		"one character":             {"猫", "猫"},
		"Latin glued to Chinese":    {"重跑gen-itgc后50条", "重跑 gen itgc 后 50 条"},
		"Thai marks stay":           {"ข้าวผัด", "ข้า าว วผั ผัด"},
		"emoji":                     {"done 🔴🔴", "done 🔴 🔴"},
		"a flag":                    {"🇩🇪🇫🇷", "🇩🇪 🇫🇷"},
		"a tone of skin":            {"👍🏽", "👍"},
		"joined emoji":              {"👩\u200d🚒", "👩 🚒"},
		"hidden inside a word":      {"soft\u00adhyphen", "softhyphen"},
		"not UTF-8":                 {"her\xffon \xed\xa0\x80", "heron"},
		"punctuation alone":         {"?! ... -- ''", ""},
		"a mark alone":              {"\u0301", ""},
		"nothing":                   {"", ""},
		"an address":                {"https://example.org/a?b=c", "https example org a [https://example.org/a] b c"},
		"Cyrillic":                  {"Ёлка й", "елка й"},
		"apostrophe in a word":      {"подвір’я", "подвір я [подвіря]"},
		"a long word is one":        {strings.Repeat("x", 300), strings.Repeat("x", 300)},
		"words glued by plus signs": {"a+b", "a b [a+b]"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc[1], terms(tc[0])); diff != "" {
				t.Errorf("%q (-want +got):\n%s", tc[0], diff)
			}
		})
	}
}

func TestTermsOfATextAreThoseOfItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		var whole, parts, other text.Terms
		whole.Add(a + "\n" + b)
		parts.Add(a)
		parts.Section()
		parts.Add(b)
		other.Add(b)
		if parts.Words() != other.Words() || parts.Identifiers() != other.Identifiers() || parts.Len()-parts.First() != other.Len() {
			t.Fatal("the section of the second part tells of something else")
		}
		parts.Reset()
		parts.Add(a)
		parts.Add(b)
		if whole.Len() != parts.Len() || whole.Words() != parts.Words() {
			t.Fatalf("%d terms, in parts %d", whole.Len(), parts.Len())
		}
		for i := range whole.Len() {
			w, kind := whole.At(i)
			v, k := parts.At(i)
			if string(w) != string(v) || kind != k || whole.Chunk(i) != parts.Chunk(i) {
				t.Fatalf("term %d: %q, in parts %q", i, w, v)
			}
		}
	})
}

func FuzzTerms(f *testing.F) {
	for _, s := range []string{"Jane's heron", "C++", "fetchUserData/v1.2.3", "重跑gen-itgc后50条", "👩\u200d🚒", "\xff\xfe", "1,2,3", "'''", "é\u0301s's"} {
		f.Add(s)
	}
	stemmer := text.NewStemmer()
	marks := text.Marks()
	f.Fuzz(func(t *testing.T, s string) {
		var a, b text.Terms
		a.Add(s)
		lang := detect(&a, marks)
		for i := range a.Len() {
			w, kind := a.At(i)
			if len(w) == 0 || !utf8.Valid(w) || fold.Word(string(w)) != string(w) || a.Chunk(i) > i {
				t.Fatalf("%q has the term %q (%d)", s, w, kind)
			}
			if text.Stemmed(lang, w) && stemmer.Stem(lang, string(w)) == "" {
				t.Fatalf("%q has no stem", w)
			}
		}
		b.Add(strings.ToValidUTF8(s, ""))
		if a.Len() != b.Len() {
			t.Fatalf("%q has other terms without its broken bytes", s)
		}
	})
}

func TestStems(t *testing.T) {
	s := text.NewStemmer()
	tests := map[text.Language][2][]string{
		text.English:    {{"runs", "running", "caresses", "ponies"}, {"run", "run", "caress", "poni"}},
		text.German:     {{"hauser", "sicherungen"}, {"haus", "sicher"}},
		text.French:     {{"reunions", "livraison"}, {"reunion", "livraison"}},
		text.Spanish:    {{"reuniones"}, {"reunion"}},
		text.Portuguese: {{"meninos"}, {"menin"}},
		text.Italian:    {{"gatti"}, {"gatt"}},
		text.Dutch:      {{"lichamelijk"}, {"licham"}},
		text.Swedish:    {{"flickorna"}, {"flick"}},
		text.Norwegian:  {{"guttene"}, {"gutt"}},
		text.Danish:     {{"drengene"}, {"dreng"}},
		text.Finnish:    {{"talossa"}, {"talo"}},
		text.Romanian:   {{"copiilor"}, {"cop"}},
		text.Russian:    {{"книгами", "server"}, {"книг", "server"}},
	}
	for lang, tc := range tests {
		for i, w := range tc[0] {
			if got := s.Stem(lang, w); got != tc[1][i] {
				t.Errorf("language %d: %q has the stem %q, want %q", lang, w, got, tc[1][i])
			}
		}
	}
	for _, w := range []string{"2026", "c++", "k8s", "東京", "ab", strings.Repeat("s", 50)} {
		if got := s.Stem(text.English, w); got != w {
			t.Errorf("%q has the stem %q", w, got)
		}
	}
}

// detect returns the language of what terms are of.
func detect(t *text.Terms, marks map[string]text.LanguageSet) text.Language {
	var v text.Votes
	for i := range t.Len() {
		if w, kind := t.At(i); kind == text.Word {
			v.Add(w, marks[string(w)])
		}
	}
	return v.Language()
}

func TestLanguages(t *testing.T) {
	marks := text.Marks()
	for want, texts := range map[text.Language][]string{
		text.English:    {"The heron is by the pond", "heron pond frog", "Hey Mel!", "", "東京都に住んでいます", "I saw a pan and a die"},
		text.German:     {"Der Benutzer bevorzugt kurze Antworten auf Deutsch", "Das Passwort hängt in der Küche", "Drucker funktioniert nicht"},
		text.French:     {"L'utilisateur préfère le café sans sucre et déteste les réunions du lundi", "Le budget du projet est limité"},
		text.Spanish:    {"El usuario vive en Sevilla y trabaja por las tardes", "La clave de la API caduca cada 30 días, pero no siempre"},
		text.Portuguese: {"O usuário não gosta de reuniões nas segundas"},
		text.Italian:    {"La riunione è stata spostata alla fine della settimana, ma non si sa quando"},
		text.Dutch:      {"De gebruiker wil het niet op vrijdag"},
		text.Finnish:    {"Käyttäjä ei halua kokouksia, mutta hän on täällä"},
		text.Romanian:   {"Utilizatorul nu este la birou si nu a fost ieri"},
		text.Russian:    {"Пользователь не любит встречи по понедельникам", "Это было в понедельник"},
		text.Swedish:    {"Användaren vill inte ha möten och det är bra"},
		text.Danish:     {"Brugeren kan ikke lide møder, hvad der blev sagt"},
	} {
		for _, s := range texts {
			var terms text.Terms
			terms.Add(s)
			if got := detect(&terms, marks); got != want {
				t.Errorf("%q is language %d, want %d", s, got, want)
			}
		}
	}
	for _, l := range text.Languages() {
		if int(l) >= len(text.Languages()) {
			t.Errorf("language %d", l)
		}
	}
	for code, want := range map[string]text.Language{"en": text.English, "DE": text.German, "pt-BR": text.Portuguese, "ru_RU": text.Russian} {
		if got, ok := text.ParseLanguage(code); !ok || got != want {
			t.Errorf("%s is language %d, %v", code, got, ok)
		}
	}
	for _, code := range []string{"", "xx", "english", "nd", "e"} {
		if _, ok := text.ParseLanguage(code); ok {
			t.Errorf("%q is a language", code)
		}
	}
}
