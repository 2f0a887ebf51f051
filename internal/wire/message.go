package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// envelope is what every message begins with.
type envelope struct {
	V    uint64      `cbor:"v"`
	From memory.Node `cbor:"from"`
}

// address is the envelope of a request.
type address struct {
	envelope
	To memory.Node `cbor:"to"`
}

func sender(from memory.Node) envelope { return envelope{V: Version, From: from} }

func between(from, to memory.Node) address { return address{envelope: sender(from), To: to} }

func (e envelope) check() error {
	if e.V != Version {
		return invalid("protocol version %d, want %d", e.V, Version)
	}
	return e.From.Valid()
}

func (a address) check() error {
	if err := a.envelope.check(); err != nil {
		return err
	}
	return a.To.Valid()
}

// view is a [memory.View] as part of a message. With a base its heads are those that
// differ from the heads of the base.
type view struct {
	Heads heads         `cbor:"heads"`
	Root  memory.Digest `cbor:"root"`
	LSN   uint64        `cbor:"lsn"`
	Epoch uint64        `cbor:"epoch,omitempty"`

	Base memory.Digest   `cbor:"base,omitzero"`  // of the reading that Heads differ from
	Sum  memory.Digest   `cbor:"sum,omitzero"`   // of the whole reading; with a base
	Gone []memory.Origin `cbor:"gone,omitempty"` // that the base has, and the reading has not

	read *difference // in the place of Heads, if a difference was read by hand
}

func viewOf(v memory.View) view {
	return view{Heads: heads(v.Heads), Root: v.Root, LSN: v.LSN, Epoch: v.Epoch}
}

// asIs is the view whose heads are those of v: all, if v has no base.
func (v view) asIs() memory.View {
	return memory.View{Heads: memory.Heads(v.Heads), Root: v.Root, LSN: v.LSN, Epoch: v.Epoch}
}

// Known finds a reading by its digest.
type Known func(memory.Digest) (Reading, bool)

// ErrOtherBase says that a message has heads as a difference to a reading that is not known here.
var ErrOtherBase = fmt.Errorf("a difference to a reading that is not known: %w", memory.ErrInvalid)

// whole returns the view that v says, and, if its heads are a difference, the reading that
// comes of it. It fails if that is to what is not known, or does not lead to the reading
// that the sender means.
func (v view) whole(known Known) (memory.View, Reading, error) {
	out := v.asIs()
	if v.Base == (memory.Digest{}) {
		return out, Reading{}, v.check()
	}
	base, ok := Reading{}, false
	if known != nil {
		base, ok = known(v.Base)
	}
	if !ok {
		return out, Reading{}, first(v.checkHeads, func() error { return ErrOtherBase })
	}
	d := v.read
	if d == nil {
		d = &difference{encoded: encodedOf(memory.Heads(v.Heads))}
		for _, o := range d.names {
			d.heads = append(d.heads, v.Heads[o])
		}
	}
	d.gone = v.Gone
	reading, err := d.on(&base)
	if err == nil && (reading.Digest != v.Sum || len(reading.Heads) > MaxOrigins) {
		err = noDifference()
	}
	if err != nil {
		return out, Reading{}, err
	}
	out.Heads = reading.Heads
	return out, reading, nil
}

// check is for messages that have no base: their heads are whole.
func (v view) check() error {
	if v.Base != (memory.Digest{}) || v.Sum != (memory.Digest{}) || len(v.Gone) > 0 {
		return invalid("a difference where heads are whole")
	}
	return v.checkHeads()
}

func (v view) checkHeads() error {
	if len(v.Heads) > MaxOrigins {
		return invalid("heads of %d origins, limit %d", len(v.Heads), MaxOrigins)
	}
	all := memory.Heads(v.Heads)
	if v.read != nil {
		all = v.read.whole()
	}
	for o, h := range all {
		if err := o.Valid(); err != nil {
			return err
		}
		if err := checkHead(h); err != nil {
			return fmt.Errorf("head of %s: %w", o, err)
		}
	}
	return nil
}

