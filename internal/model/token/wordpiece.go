package token

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// WordPiece takes words without case and accents, and from each the longest piece
// that it begins with, again and again. A word that does not come out even is one
// unknown piece. It is safe for concurrent use.
type WordPiece struct {
	pieces              map[string]int32
	unknown, begin, end int32
}

// longestWord is how many characters a word may have that is not unknown.
const longestWord = 100

// ReadWordPiece reads a list of pieces, one a line. Those that go on with a word
// begin with "##".
func ReadWordPiece(file []byte) (*WordPiece, error) {
	w := &WordPiece{pieces: map[string]int32{}}
	lines := bufio.NewScanner(bytes.NewReader(file))
	for n := int32(0); lines.Scan(); n++ {
		w.pieces[lines.Text()] = n
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("list of pieces: %w", err)
	}
	for name, at := range map[string]*int32{"[UNK]": &w.unknown, "[CLS]": &w.begin, "[SEP]": &w.end} {
		n, ok := w.pieces[name]
		if !ok {
			return nil, fmt.Errorf("list of pieces: has no %s", name)
		}
		*at = n
	}
	return w, nil
}

// Pieces is how many pieces there are.
func (w *WordPiece) Pieces() int { return len(w.pieces) }

// Ends are the pieces to put before and behind a text.
func (w *WordPiece) Ends() (begin, end int32) { return w.begin, w.end }

// Encode returns the pieces of a text.
func (w *WordPiece) Encode(text string) []int32 {
	var out []int32
	for word := range strings.FieldsSeq(spread(text)) {
		out = w.word(out, word)
	}
	return out
}

func (w *WordPiece) word(out []int32, word string) []int32 {
	before := len(out)
	if len([]rune(word)) > longestWord {
		return append(out, w.unknown)
	}
	for from := 0; from < len(word); {
		to, id := len(word), int32(-1)
		for ; to > from; to-- {
			piece := word[from:to]
			if from > 0 {
				piece = "##" + piece
			}
			if n, ok := w.pieces[piece]; ok {
				id = n
				break
			}
		}
		if id < 0 {
			return append(out[:before], w.unknown)
		}
		out = append(out, id)
		from = to
	}
	return out
}

// spread writes a text in small letters without accents and control characters,
// with spaces around what is a word by itself.
func spread(text string) string {
	var clean, out strings.Builder
	for _, r := range text {
		switch {
		case r == 0 || r == unicode.ReplacementChar:
		case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
			clean.WriteByte(' ')
		case unicode.Is(unicode.C, r):
		case han(r):
			clean.WriteByte(' ')
			clean.WriteRune(r)
			clean.WriteByte(' ')
		default:
			clean.WriteRune(r)
		}
	}
	for _, r := range norm.NFD.String(clean.String()) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if r < 128 && (unicode.IsPunct(r) || unicode.IsSymbol(r)) || unicode.Is(unicode.P, r) {
			out.WriteByte(' ')
			out.WriteRune(r)
			out.WriteByte(' ')
			continue
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// han reports whether a character is in the blocks that the models took for
// Chinese.
func han(r rune) bool {
	for _, b := range [...][2]rune{
		{0x4E00, 0x9FFF},
		{0x3400, 0x4DBF},
		{0x20000, 0x2A6DF},
		{0x2A700, 0x2B73F},
		{0x2B740, 0x2B81F},
		{0x2B920, 0x2CEAF},
		{0xF900, 0xFAFF},
		{0x2F800, 0x2FA1F},
	} {
		if r >= b[0] && r <= b[1] {
			return true
		}
	}
	return false
}
