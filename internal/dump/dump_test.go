package dump_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/dump"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/wire"
)

// logged is an entry with its bytes.
type logged struct {
	memory.Shipment

	entry *memory.Entry
}

// written is a dump of some entries.
func written(tb testing.TB, list []logged) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := dump.NewWriter(func(line string) { out.WriteString(line) })
	err := w.Manifest(dump.Manifest{Node: "a", Origin: "a.1", Entries: len(list), Counts: map[string]int{}, Heads: memory.Heads{}})
	for _, l := range list {
		err = errors.Join(err, w.Entry(l.Raw, l.entry, l.Embedding))
	}
	if err = errors.Join(err, w.End()); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// read returns the entries of a dump, as far as they come.
func read(in io.Reader) ([]memory.Shipment, error) {
	r := dump.NewReader(in)
	m, err := r.Manifest()
	if err != nil {
		return nil, err
	}
	var out []memory.Shipment
	for ops, err := range r.Batches(m.Entries) {
		if err != nil {
			return out, err
		}
		out = append(out, ops...)
	}
	return out, r.Broken()
}

func encoded(tb testing.TB, e *memory.Entry, v *memory.Embedding) logged {
	tb.Helper()
	raw, err := wire.EncodeEntry(e)
	if err != nil {
		tb.Fatal(err)
	}
	if e, err = wire.DecodeEntry(raw); err != nil {
		tb.Fatal(err)
	}
	return logged{memory.Shipment{Raw: raw, Embedding: v}, e}
}

func TestADumpIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var list []logged
		for range rapid.IntRange(0, 5).Draw(r, "entries") {
			e := memorytest.Entry().Draw(r, "entry")
			var v *memory.Embedding
			if rapid.Bool().Draw(r, "with a vector") {
				v = &memory.Embedding{Model: "m", Vector: rapid.SliceOfN(rapid.Float32(), 1, 4).Draw(r, "vector")}
			}
			list = append(list, encoded(t, e, v))
		}
		list = append(list, logged{memory.Shipment{Raw: []byte("what nobody can decode")}, nil})
		want := make([]memory.Shipment, len(list))
		for i, l := range list {
			want[i] = l.Shipment
		}
		got, err := read(bytes.NewReader(written(t, list)))
		if d := cmp.Diff(want, got); d != "" || err != nil {
			r.Fatal(d, err)
		}
	})
}

// However many entries there are, they come in order, and none is left out
// between two batches.
func TestEntriesComeInBatches(t *testing.T) {
	var list []logged
	for i := range 1000 {
		list = append(list, logged{memory.Shipment{Raw: bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 1+i%3000)}, nil})
	}
	got, err := read(bytes.NewReader(written(t, list)))
	if err != nil || len(got) != len(list) {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	for i := range got {
		if !bytes.Equal(got[i].Raw, list[i].Raw) {
			t.Fatalf("entry %d is another one", i)
		}
	}
}

func TestALineThatIsTooLongEndsTheReading(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"type":"manifest","tool":"`), repeated("x"))
	_, err := read(endless)
	if bad, is := errors.AsType[*dump.Error](err); !is || bad.Line != 0 && bad.Line != 1 {
		t.Errorf("%v", err)
	}
}

// A file that could not be read to its end, as when nobody waits for it any more, is not
// said to be cut off.
func TestASourceThatFailsSaysNothingOfTheDump(t *testing.T) {
	manifest := `{"type":"manifest","format":"tallystick-complete","format_version":1,"entries":1}` + "\n"
	for _, came := range []string{"", manifest[:9], manifest, manifest + `{"type":"entry",`} {
		_, err := read(io.MultiReader(strings.NewReader(came), iotest.ErrReader(context.Canceled)))
		if _, is := errors.AsType[*dump.Error](err); is || !errors.Is(err, context.Canceled) {
			t.Errorf("behind %q: %v", came, err)
		}
	}
}

// An editor trims the last line end, or adds a blank line. What is cut off otherwise, or
// goes on, is no dump.
func TestLineEndsAtTheEndAreOfAnEditor(t *testing.T) {
	whole := string(written(t, nil))
	for text, well := range map[string]bool{
		strings.TrimSuffix(whole, "\n"):        true,
		whole + "\n":                           true,
		whole + "\r\n\n":                       true,
		whole[:len(whole)-2]:                   false,
		whole + "x":                            false,
		whole + "\n" + whole:                   false,
		strings.TrimSuffix(whole, "\n") + "{}": false,
	} {
		if _, err := read(strings.NewReader(text)); (err == nil) != well {
			t.Errorf("%q: %v", text[max(0, len(text)-40):], err)
		}
	}
}

// repeated never ends.
type repeated string

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r[0]
	}
	return len(p), nil
}

// FuzzCompleteImport reads anything. What is read to the end without an error is
// a dump that somebody wrote: no bit of it can be another one, none of its lines
// can be missing, and written again it reads the same.
//
// A dump is given in three short parts, and one without an end gets the right
// one: made of one long text the fuzzer would spend its time on shortening it,
// and hardly ever meet a digest that is right.
func FuzzCompleteImport(f *testing.F) {
	const manifest = `{"type":"manifest","format":"tallystick-complete","format_version":1,"entries":1}` + "\n"
	entry := func(raw string, more string) string {
		return fmt.Sprintf(`{"type":"entry","raw":"%s","digest":"%x"%s}`+"\n", base64.StdEncoding.EncodeToString([]byte(raw)), sha256.Sum256([]byte(raw)), more)
	}
	f.Add(manifest, entry("x", ""), "", uint32(7), uint8(1))
	f.Add(manifest, entry("y", `,"embedding":{"model":"m","vector":"AACAPw=="}`), "", uint32(99), uint8(2))
	f.Add(manifest, `{"type":"entry","raw":"AQ==","hollow":"a.1.1"}`+"\n", "", uint32(1), uint8(3))
	f.Add(`{"type":"manifest","format":"tallystick-complete","format_version":1,"heads":{"a.1":{"seq":9,"gaps":[3]}}}`+"\n", "", `{"type":"end","lines":1}`, uint32(0), uint8(0))
	f.Fuzz(func(t *testing.T, manifest, entries, end string, at uint32, bit uint8) {
		body := manifest + entries
		last := len(body) // where the end begins, which the digest does not cover
		if end == "" {
			end = fmt.Sprintf(`{"type":"end","lines":%d,"sha256":"%x"}`+"\n", strings.Count(body, "\n"), sha256.Sum256([]byte(body)))
		}
		body += end
		got, err := read(strings.NewReader(body))
		if err != nil {
			if _, is := errors.AsType[*dump.Error](err); !is {
				t.Fatalf("%v does not say which line is wrong", err)
			}
			return
		}
		if last > 0 && strings.Count(end, "\n") == 1 {
			flipped := []byte(body)
			flipped[int(at)%last] ^= 1 << (bit % 8)
			if _, err := read(bytes.NewReader(flipped)); err == nil {
				t.Error("a changed bit is not noticed")
			}
		}
		cut := int(at) % len(body)
		if _, err := read(strings.NewReader(body[:cut])); err == nil && strings.TrimSpace(body[cut:]) != "" {
			t.Error("what is cut off is taken for whole")
		}
		var again []logged
		for _, s := range got {
			again = append(again, logged{s, nil})
		}
		second, err := read(bytes.NewReader(written(t, again)))
		if d := cmp.Diff(got, second, cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b })); d != "" || err != nil {
			t.Error(d, err)
		}
	})
}
