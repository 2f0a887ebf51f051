package wire

import (
	"bytes"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// What is written, read and compared by hand, as the codec and maps do it.

// PlainPush is [EncodePushSince].
func PlainPush(p *memory.Push, reading, base Reading) ([]byte, error) {
	return encode("push", push{
		address: between(p.From, p.To), view: plainView(p.View, reading, base), Created: instant(p.Created), Ops: shipmentsOf(p.Ops),
	}, MaxBody)
}

// PlainPushReply is [EncodePushReplySince].
func PlainPushReply(r *memory.PushReply, reading, base Reading) ([]byte, error) {
	w := pushReply{
		envelope: sender(r.From), view: plainView(r.View, reading, base), Refused: slices.Clone(r.Refused),
		Durable: true, Time: instant(r.Time), Epoch: r.View.Epoch,
	}
	for i := range w.Refused {
		w.Refused[i].Text = cut(w.Refused[i].Text, maxText)
	}
	return encode("push reply", w, MaxBody)
}

func plainView(v memory.View, reading, base Reading) view {
	w := viewOf(v)
	if !base.IsZero() {
		d := plainSince(v.Heads, base.Heads)
		w.Heads, w.Gone, w.Base, w.Sum = heads(d.heads), d.gone, base.Digest, reading.Digest
	}
	return w
}

// PlainDecodePush is [DecodePushSince].
func PlainDecodePush(data []byte, base Reading) (*memory.Push, error) {
	var w push
	if err := decode("push", data, MaxBody, &w); err != nil {
		return nil, err
	}
	ops, err := shipments(w.Ops)
	if err != nil {
		return nil, err
	}
	v, err := plainWhole(w.view, base)
	if err != nil {
		return nil, err
	}
	return &memory.Push{From: w.From, To: w.To, Created: timeOf(w.Created), Ops: ops, View: v}, w.address.check()
}

// PlainDecodePushReply is [DecodePushReplySince].
func PlainDecodePushReply(data []byte, base Reading) (*memory.PushReply, error) {
	var w pushReply
	if err := decode("push reply", data, MaxBody, &w); err != nil {
		return nil, err
	}
	v, err := plainWhole(w.view, base)
	if err != nil {
		return nil, err
	}
	v.Epoch = w.Epoch
	return &memory.PushReply{From: w.From, View: v, Refused: w.Refused, Time: timeOf(w.Time)}, first(w.envelope.check, w.check)
}

func plainWhole(v view, base Reading) (memory.View, error) {
	out := v.asIs()
	if v.Base == (memory.Digest{}) {
		return out, v.check()
	}
	if err := v.checkHeads(); err != nil {
		return out, err
	}
	if v.Base != base.Digest {
		return out, ErrOtherBase
	}
	d := plainDifference{memory.Heads(v.Heads), v.Gone}
	out.Heads = d.on(base.Heads)
	if ReadingOf(out.Heads).Digest != v.Sum || len(out.Heads) > MaxOrigins || !d.same(plainSince(out.Heads, base.Heads)) {
		return out, invalid("a difference that does not lead to the reading that is meant")
	}
	return out, nil
}

type plainDifference struct {
	heads memory.Heads
	gone  []memory.Origin
}

func plainSince(h, base memory.Heads) plainDifference {
	d := plainDifference{heads: memory.Heads{}}
	for o, head := range h {
		if was, known := base[o]; !known || !was.Equal(head) {
			d.heads[o] = head
		}
	}
	for o := range base {
		if _, still := h[o]; !still {
			d.gone = append(d.gone, o)
		}
	}
	slices.SortFunc(d.gone, compareText)
	return d
}

func (d plainDifference) on(base memory.Heads) memory.Heads {
	out := make(memory.Heads, len(base)+len(d.heads))
	maps.Copy(out, base)
	maps.Copy(out, d.heads)
	for _, o := range d.gone {
		delete(out, o)
	}
	return out
}

func (d plainDifference) same(other plainDifference) bool {
	return slices.Equal(d.gone, other.gone) && bytes.Equal(encodeHeads(d.heads), encodeHeads(other.heads))
}

// Doctored is the push of a difference that may be none: these heads, and these origins that
// are gone, and the digest of what comes of that.
func Doctored(all memory.Heads, gone []memory.Origin, base Reading) ([]byte, error) {
	v := viewOf(memory.View{Heads: all, LSN: 1})
	v.Gone, v.Base = gone, base.Digest
	v.Sum = ReadingOf(plainDifference{all, gone}.on(base.Heads)).Digest
	return encode("push", push{address: between("a", "b"), view: v}, MaxBody)
}

// ByHand reports whether data was read by hand, as a push or as a reply.
func ByHand(data []byte) bool {
	_, is := readPush(data)
	_, isReply := readPushReply(data)
	return is || isReply
}

// PutByHand reports whether the bytes of an entry are read by hand.
func PutByHand(raw []byte) bool {
	_, is := readPut(raw)
	return is
}

// Half is a number of 16 bits.
func Half(n uint16) float64 { return half(n) }
