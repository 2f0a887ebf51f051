package fold_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/fold"
)

func TestWord(t *testing.T) {
	tests := map[string][2]string{
		"case":                    {"HELLO", "hello"},
		"accents":                 {"Café Ångström naïve", "cafe angstrom naive"},
		"composed or not":         {"Cafe\u0301", "cafe"},
		"sharp s":                 {"Straße STRASSE ẞ", "strasse strasse ss"},
		"Polish l":                {"Łódź", "lodz"},
		"Danish o":                {"Økonomi", "okonomi"},
		"Vietnamese":              {"Đà Nẵng", "da nang"},
		"Icelandic":               {"Þór", "thor"},
		"Turkish":                 {"İstanbul ISPARTA ılık", "istanbul isparta ilik"},
		"Greek and final sigma":   {"ΑΘΗΝΑΣ Αθήνας", "αθηνασ αθηνασ"},
		"Russian yo":              {"Ёлка", "елка"},
		"Russian short i stays":   {"Й й", "й й"},
		"Ukrainian yi stays":      {"Їжак", "їжак"},
		"Macedonian stays":        {"Ѓорѓи", "ѓорѓи"},
		"Belarusian stays":        {"Ўсё", "ўсе"},
		"stress":                  {"за\u0301мок", "замок"},
		"Hebrew points":           {"שָׁלוֹם", "שלום"},
		"Arabic vowels":           {"كِتَاب", "كتاب"},
		"Arabic alef and tatweel": {"أحمد إلى كـتاب", "احمد الي كتاب"},
		"Persian letters":         {"کتابی", "كتابي"},
		"Hindi vowels stay":       {"हिन्दी", "हिन्दी"},
		"Hindi nukta":             {"ज़रूर", "जरूर"},
		"Thai stays":              {"ข้าวผัด", "ข้าวผัด"},
		"voiced kana stay":        {"がぎ", "がぎ"},
		"decomposed kana":         {"\u304b\u3099", "が"},
		"decomposed Hangul":       {"\u1109\u1165\u110b\u116e\u11af", "서울"},
		"half-width kana":         {"ｶﾞｷﾞ", "ガギ"},
		"full width":              {"ＦＵＬＬ１２", "full12"},
		"ligature":                {"ﬁnance", "finance"},
		"soft hyphen, zero width": {"soft\u00adhy\u200bphen\ufeff", "softhyphen"},
		"digits of other scripts": {"٢٠٢٦ २०२६ 𝟐𝟎", "2026 2026 20"},
		"not UTF-8":               {"her\xffon", "heron"},
		"half a surrogate":        {"a\xed\xa0\x80b", "ab"},
		"Georgian capitals":       {"ᲗᲑᲘᲚᲘᲡᲘ", "თბილისი"},
		"Armenian":                {"ԵՐԵՎԱՆ", "երեվան"},
		"Cherokee":                {"ᏣᎳᎩ", "ꮳꮃꭹ"},
		"nothing":                 {"", ""},
		"a mark alone":            {"\u0301", ""},
		"long s and Kelvin":       {"ſ K", "s k"},
		"keycap":                  {"1\ufe0f\u20e3", "1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fold.Word(tc[0]); got != tc[1] {
				t.Errorf("%q becomes %q, want %q", tc[0], got, tc[1])
			}
		})
	}
}

// iotaSubscript folds to a letter by Unicode's table, and goes here, as Greek marks do.
const iotaSubscript = '\u0345'

// Whatever Unicode says is the same but for its case is the same here.
func TestCaseDoesNotCountInAnyScript(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || r == iotaSubscript {
			continue
		}
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			if o == iotaSubscript {
				continue
			}
			if a, b := fold.Word(string(r)), fold.Word(string(o)); a != b {
				t.Errorf("%U becomes %q, %U %q", r, a, o, b)
			}
		}
	}
}

// Whatever Unicode says is the same text is the same here, and one folding is enough.
func TestFormsOfOneCharacterAreOne(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		s := string(r)
		if !utf8.ValidRune(r) || alike(r) && r%97 != 0 {
			continue
		}
		for name, f := range map[string]func(string) string{"Word": fold.Word, "Name": fold.Name} {
			once := f(s)
			if twice := f(once); twice != once {
				t.Errorf("%s of %U: %q, then %q", name, r, once, twice)
			}
			for _, form := range []norm.Form{norm.NFC, norm.NFD} {
				if got := f(form.String(s)); got != once {
					t.Errorf("%s of %U: %q, in another form %q", name, r, once, got)
				}
			}
		}
		if a, b := fold.Word(s), fold.Word(norm.NFKC.String(s)); a != b {
			t.Errorf("Word of %U: %q, of its compatible form %q", r, a, b)
		}
	}
}

// alike reports whether r is one of many that stand for themselves alone: an
// ideograph, a syllable of Hangul, or no character at all.
func alike(r rune) bool {
	switch {
	case unicode.Is(unicode.Han, r):
		return norm.NFKC.QuickSpanString(string(r)) == len(string(r))
	case unicode.Is(unicode.Hangul, r):
		return r >= 0xac00 && r <= 0xd7a3
	}
	return !unicode.IsOneOf([]*unicode.RangeTable{unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf}, r)
}

func TestName(t *testing.T) {
	tests := map[string][2]string{
		"ASCII":                   {"Release plan", "Release plan"},
		"case counts":             {"README", "README"},
		"accents count":           {"Café", "Café"},
		"decomposed":              {"Cafe\u0301", "Café"},
		"space":                   {" a \t b\u00a0\u3000c\n", "a b c"},
		"full width":              {"ＡＢＣ　１", "ABC 1"},
		"half-width kana":         {"ｶﾞ", "ガ"},
		"ligature":                {"ﬁle", "file"},
		"zero width":              {"a\u200bb\u00adc\ufeff", "abc"},
		"a joiner is a part":      {"می\u200cخواهم", "می\u200cخواهم"},
		"squares are not numbers": {"x²", "x²"},
		"decomposed Hangul":       {"\u1109\u1165\u110b\u116e\u11af", "서울"},
		"not UTF-8":               {"a\xffb", "a\ufffdb"},
		"nothing":                 {"", ""},
		"blank":                   {" \u200b ", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fold.Name(tc[0]); got != tc[1] {
				t.Errorf("%q becomes %q, want %q", tc[0], got, tc[1])
			}
		})
	}
}

// An accent on a digit of a script that keeps its marks goes with the script.
func TestMarksOnDigitsGo(t *testing.T) {
	if got := fold.Word("\u07C0\u0300"); got != "0" {
		t.Errorf("NKo zero with a grave is %q, want 0", got)
	}
}

func TestFoldingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		for name, f := range map[string]func(string) string{"Word": fold.Word, "Name": fold.Name} {
			once := f(s)
			if twice := f(once); twice != once {
				t.Errorf("%s: %q, then %q", name, once, twice)
			}
			if got := f(norm.NFD.String(s)); got != once {
				t.Errorf("%s: %q, decomposed %q", name, once, got)
			}
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Café", "\xff\xfe", "a\u0301\u0327b", "\u1109\u1165", "ﬃ", "ﷺ", "\U0001F469\u200D\U0001F692", "\u0345\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, form := range []func(string) string{fold.Word, fold.Name} {
			once := form(s)
			if !utf8.ValidString(once) || form(once) != once {
				t.Errorf("%q becomes %q, then %q", s, once, form(once))
			}
		}
	})
}
