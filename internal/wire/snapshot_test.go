package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// snapshot is what a snapshot brings, put together.
type snapshot struct {
	Ops  []memory.Shipment
	View memory.View
}

func encodeSnapshot(s snapshot) ([]byte, error) {
	var buf bytes.Buffer
	w := wire.NewSnapshotWriter(&buf, "node-b")
	for len(s.Ops) > 0 { // of one op each, so that there are several frames
		if err := w.Batch(s.Ops[:1]); err != nil {
			return nil, err
		}
		s.Ops = s.Ops[1:]
	}
	if err := w.End(s.View); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func decodeSnapshot(b []byte) (snapshot, error) {
	var s snapshot
	view, err := wire.ReadSnapshot(bytes.NewReader(b), "node-b", func(ops []memory.Shipment) error {
		s.Ops = append(s.Ops, ops...)
		return nil
	})
	s.View = view
	return s, err
}

// frames cuts a snapshot into its frames.
func frames(b []byte) [][]byte {
	var out [][]byte
	for len(b) > 0 {
		n := 4 + binary.BigEndian.Uint32(b)
		out = append(out, b[:n])
		b = b[n:]
	}
	return out
}

func TestASnapshotThatIsCutOffIsNoSnapshot(t *testing.T) {
	raw, err := encodeSnapshot(snapshot{Ops: exampleShipments(t), View: exampleView()})
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if _, err := decodeSnapshot(raw[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut after %d of %d bytes: %v", n, len(raw), err)
		}
	}
}

func TestADamagedSnapshotIsRefused(t *testing.T) {
	raw, err := encodeSnapshot(snapshot{Ops: exampleShipments(t), View: exampleView()})
	if err != nil {
		t.Fatal(err)
	}
	f := frames(raw)
	if len(f) != 3 {
		t.Fatalf("%d frames", len(f))
	}
	empty := &bytes.Buffer{}
	if err := wire.NewSnapshotWriter(empty, "node-b").End(exampleView()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"a frame is missing":        {bytes.Join([][]byte{f[1], f[2]}, nil), "frame 0: is number 1"},
		"a frame comes twice":       {bytes.Join([][]byte{f[0], f[0], f[1], f[2]}, nil), "frame 1: is number 0"},
		"frames change places":      {bytes.Join([][]byte{f[1], f[0], f[2]}, nil), "is number 1"},
		"the end comes from nobody": {append(bytes.Clone(f[0]), empty.Bytes()...), "is number 0"},
		"goes on behind the end":    {append(bytes.Clone(raw), 0), "goes on"},
		"a frame of no length":      {make([]byte, 4), "0 bytes"},
		"a frame over the limit":    {[]byte{0xff, 0xff, 0xff, 0xff}, "4294967295 bytes"},
		"a frame that is not CBOR":  {[]byte{0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'}, "snapshot frame"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeSnapshot(c.bytes)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

func TestASnapshotOfAnotherNodeIsRefused(t *testing.T) {
	raw, err := encodeSnapshot(snapshot{View: exampleView()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = wire.ReadSnapshot(bytes.NewReader(raw), "node-c", func([]memory.Shipment) error { return nil })
	if !errors.Is(err, memory.ErrInvalid) || !strings.Contains(err.Error(), `from "node-b", not from "node-c"`) {
		t.Errorf("got %v", err)
	}
}

func TestAnErrorOfTheReceiverEndsTheSnapshot(t *testing.T) {
	raw, err := encodeSnapshot(snapshot{Ops: exampleShipments(t), View: exampleView()})
	if err != nil {
		t.Fatal(err)
	}
	mine := errors.New("disk full")
	calls := 0
	_, err = wire.ReadSnapshot(bytes.NewReader(raw), "node-b", func([]memory.Shipment) error { calls++; return mine })
	if !errors.Is(err, mine) || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestABatchIsCutToFramesWithinTheLimits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	ops := make([]memory.Shipment, 2500)
	for i := range ops {
		ops[i].Raw = make([]byte, 1+rng.IntN(8<<10))
	}
	ops[3].Raw = make([]byte, wire.MaxEntry)
	ops[4] = memory.Shipment{
		Raw: make([]byte, wire.MaxEntry), Embedding: &memory.Embedding{Model: "m", Vector: make([]float32, memory.MaxDims)},
	}
	var buf bytes.Buffer
	w := wire.NewSnapshotWriter(&buf, "node-b")
	if err := w.Batch(ops); err != nil {
		t.Fatal(err)
	}
	if err := w.End(exampleView()); err != nil {
		t.Fatal(err)
	}
	got, err := decodeSnapshot(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Ops) != len(ops) {
		t.Fatalf("%d ops came back, want %d", len(got.Ops), len(ops))
	}
	for i, op := range got.Ops {
		if !bytes.Equal(op.Raw, ops[i].Raw) {
			t.Fatalf("op %d came back different", i)
		}
	}
	if n := len(frames(buf.Bytes())); n < 4 || n > 8 {
		t.Errorf("%d frames for %d bytes", n, buf.Len())
	}
}

// A reader must not allocate what a writer only claims to send.
func TestAClaimedLengthCostsNothing(t *testing.T) {
	claim := binary.BigEndian.AppendUint32(nil, wire.MaxBody)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 64 {
		if _, err := decodeSnapshot(claim); err == nil {
			t.Fatal("no error")
		}
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d bytes allocated for 64 frames that never came", got)
	}
}
