package wire

import (
	"math"

	"github.com/tallystick/tallystick/internal/memory"
)

// Pushes and their replies are most of what members say to each other. So they are written
// by hand, to the bytes that the codec would write, and read by hand if they are as they
// should be: of what is not, the codec says what is wrong with it.

// writer writes a message that has a view.
type writer struct {
	b       []byte
	view    memory.View
	reading Reading         // its heads; none: they are not known as one
	base    Reading         // none: all heads are written
	changed []int           // heads of reading that base has not, or has otherwise
	left    []memory.Origin // that only base has
	ofView  int             // how many fields the view has here, but for the epoch that is always there
}

func writing(v memory.View, reading, base Reading, size int) *writer {
	const lsnRootHeads, others = 3, 256
	w := &writer{view: v, reading: reading, base: base, ofView: lsnRootHeads}
	switch {
	case !base.IsZero():
		w.changed, w.left = reading.since(&base.encoded)
		if w.ofView += 2; len(w.left) > 0 {
			w.ofView++
		}
		size += aboutHead * len(w.left)
		for _, i := range w.changed {
			size += len(reading.at(i))
		}
	case !reading.IsZero():
		size += len(reading.code)
	default:
		size += aboutHead * len(v.Heads)
	}
	w.b = make([]byte, 0, size+others)
	return w
}

// fields begins the message.
func (w *writer) fields(n int) { w.b = appendItem(w.b, majorMap, uint64(n)) }

func (w *writer) key(name string) *writer {
	w.text(name)
	return w
}

func (w *writer) text(s string)  { w.b = appendText(w.b, s) }
func (w *writer) bytes(s []byte) { w.b = appendBytes(w.b, s) }
func (w *writer) uint(n uint64)  { w.b = appendItem(w.b, majorUint, n) }
func (w *writer) yes()           { w.b = append(w.b, simpleTrue) }

func (w *writer) int(n int64) {
	if n < 0 {
		w.b = appendItem(w.b, majorNegative, uint64(^n))
		return
	}
	w.uint(uint64(n))
}

// bases says what the heads differ from, and lead to, if they are a difference.
func (w *writer) bases() {
	if !w.base.IsZero() {
		w.key("sum").bytes(w.reading.Digest[:])
		w.key("base").bytes(w.base.Digest[:])
	}
}

func (w *writer) gone() {
	if len(w.left) == 0 {
		return
	}
	w.key("gone")
	w.b = appendItem(w.b, majorArray, uint64(len(w.left)))
	for _, o := range w.left {
		w.text(string(o))
	}
}

func (w *writer) heads() {
	w.key("heads")
	switch {
	case !w.base.IsZero():
		w.b = appendItem(w.b, majorMap, uint64(len(w.changed)))
		for _, i := range w.changed {
			w.b = append(w.b, w.reading.at(i)...)
		}
	case !w.reading.IsZero():
		w.b = w.reading.append(w.b)
	default:
		w.b = append(w.b, encodeHeads(w.view.Heads)...)
	}
}

func (w *writer) ops(ops []shipment) {
	w.b = appendItem(w.b, majorArray, uint64(len(ops)))
	for _, op := range ops {
		if op.Embedding == nil {
			w.b = append(w.b, majorMap|1, 1)
			w.bytes(op.Raw)
			continue
		}
		w.b = append(w.b, majorMap|2, 1)
		w.bytes(op.Raw)
		w.b = append(w.b, 2, majorMap|2, 1)
		w.text(op.Embedding.Model)
		w.b = append(w.b, 2)
		w.bytes(op.Embedding.Vector)
	}
}

// sizeOf is what ops take, at most.
func sizeOf(ops []shipment) (n int) {
	for _, op := range ops {
		n += opOverhead + len(op.Raw)
		if op.Embedding != nil {
			n += len(op.Embedding.Model) + len(op.Embedding.Vector)
		}
	}
	return n
}

// aboutRefusal is what most refusals take at most, in bytes.
const aboutRefusal = 256

func (w *writer) refusals(all []memory.Refusal) {
	w.b = appendItem(w.b, majorArray, uint64(len(all)))
	for _, no := range all {
		w.b = append(w.b, majorMap|3, 1, majorMap|2, 1)
		w.text(string(no.Dot.Origin))
		w.b = append(w.b, 2)
		w.uint(no.Dot.Seq)
		w.b = append(w.b, 2)
		w.text(no.Code)
		w.b = append(w.b, 3)
		w.text(cut(no.Text, maxText))
	}
}

func (w *writer) done(what string) ([]byte, error) {
	if len(w.b) > MaxBody {
		return nil, invalid("encode %s: %d bytes, limit %d", what, len(w.b), MaxBody)
	}
	return w.b, nil
}

