package recall

import "github.com/tallystick/tallystick/internal/recall/text"

// Words returns all words of a text as they are compared, in order, the common
// ones and repetitions included.
func Words(s string) []string {
	var t text.Terms
	t.Add(s)
	var out []string
	for i := range t.Len() {
		if w, kind := t.At(i); kind == text.Word || kind == text.Sign {
			out = append(out, string(w))
		}
	}
	return out
}
