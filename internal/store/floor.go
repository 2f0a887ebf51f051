package store

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// A head says up to where all of an origin is held, also what was dropped since: the log does
// not say that any more. So whenever something is dropped of another node's, its number is noted
// beside the cursors of members, as that of this node: the floor; and if something is taken over
// by its head alone, that head. It has check digits. All above it that is held is in the log, so
// that of a head which is damaged the log and the floor say what it was.
//
// What this node has numbered itself is counted up to the last, whatever was dropped: the floor of
// an origin of its own only says which entries the log must have (holes.go), and has a key by which
// nobody takes it for what members hold.

const floorDigits = 15

// ownFloor begins the key of a floor of an origin of this node.
const ownFloor = "="

// mostEntries is beyond what any node has numbered: such a head is believed if it has its entry.
const mostEntries = 1 << (62 - floorDigits)

// floorOf is the number that is written for a floor.
func floorOf(head uint64) int64 {
	sum := crc32.ChecksumIEEE(binary.BigEndian.AppendUint64(nil, head))
	return int64(head<<floorDigits | uint64(sum&(1<<floorDigits-1)))
}

// readFloor is the inverse, and reports whether it is one.
func readFloor(n int64) (uint64, bool) {
	head := uint64(n) >> floorDigits
	return head, n > 0 && floorOf(head) == n
}

// floor notes the head of o, behind which nothing was dropped.
func (t *tx) floor(ctx context.Context, o *originState) error { return t.floorAt(ctx, o, o.head) }

// floorAt notes that an entry of o was dropped. If nothing was noted before, as by an older build,
// any up to the head may have been.
func (t *tx) floorAt(ctx context.Context, o *originState, seq uint64) error {
	if !o.floored {
		seq = o.head
	}
	if o.floored && seq <= o.floor || o.head >= mostEntries {
		return nil
	}
	o.floor, o.floored = seq, true
	key := string(o.name)
	if o.name.Node() == t.cfg.Node {
		key = ownFloor + key
	}
	return t.aside(ctx, sqlFloor, string(t.cfg.Node), key, floorOf(seq))
}

// sqlFloor writes the floor of an origin, as a cursor of this node.
const sqlFloor = `INSERT INTO cursors (member, origin, seq) VALUES (?,?,?) ON CONFLICT (member, origin) DO UPDATE SET seq = excluded.seq`

// floors are those that can be read, by their keys.
func (w *state) floors(ctx context.Context) (map[memory.Origin]uint64, error) {
	out := map[memory.Origin]uint64{}
	err := w.each(ctx, `SELECT origin, seq FROM cursors WHERE member = ?`, []any{string(w.cfg.Node)}, func(r rowScanner) error {
		var origin, seq any
		if err := r.Scan(&origin, &seq); err != nil {
			return err
		}
		name, _ := origin.(string)
		n, _ := seq.(int64)
		if head, is := readFloor(n); is {
			out[memory.Origin(name)] = head
		}
		return nil
	})
	return out, err
}

// loadFloors tells the origins of theirs.
func (w *state) loadFloors(ctx context.Context) error {
	floors, err := w.floors(ctx)
	for key, floor := range floors {
		name := memory.Origin(strings.TrimPrefix(string(key), ownFloor))
		if o := w.origins[name]; o != nil {
			o.floor, o.floored = floor, true
		}
	}
	return err
}

// sqlNamed tells whether there was an entry: it is in the log, or a row says that it holds a
// register.
const sqlNamed = `SELECT 1 FROM log WHERE origin = ?1 AND seq = ?2
	UNION ALL SELECT 1 FROM registers WHERE origin = ?1 AND seq = ?2
	UNION ALL SELECT 1 FROM memories WHERE c_origin = ?1 AND c_seq = ?2 OR l_origin = ?1 AND l_seq = ?2 LIMIT 1`

// misheaded are the origins whose head lies below its floor or, above it, where nothing is in
// the log, and no row names what was; without a floor, those which have come further than any can.
// It is asked at the start: later they are known.
func (w *state) misheaded(ctx context.Context) (ids []int64, err error) {
	if len(w.origins) > 0 {
		return nil, nil
	}
	floors, err := w.floors(ctx)
	if err != nil {
		return nil, err
	}
	heads := map[int64][2]uint64{}
	err = w.each(ctx, `SELECT id, name, head FROM origins`, nil, func(r rowScanner) error {
		var id int64
		var name, head any
		if err := r.Scan(&id, &name, &head); err != nil {
			return err
		}
		text, _ := name.(string)
		n, is := head.(int64)
		if floor, known := floors[memory.Origin(text)]; is && n >= 0 && (known || n >= mostEntries) {
			heads[id] = [2]uint64{uint64(n), floor}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for id, h := range heads {
		var one int
		there := h[0] == h[1]
		if h[0] > h[1] {
			if there, err = w.queryRow(ctx, sqlNamed, []any{id, int64(min(h[0], 1<<62))}, &one); err != nil {
				return nil, err
			}
		}
		if !there {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
