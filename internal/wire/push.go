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
func EncodePush(p *memory.Push) ([]byte, error) { return EncodePushSince(p, Reading{}, Reading{}) }

// EncodePushSince is [EncodePush] for a receiver that knows base: of the heads, which are
// reading, it has what is different. If base is none, it has all of them.
func EncodePushSince(p *memory.Push, reading, base Reading) ([]byte, error) {
	ops := shipmentsOf(p.Ops)
	if err := checkShipments(ops); err != nil {
		return nil, fmt.Errorf("encode push: %w", err)
	}
	w := writing(p.View, reading, base, sizeOf(ops))
	w.fields(5 + w.ofView + int(min(1, p.View.Epoch)))
	w.key("v").uint(Version)
	w.key("to").text(string(p.To))
	w.key("lsn").uint(p.View.LSN)
	w.key("ops").ops(ops)
	w.bases()
	w.key("from").text(string(p.From))
	w.gone()
	w.key("root").bytes(p.View.Root[:])
	if p.View.Epoch > 0 {
		w.key("epoch").uint(p.View.Epoch)
	}
	w.heads()
	w.key("created").int(int64(instant(p.Created)))
	return w.done("push")
}

// DecodePush reads a push that has whole heads. Its entries are not looked into.
func DecodePush(data []byte) (*memory.Push, error) {
	p, _, err := DecodePushSince(data, nil)
	return p, err
}

// DecodePushSince is [DecodePush] where the heads may be a difference to a reading that is
// known; [ErrOtherBase] if it is not. It returns the reading that came of one, too.
func DecodePushSince(data []byte, known Known) (*memory.Push, Reading, error) {
	w, read := readPush(data)
	if !read {
		w = push{}
		if err := decode("push", data, MaxBody, &w); err != nil {
			return nil, Reading{}, err
		}
	}
	if err := w.address.check(); err != nil {
		return nil, Reading{}, fmt.Errorf("push: %w", err)
	}
	ops, err := shipments(w.Ops)
	if err != nil {
		return nil, Reading{}, fmt.Errorf("push: %w", err)
	}
	v, reading, err := w.whole(known)
	if err != nil {
		return nil, Reading{}, fmt.Errorf("push: %w", err)
	}
	return &memory.Push{From: w.From, To: w.To, Created: timeOf(w.Created), Ops: ops, View: v}, reading, nil
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
	return EncodePushReplySince(r, Reading{}, Reading{})
}

// EncodePushReplySince is [EncodePushReply] for a receiver that knows base: of the heads,
// which are reading, it has what is different. If base is none, it has all of them.
func EncodePushReplySince(r *memory.PushReply, reading, base Reading) ([]byte, error) {
	if len(r.Refused) > MaxOps {
		return nil, invalid("encode push reply: %d refusals, limit %d", len(r.Refused), MaxOps)
	}
	w := writing(r.View, reading, base, len(r.Refused)*aboutRefusal)
	w.fields(6 + w.ofView)
	w.key("v").uint(Version)
	w.key("lsn").uint(r.View.LSN)
	w.bases()
	w.key("from").text(string(r.From))
	w.gone()
	w.key("root").bytes(r.View.Root[:])
	w.key("time").int(int64(instant(r.Time)))
	w.key("epoch").uint(r.View.Epoch)
	w.heads()
	w.key("durable").yes()
	w.key("refused").refusals(r.Refused)
	return w.done("push reply")
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

// DecodePushReply reads the answer to a push, with whole heads. One that does not say
// "durable" is no answer.
func DecodePushReply(data []byte) (*memory.PushReply, error) {
	r, _, err := DecodePushReplySince(data, nil)
	return r, err
}

// DecodePushReplySince is [DecodePushReply] where the heads may be a difference to a
// reading that is known; [ErrOtherBase] if it is not. It returns the reading that came of
// one, too.
func DecodePushReplySince(data []byte, known Known) (*memory.PushReply, Reading, error) {
	w, read := readPushReply(data)
	if !read {
		w = pushReply{}
		if err := decode("push reply", data, MaxBody, &w); err != nil {
			return nil, Reading{}, err
		}
	}
	if err := first(w.envelope.check, w.check); err != nil {
		return nil, Reading{}, fmt.Errorf("push reply: %w", err)
	}
	v, reading, err := w.whole(known)
	if err != nil {
		return nil, Reading{}, fmt.Errorf("push reply: %w", err)
	}
	r := &memory.PushReply{From: w.From, View: v, Time: timeOf(w.Time)}
	r.View.Epoch = w.Epoch
	if len(w.Refused) > 0 {
		r.Refused = w.Refused
	}
	return r, reading, nil
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
