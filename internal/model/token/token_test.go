package token_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/model/token"
)

// bpeTable has pieces for all bytes, some characters, and what is joined of them.
func bpeTable(tb testing.TB, merges ...string) ([]byte, map[int32]string) {
	tb.Helper()
	vocab, names := map[string]int32{}, map[int32]string{}
	add := func(s string) {
		if _, ok := vocab[s]; !ok {
			names[int32(len(vocab))] = s
			vocab[s] = int32(len(vocab))
		}
	}
	for i := range 256 {
		add(fmt.Sprintf("<0x%02X>", i))
	}
	for _, r := range "▁abcdeé" {
		add(string(r))
	}
	for _, m := range merges {
		add(strings.ReplaceAll(m, " ", ""))
	}
	b, err := json.Marshal(map[string]any{"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": merges}})
	if err != nil {
		tb.Fatal(err)
	}
	return b, names
}

func TestBPEJoinsTheBestPairFirst(t *testing.T) {
	file, names := bpeTable(t, "b c", "a b", "▁ a", "ab c", "▁a bc")
	b, err := token.ReadBPE(file)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":      "",
		"abc":   "▁abc",
		"ab":    "▁|ab",
		"aé bc": "▁a|é|▁|bc",
		"a€":    "▁a|<0xE2>|<0x82>|<0xAC>",
		" ab":   "▁|▁|ab",
	} {
		var got []string
		for _, id := range b.Encode(text) {
			got = append(got, names[id])
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: got %s, want %s", text, strings.Join(got, "|"), want)
		}
	}
}

func TestTablesThatAreNoneAreRefused(t *testing.T) {
	good, _ := bpeTable(t, "a b")
	for what, file := range map[string][]byte{
		"no JSON":       []byte("x"),
		"another type":  []byte(`{"model":{"type":"Unigram"}}`),
		"no bytes":      []byte(`{"model":{"type":"BPE","vocab":{"a":1,"b":2,"ab":3},"merges":["a b"]}}`),
		"joins no pair": []byte(strings.Replace(string(good), `"a b"`, `"a z"`, 1)),
	} {
		if _, err := token.ReadBPE(file); err == nil {
			t.Errorf("%s: was read", what)
		}
	}
	if _, err := token.ReadWordPiece([]byte("[UNK]\n[CLS]\n")); err == nil {
		t.Error("a list without [SEP] was read")
	}
	if _, err := token.NewUnigram([]byte("ab"), []uint32{1, 3}, []float32{0, 0}, 0, nil); err == nil {
		t.Error("a piece out of bounds was taken")
	}
}

// unigram has the pieces with their scores; the first is the unknown one.
func unigram(tb testing.TB, change []token.Change, pieces ...string) (*token.Unigram, []string) {
	tb.Helper()
	var letters []byte
	var ends []uint32
	var scores []float32
	var names []string
	for i, p := range pieces {
		letters = append(letters, p...)
		ends = append(ends, uint32(len(letters)))
		scores = append(scores, -float32(i))
		names = append(names, p)
	}
	u, err := token.NewUnigram(letters, ends, scores, 0, change)
	if err != nil {
		tb.Fatal(err)
	}
	return u, names
}

func TestUnigramTakesWhatAddsUpToTheMost(t *testing.T) {
	u, names := unigram(t, []token.Change{{From: 'ﬁ', To: []rune("fi")}, {From: '\n', To: []rune(" ")}, {From: 0xAD}},
		"<unk>", "▁", "▁fi", "fish", "▁fis", "h", "i", "f", "s", "▁fish")
	for text, want := range map[string]string{
		"":          "▁",
		"fish":      "▁|fish", // 4 against 9 for the whole word
		"ﬁsh":       "▁|fish",
		"fi  sh":    "▁fi|▁|s|h",
		"fi\nx":     "▁fi|▁|<unk>",
		"f\u00adi":  "▁fi",
		"  i":       "▁|i",
		"日本":        "▁|<unk>|<unk>",
		"\xff\xfei": "▁|<unk>|<unk>|i",
	} {
		var got []string
		for _, id := range u.Encode(text) {
			got = append(got, names[id])
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: got %s, want %s", text, strings.Join(got, "|"), want)
		}
	}
}

func TestWordPieceTakesTheLongestBeginning(t *testing.T) {
	names := []string{"[UNK]", "[CLS]", "[SEP]", "cafe", "ca", "##fe", "##s", ".", "日", "time", "##out"}
	w, err := token.ReadWordPiece([]byte(strings.Join(names, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                       "",
		"Cafés.":                 "cafe|##s|.",
		"TIMEOUT\u200b":          "time|##out",
		"日日":                     "日|日",
		"time\x00 cat":           "time|[UNK]",
		strings.Repeat("a", 200): "[UNK]",
	} {
		var got []string
		for _, id := range w.Encode(text) {
			got = append(got, names[id])
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: got %s, want %s", text, strings.Join(got, "|"), want)
		}
	}
	if begin, end := w.Ends(); begin != 1 || end != 2 {
		t.Errorf("ends %d, %d", begin, end)
	}
}

// Whatever the text, all of it is in the pieces, and pieces that exist.
func FuzzEncode(f *testing.F) {
	file, names := bpeTable(f, "b c", "a b", "▁ a", "ab c", "▁a bc", "▁ ▁")
	bpe, err := token.ReadBPE(file)
	if err != nil {
		f.Fatal(err)
	}
	uni, pieces := unigram(f, []token.Change{{From: 'e', To: []rune("a b")}}, "<unk>", "▁", "▁a", "ab", "b", "c")
	words, err := token.ReadWordPiece([]byte("[UNK]\n[CLS]\n[SEP]\nab\n##c\n"))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "abc é\xff", "  a  ", "日本語 👩‍💻", "eee"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back strings.Builder
		for _, id := range bpe.Encode(s) {
			name := names[id]
			var c byte
			if n, _ := fmt.Sscanf(name, "<0x%X>", &c); n == 1 {
				back.WriteByte(c)
				continue
			}
			back.WriteString(strings.ReplaceAll(name, "▁", " "))
		}
		want := strings.ReplaceAll(strings.ToValidUTF8(" "+s, "\ufffd"), "▁", " ")
		if s != "" && strings.Count(want, "\ufffd") == 0 && back.String() != want {
			t.Errorf("%q became %q", want, back.String())
		}
		if slices.ContainsFunc(uni.Encode(s), func(id int32) bool { return id < 0 || int(id) >= len(pieces) }) {
			t.Error("a piece that is none")
		}
		if slices.ContainsFunc(words.Encode(s), func(id int32) bool { return id < 0 || int(id) >= words.Pieces() }) {
			t.Error("a piece that is none")
		}
	})
}
