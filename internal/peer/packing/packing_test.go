package packing_test

import (
	"bytes"
	"io"
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/peer/packing"
)

// What is packed unpacks to what it was, whatever it was, and says how long that is.
func TestWhatIsPackedUnpacksToWhatItWas(t *testing.T) {
	var coder packing.Coder
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "part")
		b := bytes.Repeat(part, rapid.IntRange(1, 100).Draw(t, "times"))
		packed, ok := coder.Pack(b)
		if !ok {
			if !bytes.Equal(packed, b) {
				t.Fatal("what was not packed is another one")
			}
			return
		}
		size, err := packing.SizeOf(packed)
		if err != nil || size != int64(len(b)) || len(packed) >= len(b) {
			t.Fatalf("%d bytes packed to %d that say %d, %v", len(b), len(packed), size, err)
		}
		if got, err := coder.Unpack(packed, size); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(b), err)
		}
	})
}

// Behind a flush the reader has all that was written before it.
func TestAStreamIsReadAsFarAsItWasFlushed(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		enc, err := packing.NewWriter(w)
		for _, part := range []string{"first", "second"} {
			if err == nil {
				_, err = enc.Write(bytes.Repeat([]byte(part), 1000))
			}
			if err == nil {
				err = enc.Flush()
			}
		}
		if err == nil {
			err = enc.Close()
		}
		_ = w.CloseWithError(err)
	}()
	dec, err := packing.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close() //nolint:errcheck // of memory
	for _, part := range []string{"first", "second"} {
		got := make([]byte, 1000*len(part))
		if _, err := io.ReadFull(dec, got); err != nil || !bytes.HasPrefix(got, []byte(part)) {
			t.Fatalf("%.20q, %v", got, err)
		}
	}
	if rest, err := io.ReadAll(dec); err != nil || len(rest) > 0 {
		t.Errorf("%d bytes more, %v", len(rest), err)
	}
}

func TestWhomToCompressWith(t *testing.T) {
	for raw, auto := range map[string]bool{
		"http://127.0.0.1:9077": false, "http://localhost:9077": false, "https://[::1]:9077": false,
		"https://10.0.0.2:9077": true, "https://east.example.org": true, "https://[2001:db8::1]": true,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for how, want := range map[packing.Compress]bool{"": auto, packing.Auto: auto, packing.Always: true, packing.Never: false} {
			if got := how.With(u); got != want {
				t.Errorf("%s with %s: %v", how, raw, got)
			}
		}
	}
	if packing.Compress("sometimes").Valid() == nil {
		t.Error("sometimes is valid")
	}
}

func TestWhoNamesTheCoding(t *testing.T) {
	for want, lists := range map[bool][][]string{
		true:  {{"zstd"}, {"gzip, zstd"}, {"gzip", " zstd "}, {"ZSTD;q=0.5"}, {"zstd; q=1, gzip"}},
		false: {nil, {""}, {"gzip"}, {"zstandard"}, {"zstd;q=0"}, {"zstd; q=0.000"}, {"zstd;q=x"}},
	} {
		for _, values := range lists {
			if packing.Accepts(values) != want {
				t.Errorf("%q: not %v", values, want)
			}
		}
	}
}