func checkHead(h memory.Head) error {
	if h.Seq > maxSeq || len(h.Gaps) > MaxGaps {
		return invalid("seq %d with %d gaps", h.Seq, len(h.Gaps))
	}
	var last uint64
	for _, g := range h.Gaps {
		if g <= last || g > h.Seq {
			return invalid("gap %d after %d, below seq %d", g, last, h.Seq)
		}
		last = g
	}
	return nil
}

// shipment is a [memory.Shipment] as part of a message: its bytes as they are.
type shipment struct {
	Raw       []byte     `cbor:"1,keyasint"`
	Embedding *embedding `cbor:"2,keyasint,omitempty"`
}

// embedding has its vector as IEEE 754 binary32, little-endian, in one string.
type embedding struct {
	Model  string `cbor:"1,keyasint"`
	Vector []byte `cbor:"2,keyasint"`
}

// roomForOps is what ops and embeddings may fill of a message. Heads have the rest.
const roomForOps = MaxBody - 256<<10

// shipmentsOf leaves out embeddings that no decoder would take, or for which a
// message has no room: they are derived data, and rebuilt where they are missing.
func shipmentsOf(ops []memory.Shipment) []shipment {
	out := make([]shipment, len(ops))
	room := roomForOps
	for i, op := range ops {
		out[i].Raw = op.Raw
		room -= len(op.Raw) + opOverhead
	}
	for i, op := range ops {
		e := op.Embedding
		if e == nil || e.Model == "" || len(e.Model) > memory.MaxID || len(e.Vector) == 0 || len(e.Vector) > memory.MaxDims {
			continue
		}
		if room -= len(e.Model) + 4*len(e.Vector); room < 0 {
			break
		}
		vector := make([]byte, 0, 4*len(e.Vector))
		for _, f := range e.Vector {
			vector = binary.LittleEndian.AppendUint32(vector, math.Float32bits(f))
		}
		out[i].Embedding = &embedding{Model: e.Model, Vector: vector}
	}
	return out
}

// fitting returns how many of ops, from the first on, one message has room for:
// at least one, if there are any.
func fitting(ops []memory.Shipment) int {
	var n, size int
	for n < len(ops) && n < MaxOps {
		size += opOverhead + len(ops[n].Raw)
		if e := ops[n].Embedding; e != nil {
			size += len(e.Model) + 4*len(e.Vector)
		}
		if size > roomForOps && n > 0 {
			break
		}
		n++
	}
	return n
}

// opOverhead is more than what an op takes in a message beside its bytes and
// those of its embedding.
const opOverhead = 32

func shipments(in []shipment) ([]memory.Shipment, error) {
	if err := checkShipments(in); err != nil || len(in) == 0 {
		return nil, err
	}
	out := make([]memory.Shipment, len(in))
	for i, s := range in {
		out[i].Raw = s.Raw
		if e := s.Embedding; e != nil {
			vector := make([]float32, len(e.Vector)/4)
			for j := range vector {
				vector[j] = math.Float32frombits(binary.LittleEndian.Uint32(e.Vector[4*j:]))
			}
			out[i].Embedding = &memory.Embedding{Model: e.Model, Vector: vector}
		}
	}
	return out, nil
}

func checkShipments(in []shipment) error {
	if len(in) > MaxOps {
		return invalid("%d ops, limit %d", len(in), MaxOps)
	}
	for i, s := range in {
		if len(s.Raw) == 0 || len(s.Raw) > MaxEntry {
			return invalid("op %d: %d bytes, want 1 to %d", i, len(s.Raw), MaxEntry)
		}
		e := s.Embedding
		if e == nil {
			continue
		}
		if n := len(e.Vector); e.Model == "" || len(e.Model) > memory.MaxID || n == 0 || n%4 != 0 || n > 4*memory.MaxDims {
			return invalid("op %d: embedding of %d bytes by %.20q", i, n, e.Model)
		}
	}
	return nil
}

// instant is a time in nanoseconds since 1970; 0 is none.
func instant(t time.Time) memory.Instant {
	if t.IsZero() {
		return 0
	}
	return memory.InstantOf(t)
}

func timeOf(i memory.Instant) time.Time {
	if i == 0 {
		return time.Time{}
	}
	return i.Time()
}