// readPush reads the bytes of a push, and of nothing else.
func readPush(data []byte) (w push, is bool) {
	r := begin(data, "v")
	w.V = r.item(majorUint)
	w.To = memory.Node(r.field("to").text())
	w.LSN = r.field("lsn").item(majorUint)
	w.Ops = r.field("ops").ops()
	r.bases(&w.view)
	w.From = memory.Node(r.field("from").text())
	r.gone(&w.view)
	copy(w.Root[:], r.field("root").sized(len(w.Root)))
	if r.has("epoch") {
		w.Epoch = r.some()
	}
	r.field("heads").heads(&w.view)
	w.Created = r.field("created").instant()
	return w, r.ended()
}

// readPushReply reads the bytes of the reply to a push, and of nothing else.
func readPushReply(data []byte) (w pushReply, is bool) {
	r := begin(data, "v")
	w.V = r.item(majorUint)
	w.LSN = r.field("lsn").item(majorUint)
	r.bases(&w.view)
	w.From = memory.Node(r.field("from").text())
	r.gone(&w.view)
	copy(w.Root[:], r.field("root").sized(len(w.Root)))
	w.Time = r.field("time").instant()
	w.Epoch = r.field("epoch").item(majorUint)
	r.field("heads").heads(&w.view)
	w.Durable = r.field("durable").next(simpleTrue)
	w.Refused = r.field("refused").refusals()
	return w, r.ended() && w.Durable
}

// message reads a map by its keys, in their order.
type message struct {
	items
	left int // fields that were not read
}

// begin reads the start of a message, up to the value of its first field.
func begin(data []byte, first string) *message {
	const most = 16
	r := &message{items: items{rest: data}}
	if len(data) > MaxBody {
		r.fail()
	}
	r.left = r.count(majorMap, most)
	return r.field(first)
}

// has reads a key, if it comes next.
func (r *message) has(key string) bool {
	n := len(key) + 1
	if r.bad || r.left == 0 || len(r.rest) < n || r.rest[0] != majorText|byte(len(key)) || string(r.rest[1:n]) != key {
		return false
	}
	r.rest = r.rest[n:]
	r.left--
	return true
}

// field reads a key that must come next.
func (r *message) field(key string) *message {
	if !r.has(key) {
		r.fail()
	}
	return r
}

func (r *message) ended() bool { return !r.bad && r.left == 0 && len(r.rest) == 0 }

func (r *message) bases(v *view) {
	if !r.has("sum") {
		return
	}
	copy(v.Sum[:], r.sized(len(v.Sum)))
	copy(v.Base[:], r.field("base").sized(len(v.Base)))
	if v.Sum == (memory.Digest{}) || v.Base == (memory.Digest{}) {
		r.fail()
	}
}

func (r *message) gone(v *view) {
	if !r.has("gone") {
		return
	}
	n := r.count(majorArray, MaxOrigins)
	for range n {
		v.Gone = append(v.Gone, memory.Origin(r.text()))
	}
	if n == 0 {
		r.fail()
	}
}

// heads reads heads, of which the base is known already.
func (r *message) heads(v *view) {
	v.read = &difference{}
	if v.read.read(&r.items); !r.bad && v.Base == (memory.Digest{}) {
		v.Heads, v.read = heads(v.read.whole()), nil
	}
}

func (r *message) ops() []shipment {
	out := make([]shipment, r.count(majorArray, MaxOps))
	for i := range out {
		fields := r.count(majorMap, 2)
		if fields == 0 || !r.next(1) {
			r.fail()
		}
		out[i].Raw = r.own()
		if fields == 2 {
			out[i].Embedding = r.embedding()
		}
	}
	return out
}

func (r *message) embedding() *embedding {
	e := &embedding{}
	if !r.next(2) || r.count(majorMap, 2) != 2 || !r.next(1) {
		r.fail()
	}
	if e.Model = r.text(); !r.next(2) {
		r.fail()
	}
	e.Vector = r.own()
	return e
}

func (r *message) refusals() []memory.Refusal {
	out := make([]memory.Refusal, r.count(majorArray, MaxOps))
	for i := range out {
		no := &out[i]
		if r.count(majorMap, 3) != 3 || !r.next(1) || r.count(majorMap, 2) != 2 || !r.next(1) {
			r.fail()
		}
		if no.Dot.Origin = memory.Origin(r.text()); !r.next(2) {
			r.fail()
		}
		if no.Dot.Seq = r.item(majorUint); !r.next(2) {
			r.fail()
		}
		if no.Code = r.text(); !r.next(3) {
			r.fail()
		}
		no.Text = r.text()
	}
	return out
}

// own reads a string of bytes, and copies it.
func (r *items) own() []byte {
	b := r.bytes(majorBytes)
	return append(make([]byte, 0, len(b)), b...)
}

// some reads a number that would not be there if it were 0.
func (r *items) some() uint64 {
	n := r.item(majorUint)
	if n == 0 {
		r.fail()
	}
	return n
}

// instant reads a time after 1970.
func (r *items) instant() memory.Instant {
	n := r.item(majorUint)
	if n > math.MaxInt64 {
		r.fail()
	}
	return memory.Instant(n)
}
