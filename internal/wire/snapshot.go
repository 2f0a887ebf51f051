package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tallystick/tallystick/internal/memory"
)

// frame is one part of a snapshot. Frames are numbered from 0; the last one has
// no ops, the total of them, and the view that the state adds up to.
type frame struct {
	envelope
	N     uint64     `cbor:"n"`
	Ops   []shipment `cbor:"ops,omitempty"`
	Total uint64     `cbor:"total,omitempty"`
	View  *view      `cbor:"view,omitempty"`
}

// SnapshotWriter writes a snapshot as frames, each behind its length as four
// bytes, big-endian.
type SnapshotWriter struct {
	w     io.Writer
	from  memory.Node
	n     uint64
	total uint64
}

// NewSnapshotWriter returns a writer of a snapshot of the node from.
func NewSnapshotWriter(w io.Writer, from memory.Node) *SnapshotWriter {
	return &SnapshotWriter{w: w, from: from}
}

// Batch writes ops, in as many frames as they need.
func (s *SnapshotWriter) Batch(ops []memory.Shipment) error {
	for len(ops) > 0 {
		n := fitting(ops)
		part := shipmentsOf(ops[:n])
		if err := checkShipments(part); err != nil {
			return fmt.Errorf("encode snapshot: %w", err)
		}
		if err := s.write(frame{Ops: part}); err != nil {
			return err
		}
		s.total += uint64(n)
		ops = ops[n:]
	}
	return nil
}

// End writes the last frame. Without it a reader takes the snapshot for cut off.
func (s *SnapshotWriter) End(v memory.View) error {
	last := viewOf(v)
	return s.write(frame{Total: s.total, View: &last})
}

func (s *SnapshotWriter) write(f frame) error {
	f.envelope, f.N = sender(s.from), s.n
	b, err := encode("snapshot frame", f, MaxBody)
	if err != nil {
		return err
	}
	s.n++
	if _, err := s.w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if _, err := s.w.Write(b); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// ReadSnapshot reads a snapshot of the node from and hands its ops to yield, in
// order. A stream that is cut off, goes on behind its last frame, misses a frame
// or comes from another node is an error; what was handed out until then are
// entries all the same. An error of yield ends the reading and comes back as it is.
func ReadSnapshot(r io.Reader, from memory.Node, yield func([]memory.Shipment) error) (memory.View, error) {
	var total uint64
	var buf bytes.Buffer
	for n := uint64(0); ; n++ {
		f, err := readFrame(r, &buf)
		if err != nil {
			return memory.View{}, fmt.Errorf("snapshot: frame %d: %w", n, err)
		}
		ops, err := f.check(n, total, from)
		if err != nil {
			return memory.View{}, fmt.Errorf("snapshot: frame %d: %w", n, err)
		}
		if f.View != nil {
			if m, _ := io.CopyN(&buf, r, 1); m != 0 {
				return memory.View{}, invalid("snapshot: goes on behind its last frame")
			}
			return f.View.asIs(), nil
		}
		total += uint64(len(ops))
		if err := yield(ops); err != nil {
			return memory.View{}, err
		}
	}
}

func readFrame(r io.Reader, buf *bytes.Buffer) (*frame, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, cutOff(err)
	}
	size := binary.BigEndian.Uint32(length[:])
	if size == 0 || size > MaxBody {
		return nil, invalid("%d bytes, want 1 to %d", size, MaxBody)
	}
	buf.Reset()
	if _, err := io.CopyN(buf, r, int64(size)); err != nil { // grows with what comes, not with what is claimed
		return nil, cutOff(err)
	}
	var f frame
	if err := decode("snapshot frame", buf.Bytes(), MaxBody, &f); err != nil {
		return nil, err
	}
	return &f, nil
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("cut off: %w", io.ErrUnexpectedEOF)
	}
	return err
}

func (f *frame) check(n, total uint64, from memory.Node) ([]memory.Shipment, error) {
	switch {
	case f.V != Version:
		return nil, invalid("protocol version %d, want %d", f.V, Version)
	case f.From != from:
		return nil, invalid("comes from %.64q, not from %q", string(f.From), string(from))
	case f.N != n:
		return nil, invalid("is number %d", f.N)
	case f.View == nil && (len(f.Ops) == 0 || f.Total != 0), f.View != nil && (len(f.Ops) != 0 || f.Total != total):
		return nil, invalid("%d ops and a total of %d after %d ops", len(f.Ops), f.Total, total)
	}
	if f.View != nil {
		return nil, f.View.check()
	}
	return shipments(f.Ops)
}
