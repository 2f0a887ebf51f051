package wire

import (
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

type pullRequest struct {
	address
	Ranges []memory.Range `cbor:"ranges"`
	Dots   []memory.Dot   `cbor:"dots"`
}

// EncodePullRequest returns the bytes of r.
func EncodePullRequest(r *memory.PullRequest) ([]byte, error) {
	w := pullRequest{address: between(r.From, r.To), Ranges: r.Ranges, Dots: r.Dots}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("encode pull: %w", err)
	}
	return encode("pull", w, MaxBody)
}

// DecodePullRequest reads a pull.
func DecodePullRequest(data []byte) (*memory.PullRequest, error) {
	var w pullRequest
	if err := decode("pull", data, MaxBody, &w); err != nil {
		return nil, err
	}
	if err := first(w.address.check, w.check); err != nil {
		return nil, fmt.Errorf("pull: %w", err)
	}
	return &memory.PullRequest{From: w.From, To: w.To, Ranges: orNil(w.Ranges), Dots: orNil(w.Dots)}, nil
}

func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func (w *pullRequest) check() error {
	if len(w.Ranges) > MaxRanges || len(w.Dots) > MaxRanges {
		return invalid("%d ranges and %d dots, limit %d each", len(w.Ranges), len(w.Dots), MaxRanges)
	}
	for _, r := range w.Ranges {
		if err := r.Origin.Valid(); err != nil {
			return err
		}
		if r.From == 0 || r.From > r.To || r.To > maxSeq {
			return invalid("range %d to %d of %s", r.From, r.To, r.Origin)
		}
	}
	for _, d := range w.Dots {
		if err := checkDot(d); err != nil {
			return err
		}
	}
	return nil
}

type pullReply struct {
	envelope
	view
	Ops       []shipment      `cbor:"ops"`
	Truncated []memory.Origin `cbor:"truncated"`
}

// EncodePullReply returns the bytes of r, cut to as many of its ops, from the
// first on, as a message has room for: a reply is a prefix of what was asked for.
func EncodePullReply(r *memory.PullReply) ([]byte, error) {
	w := pullReply{
		envelope: sender(r.From), view: viewOf(r.View), Ops: shipmentsOf(r.Ops[:fitting(r.Ops)]), Truncated: r.Truncated,
	}
	if err := checkShipments(w.Ops); err != nil {
		return nil, fmt.Errorf("encode pull reply: %w", err)
	}
	return encode("pull reply", w, MaxBody)
}

// DecodePullReply reads the answer to a pull. Its entries are not looked into.
func DecodePullReply(data []byte) (*memory.PullReply, error) {
	var w pullReply
	if err := decode("pull reply", data, MaxBody, &w); err != nil {
		return nil, err
	}
	if err := first(w.envelope.check, w.view.check, w.check); err != nil {
		return nil, fmt.Errorf("pull reply: %w", err)
	}
	ops, err := shipments(w.Ops)
	if err != nil {
		return nil, fmt.Errorf("pull reply: %w", err)
	}
	return &memory.PullReply{From: w.From, Ops: ops, Truncated: orNil(w.Truncated), View: w.asIs()}, nil
}

func (w *pullReply) check() error {
	if len(w.Truncated) > MaxOrigins {
		return invalid("%d truncated origins, limit %d", len(w.Truncated), MaxOrigins)
	}
	for _, o := range w.Truncated {
		if err := o.Valid(); err != nil {
			return err
		}
	}
	return nil
}
