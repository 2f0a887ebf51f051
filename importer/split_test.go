package importer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func splitterOf(text string, limit int) *splitter {
	// The least buffer there is: values cross its end.
	return &splitter{in: bufio.NewReaderSize(strings.NewReader(text), 16), limit: limit}
}

// split takes a list apart.
func split(text string, limit int) (out []string, long int, err error) {
	s := splitterOf(text, limit)
	if list, err := s.skip('['); !list {
		return nil, 0, errors.Join(err, errNotJSON)
	}
	err = s.list(func(_ int, raw json.RawMessage, err error) bool {
		if errors.Is(err, errTooLong) {
			long++
		} else {
			out = append(out, string(raw))
		}
		return true
	})
	return out, long, err
}

// FuzzSplit compares with the decoder of the standard library: a list that this
// takes comes apart into the same values.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{`[]`, `[1, "a]\"", {"b":[{}]}, [[]],null ]`, "[\n-1e5\t,\"\\\\\"]", `[}`, `[1 2]`, `["`, `[{"a":nope},7]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _, err := split(text, 1<<20)
		var want []json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil || want == nil {
			return // then it is enough to end
		}
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %d values, want %d, %v", text, len(got), len(want), err)
		}
		for i := range want {
			if got[i] != string(want[i]) {
				t.Errorf("%q: value %d is %q, want %q", text, i, got[i], want[i])
			}
		}
	})
}

func TestAValueOverTheLimitCostsNoOther(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		const limit = 40
		var want, all []string
		long := 0
		for range rapid.IntRange(0, 6).Draw(r, "values") {
			raw, err := json.Marshal(map[string]any{"k": rapid.StringN(0, 40, 60).Draw(r, "text"), "l": rapid.SliceOfN(rapid.Int8(), 0, 5).Draw(r, "list")})
			if err != nil {
				r.Fatal(err)
			}
			all = append(all, string(raw))
			if len(raw) > limit {
				long++
			} else {
				want = append(want, string(raw))
			}
		}
		got, n, err := split("["+strings.Join(all, " ,\n")+"]", limit)
		if d := cmp.Diff(want, got); d != "" || n != long || err != nil {
			r.Fatal(d, n, long, err)
		}
	})
}

func TestLinesOverTheLimitArePassedOver(t *testing.T) {
	in := bufio.NewReaderSize(strings.NewReader("one\r\n\n"+strings.Repeat("x", 100)+"\nlast"), 16)
	var got []string
	for {
		line, long, err := nextLine(in, 50)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if long {
			line = []byte("(long)")
		}
		got = append(got, string(line))
	}
	if d := cmp.Diff([]string{"one", "", "(long)", "last"}, got); d != "" {
		t.Error(d)
	}
}

func TestHalvesOfSurrogatePairsAreFound(t *testing.T) {
	for raw, want := range map[string]bool{
		`"\ud83d\ude00"`: false, `"\ud83d"`: true, `"\ude00"`: true, `"\ud83d\ud83d"`: true, `"\ud83dx"`: true, `"\\ud83d"`: false,
		`"\ud83d\n"`: true, `"é\u00e9"`: false, `"\uD83D\uDE00\uD83D"`: true, `"\ud8`: false,
	} {
		if got := halves([]byte(raw)); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}

// FuzzText decodes what claims to be UTF-16, and leaves the rest as it is.
func FuzzText(f *testing.F) {
	f.Add([]byte("\xff\xfeh\x00i\x00"))
	f.Add([]byte("\xfe\xff\xd8\x3d\xde\x00"))
	f.Add([]byte("\xff\xfe\x00\xd8x"))
	f.Add([]byte("\ufeffplain"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := io.ReadAll(decoded(bufio.NewReaderSize(bytes.NewReader(raw), 16)))
		var order binary.ByteOrder = binary.LittleEndian
		switch {
		case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
			order = binary.BigEndian
		case !bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
			if want := bytes.TrimPrefix(raw, []byte("\ufeff")); !bytes.Equal(got, want) || err != nil {
				t.Errorf("%q became %q, %v", raw, got, err)
			}
			return
		}
		if (len(raw)%2 != 0) != (err != nil) {
			t.Fatalf("%d bytes: %v", len(raw), err)
		}
		if err != nil || !utf8.Valid(got) {
			return // it is refused
		}
		units := utf16.Encode([]rune(string(got)))
		for i, u := range units {
			if order.Uint16(raw[2+2*i:]) != u {
				t.Fatalf("%q became %q", raw, got)
			}
		}
		if 2+2*len(units) != len(raw) {
			t.Errorf("%d units of %d bytes", len(units), len(raw))
		}
	})
}

// FuzzFrontMatter reads anything between two lines of ---.
func FuzzFrontMatter(f *testing.F) {
	f.Add("title: a\ntags: [b, c]", "body")
	f.Add("a: &x [*x]\n? b\n: c", "")
	f.Add("title: One: two\n  - x\n\"q", "---\n")
	f.Fuzz(func(t *testing.T, front, body string) {
		text := clean("---\n" + front + "\n---\n" + body)
		m, rest, _ := frontOf(text)
		if !strings.HasSuffix(text, rest) {
			t.Errorf("%q is no end of %q", rest, text)
		}
		if raw, err := json.Marshal(m); err != nil {
			t.Errorf("%v: %s", err, raw)
		}
		_, _, _ = m.text("title"), m.list("tags"), m.time("date")
	})
}

// FuzzReferences finds links in anything, and tags.
func FuzzReferences(f *testing.F) {
	f.Add("see [[a#b|c]] ![[d.png]] [x](y.md#z) - r [[s]] #t", ".")
	f.Add("```\n[[no]]\n```\n`[[no]]` [[a\\|b]] [[]] [[#h]] [[a^b]]", "sub/dir")
	f.Fuzz(func(t *testing.T, body, dir string) {
		for _, r := range references(clean(body), dir) {
			if r.to == "" || strings.ContainsAny(r.to, "\n") {
				t.Errorf("%+v", r)
			}
		}
		for _, tag := range hashtags(clean(body)) {
			if tag == "" || strings.ContainsAny(tag, " \n#") {
				t.Errorf("%q", tag)
			}
		}
	})
}
