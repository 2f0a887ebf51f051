package wire_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/legacy/wire"
)

// Pushes that real ai-memory nodes have sent lie beside the repository.
const captured = "../../../../shared/vectors"

// What a real node has written, we read and write again to the byte.
func TestCapturedPushesAreWrittenAsTheyWereRead(t *testing.T) {
	if _, err := os.Stat(captured); err != nil {
		t.Skipf("no captured pushes at %s", captured)
	}
	names, err := filepath.Glob(filepath.Join(captured, "*", "*.push.http"))
	if err != nil || len(names) < 130 {
		t.Fatalf("%d pushes, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, body, ok := bytes.Cut(data, []byte("\r\n\r\n"))
		if !ok {
			t.Fatalf("%s: no end of the headers", name)
		}
		p, err := wire.DecodePush(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := p.Encode()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(string(body), string(again)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		for i := range p.Memories {
			v, at, err := p.Memories[i].Value()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			row := wire.OfValue(&v, at)
			again, then, err := row.Value()
			if diff := cmp.Diff(v, again); diff != "" || at != then || err != nil {
				t.Errorf("%s: as a value and back: %v\n%s", name, err, diff)
			}
		}
	}
}
