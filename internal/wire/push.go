package wire

import (
	"fmt"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/memory"
)

type push struct {
	address
	view
	Created memory.Instant `cbor:"created"`
	Ops     []shipment     `cbor:"ops"`
}

// EncodePush returns the bytes of p. They are what a signature of the push is
// over: encode once, and send exactly them.
func EncodePush(p *memory.Push) ([]byte, error) {
	w := push{
		address: between(p.From, p.To), view: viewOf(p.View), Created: instant(p.Created), Ops: shipmentsOf(p.Ops),
	}
	if err := checkShipments(w.Ops); err != nil {
		return nil, fmt.Errorf("encode push: %w", err)
	}
	return encode("push", w, MaxBody)
}

// DecodePush reads a push. Its entries are not looked into.
func DecodePush(data []byte) (*memory.Push, error) {
	var w push
	if err := decode("push", data, MaxBody, &w); err != nil {
		return nil, err
	}
	if err := first(w.address.check, w.view.check); err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	ops, err := shipments(w.Ops)
	if err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	return &memory.Push{
		From: w.From, To: w.To, Created: timeOf(w.Created), Ops: ops, View: memory.View(w.view),
	}, nil
}

// first returns the first error.
func first(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

type pushReply struct {
	envelope
	view
	Refused []memory.Refusal `cbor:"refused"`
	Durable bool             `cbor:"durable"`
	Time    memory.Instant   `cbor:"time"`
	// Epoch is that of the view, and always there.
	Epoch uint64 `cbor:"epoch"`
}

// EncodePushReply returns the bytes of r. It says that all in r.View is fsynced.
// Long texts of refusals are cut.
func EncodePushReply(r *memory.PushReply) ([]byte, error) {
	w := pushReply{
		envelope: sender(r.From), view: viewOf(r.View), Refused: make([]memory.Refusal, len(r.Refused)),
		Durable: true, Time: instant(r.Time), Epoch: r.View.Epoch,
	}
	for i, f := range r.Refused {
		f.Text = cut(f.Text, maxText)
		w.Refused[i] = f
	}
	if len(w.Refused) > MaxOps {
		return nil, invalid("encode push reply: %d refusals, limit %d", len(w.Refused), MaxOps)
	}
	return encode("push reply", w, MaxBody)
}

// cut returns s as valid UTF-8 of at most n bytes.
func cut(s string, n int) string {
	out := make([]byte, 0, min(len(s), n))
	for _, r := range s { // what is not UTF-8 comes as U+FFFD
		if len(out)+utf8.RuneLen(r) > n {
			break
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// DecodePushReply reads the answer to a push. One that does not say "durable" is
// no answer.
func DecodePushReply(data []byte) (*memory.PushReply, error) {
	var w pushReply
	if err := decode("push reply", data, MaxBody, &w); err != nil {
		return nil, err
	}
	if err := first(w.envelope.check, w.view.check, w.check); err != nil {
		return nil, fmt.Errorf("push reply: %w", err)
	}
	r := &memory.PushReply{From: w.From, View: memory.View(w.view), Time: timeOf(w.Time)}
	r.View.Epoch = w.Epoch
	if len(w.Refused) > 0 {
		r.Refused = w.Refused
	}
	return r, nil
}

func (w *pushReply) check() error {
	if !w.Durable {
		return invalid("not durable")
	}
	if len(w.Refused) > MaxOps {
		return invalid("%d refusals, limit %d", len(w.Refused), MaxOps)
	}
	for _, f := range w.Refused {
		if err := checkDot(f.Dot); err != nil {
			return fmt.Errorf("refusal: %w", err)
		}
		if f.Code == "" || len(f.Code) > maxCode || len(f.Text) > maxText {
			return invalid("refusal of %s: code of %d bytes, text of %d", f.Dot, len(f.Code), len(f.Text))
		}
	}
	return nil
}
