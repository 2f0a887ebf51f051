package wire

import (
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

type digestRequest struct {
	address
	Buckets []uint16 `cbor:"buckets"`
}

// EncodeDigestRequest returns the bytes of r.
func EncodeDigestRequest(r *memory.DigestRequest) ([]byte, error) {
	w := digestRequest{address: between(r.From, r.To), Buckets: r.Buckets}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("encode digest request: %w", err)
	}
	return encode("digest request", w, MaxBody)
}

// DecodeDigestRequest reads a digest request.
func DecodeDigestRequest(data []byte) (*memory.DigestRequest, error) {
	var w digestRequest
	if err := decode("digest request", data, MaxBody, &w); err != nil {
		return nil, err
	}
	if err := first(w.address.check, w.check); err != nil {
		return nil, fmt.Errorf("digest request: %w", err)
	}
	return &memory.DigestRequest{From: w.From, To: w.To, Buckets: orNil(w.Buckets)}, nil
}

func (w *digestRequest) check() error {
	if len(w.Buckets) > memory.Buckets {
		return invalid("%d buckets, limit %d", len(w.Buckets), memory.Buckets)
	}
	for _, b := range w.Buckets {
		if b >= memory.Buckets {
			return invalid("bucket %d, limit %d", b, memory.Buckets)
		}
	}
	return nil
}

type digestReply struct {
	envelope
	view
	Sums      []byte                  `cbor:"sums"` // one behind the other
	Registers []memory.RegisterDigest `cbor:"registers"`
}

// EncodeDigestReply returns the bytes of r. One of more than [MaxDigest] bytes is
// [memory.ErrInvalid]: the asker must ask for fewer buckets.
func EncodeDigestReply(r *memory.DigestReply) ([]byte, error) {
	w := digestReply{envelope: sender(r.From), view: viewOf(r.View), Registers: r.Registers}
	for _, sum := range r.Sums {
		w.Sums = append(w.Sums, sum[:]...)
	}
	if len(r.Registers) > MaxRegisters {
		return nil, invalid("encode digest reply: %d registers, limit %d", len(r.Registers), MaxRegisters)
	}
	return encode("digest reply", w, MaxDigest)
}

// DecodeDigestReply reads the answer to a digest request: the sums of all
// buckets or none, and registers whose keys are keys.
func DecodeDigestReply(data []byte) (*memory.DigestReply, error) {
	var w digestReply
	if err := decode("digest reply", data, MaxDigest, &w); err != nil {
		return nil, err
	}
	if err := first(w.envelope.check, w.view.check, w.check); err != nil {
		return nil, fmt.Errorf("digest reply: %w", err)
	}
	r := &memory.DigestReply{From: w.From, View: w.asIs(), Registers: orNil(w.Registers)}
	for sum := range slices.Chunk(w.Sums, len(memory.Digest{})) {
		r.Sums = append(r.Sums, memory.Digest(sum))
	}
	return r, nil
}

func (w *digestReply) check() error {
	if n, want := len(w.Sums), memory.Buckets*len(memory.Digest{}); n != 0 && n != want {
		return invalid("sums of %d bytes, want %d", n, want)
	}
	for _, r := range w.Registers {
		if _, ok := memory.ParseKey(r.Key); !ok {
			return invalid("register %.40q", r.Key)
		}
		if err := checkDot(r.Version.Dot); err != nil {
			return err
		}
	}
	return nil
}
