package store

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// The row of the node has values that nothing else says, and of which a wrong one would be
// worse than none. What is none of its column, or cannot be, is put together of the other
// rows so that no number and no time is given out twice.

// How much further than the rows tell numbers of the log and of memories may have come.
const (
	lostEntries  = 1 << 32
	lostMemories = 1 << 16
)

// nodeMender sets its values right.
type nodeMender struct{ *state }

// nodeRow is the row as it lies there.
type nodeRow struct {
	name, origin, clock, lsn, rid, purge, round, changes any
}

// rectifyNode sets the row of the node right. There is none yet in a new database.
func (w *state) rectifyNode(ctx context.Context) error {
	if err := (nodeMender{w}).placeNode(ctx); err != nil {
		return err
	}
	var r nodeRow
	found, err := w.queryRow(ctx, `SELECT name, origin, clock, lsn, rid, purge, round, changes FROM node`, nil,
		&r.name, &r.origin, &r.clock, &r.lsn, &r.rid, &r.purge, &r.round, &r.changes)
	if err != nil {
		return err
	}
	if !found {
		var one int
		if found, err = w.queryRow(ctx, `SELECT 1 FROM origins UNION ALL SELECT 1 FROM log LIMIT 1`, nil, &one); found {
			err = fmt.Errorf("it does not say whose it is: %w: %s", memory.ErrDamaged, whatToDo)
		}
		return err
	}
	n := nodeMender{w}
	for _, mend := range []func(context.Context, *nodeRow) error{n.mendName, n.mendClock, n.mendLSN, n.mendRID, n.mendRest} {
		if err := mend(ctx, &r); err != nil {
			return err
		}
	}
	return nil
}

// placeNode gives the row its number. Of several it is the one that has it, or has come furthest.
func (w nodeMender) placeNode(ctx context.Context) error {
	var wrong, one int
	if found, err := w.queryRow(ctx, `SELECT 1 FROM node WHERE one <> 1`, nil, &wrong); err != nil || !found {
		return err
	}
	found, err := w.queryRow(ctx, `SELECT 1 FROM node WHERE one = 1`, nil, &one)
	if err == nil && !found {
		err = w.exec(ctx, `UPDATE node SET one = 1 WHERE one = (SELECT one FROM node ORDER BY lsn DESC LIMIT 1)`)
	}
	if err != nil {
		return err
	}
	return w.exec(ctx, `DELETE FROM node WHERE one <> 1`)
}

// rectifyNumbers sets right what this node numbers under, behind all origins.
func (w *state) rectifyNumbers(ctx context.Context) error {
	if w.own != nil { // it is known, and written with whatever is written next
		return nil
	}
	var r nodeRow
	if found, err := w.queryRow(ctx, `SELECT origin FROM node`, nil, &r.origin); err != nil || !found {
		return err
	}
	n := nodeMender{w}
	if err := n.mendOrigin(ctx, &r); err != nil {
		return err
	}
	return n.mendHead(ctx)
}

// mendNode writes a value of the row anew.
func (w nodeMender) mendNode(ctx context.Context, column string, value any) error {
	w.cfg.Log.WarnContext(ctx, "the row of this node is damaged on this disk, and is set right", "column", column)
	return w.exec(ctx, `UPDATE node SET `+column+` = ?`, value)
}

// mendName goes by what this node numbers under, if that is of the node that is to be started.
func (w nodeMender) mendName(ctx context.Context, r *nodeRow) error {
	name, is := r.name.(string)
	if is && memory.Node(name) == w.cfg.Node {
		return nil
	}
	var numbers []byte
	if id, ok := r.origin.(int64); ok {
		if _, err := w.queryRow(ctx, `SELECT CAST(name AS BLOB) FROM origins WHERE id = ?`, []any{id}, &numbers); err != nil {
			return err
		}
	}
	node := memory.Origin(numbers).Node()
	valid := is && memory.Node(name).Valid() == nil
	switch {
	case !valid && node == w.cfg.Node:
		return w.mendNode(ctx, "name", string(node))
	case valid && node != w.cfg.Node:
		return fmt.Errorf("this data directory belongs to node %q, not %q: start it with --node %s, or use another --data", name, w.cfg.Node, name)
	}
	return fmt.Errorf("it says that it is of node %q, and that it numbers under %q: %w: %s", r.name, numbers, memory.ErrDamaged, whatToDo)
}

// mendOrigin takes a new incarnation where nobody can tell which numbers this node gave out:
// under that it has given out none.
func (w nodeMender) mendOrigin(ctx context.Context, r *nodeRow) error {
	id, is := r.origin.(int64)
	if is {
		var name []byte
		found, err := w.queryRow(ctx, `SELECT CAST(name AS BLOB) FROM origins WHERE id = ?`, []any{id}, &name)
		if err != nil || found && (memory.Origin(name).Valid() != nil || memory.Origin(name).Node() == w.cfg.Node) {
			return err // a name that is none is looked after, too
		}
	}
	return w.renumber(ctx)
}

// renumber makes this node number under an origin that nobody has numbered under.
func (w nodeMender) renumber(ctx context.Context) error {
	name := memory.MakeOrigin(w.cfg.Node, newIncarnation(w.cfg.Clock.Wall()))
	w.taken = name
	if err := w.exec(ctx, `INSERT INTO origins (id, name, head) SELECT max(id) + 1, ?, 0 FROM origins`, string(name)); err != nil {
		return err
	}
	if err := w.exec(ctx, sqlFloor, string(w.cfg.Node), ownFloor+string(name), floorOf(0)); err != nil {
		return err
	}
	var id int64
	if _, err := w.queryRow(ctx, `SELECT max(id) FROM origins`, nil, &id); err != nil {
		return err
	}
	return w.mendNode(ctx, "origin", id)
}

// mendHead lowers the head of what this node numbers under, if that lies above all that it
// has logged and that members have told of. Nobody can tell then which numbers were given out.
// Where nothing of it is in the log, members send all of it again.
func (w nodeMender) mendHead(ctx context.Context) error {
	const known = `max(coalesce((SELECT max(l.seq) FROM log l WHERE l.origin = origins.id AND typeof(l.seq) = 'integer'), 0),
		coalesce((SELECT max(c.seq) FROM cursors c WHERE c.origin = origins.name AND typeof(c.seq) = 'integer'), 0))`
	const none = `NOT EXISTS (SELECT 1 FROM log l WHERE l.origin = origins.id)`
	var id int64
	found, err := w.queryRow(ctx, `SELECT id FROM origins WHERE id = (SELECT origin FROM node) AND typeof(head) = 'integer' AND head > `+known+`
		OR id = (SELECT origin FROM node) AND head > 0 AND `+none, nil, &id)
	if err != nil || !found {
		return err
	}
	if err := w.exec(ctx, `UPDATE origins SET chain = ?, head = CASE WHEN `+none+` THEN 0 ELSE `+known+` END WHERE id = ?`, []byte{}, id); err != nil {
		return err
	}
	return w.renumber(ctx)
}

// mendClock goes by the times that the rows have, and by the clock of the machine. Times that
// are ahead of both were never given out, and nobody would take what has them.
func (w nodeMender) mendClock(ctx context.Context, r *nodeRow) error {
	clock, is := r.clock.(int64)
	if is && clock >= 0 && memory.Stamp(clock) <= memory.MakeStamp(w.cfg.Clock.Wall().Add(time.Hour)) {
		return nil
	}
	last, err := w.lastStamp(ctx, r)
	if err != nil || is && clock >= 0 && memory.Stamp(clock) <= last {
		return err // the clock of the machine was ahead, or is behind
	}
	w.ahead = math.MaxUint64 // what is replaced is asked for its time
	return w.mendNode(ctx, "clock", int64(last))
}

// lastStamp is the highest stamp of the last entries of this node, as their bytes say it.
func (w nodeMender) lastStamp(ctx context.Context, r *nodeRow) (last memory.Stamp, err error) {
	id, is := r.origin.(int64)
	if !is {
		return 0, nil
	}
	err = w.each(ctx, `SELECT `+sqlSealedL+` FROM log l WHERE l.origin = ? ORDER BY l.seq DESC LIMIT 100`, []any{id}, func(row rowScanner) error {
		var u unsure
		if err := row.Scan(u.dest()...); err != nil {
			return err
		}
		x, _ := u.sealed()
		if e, _ := w.cfg.Codec.Decode(x.raw); e != nil && e.Digest == toDigest(x.digest) {
			last = max(last, e.Stamp)
		}
		return nil
	})
	return last, err
}

// mendLSN goes by the log, and by what points into it.
func (w nodeMender) mendLSN(ctx context.Context, r *nodeRow) error {
	var logged, named int64
	if _, err := w.queryRow(ctx, `SELECT coalesce(max(lsn), 0) FROM log`, nil, &logged); err != nil {
		return err
	}
	lsn, is := r.lsn.(int64)
	if is && lsn >= 0 && lsn-logged <= lostEntries {
		return nil
	}
	for _, q := range []string{
		`SELECT coalesce(max(c_lsn), 0) FROM memories WHERE typeof(c_lsn) = 'integer' AND c_lsn <= ?`,
		`SELECT coalesce(max(l_lsn), 0) FROM memories WHERE typeof(l_lsn) = 'integer' AND l_lsn <= ?`,
		`SELECT coalesce(max(lsn), 0) FROM registers WHERE typeof(lsn) = 'integer' AND lsn <= ?`,
		`SELECT coalesce(max(lsn), 0) FROM webhooks WHERE typeof(lsn) = 'integer' AND lsn <= ?`,
	} {
		if _, err := w.queryRow(ctx, q, []any{logged + lostEntries}, &named); err != nil {
			return err
		}
		logged = max(logged, named)
	}
	return w.mendNode(ctx, "lsn", logged)
}

// mendRID goes by the memories, and by the entries that are about them: a number that is far
// beyond would take memory for all that lie below.
func (w nodeMender) mendRID(ctx context.Context, r *nodeRow) error {
	var there, named int64
	if _, err := w.queryRow(ctx, `SELECT coalesce(max(rid), 0) FROM memories`, nil, &there); err != nil {
		return err
	}
	rid, is := r.rid.(int64)
	if is && rid >= 0 && rid-there <= lostMemories {
		return nil
	}
	if _, err := w.queryRow(ctx, `SELECT coalesce(max(record), 0) FROM log WHERE typeof(record) = 'integer' AND record <= ?`, []any{math.MaxUint32}, &named); err != nil {
		return err
	}
	there = max(there, named)
	if is && rid >= 0 && rid-there <= lostMemories {
		return nil
	}
	return w.mendNode(ctx, "rid", there)
}

// mendRest sets right what can do without: what was erased is looked for once more, and the
// sums are added up from the rows when the writer runs.
func (w nodeMender) mendRest(ctx context.Context, r *nodeRow) error {
	if purge, is := r.purge.(int64); !is || purge < 0 || purge > 1 {
		if err := w.mendNode(ctx, "purge", 1); err != nil {
			return err
		}
	}
	if _, is := r.changes.([]byte); !is {
		w.damage.unsound.note()
		if err := w.mendNode(ctx, "changes", []byte{}); err != nil {
			return err
		}
	}
	if round, is := r.round.(int64); is && round >= 0 && round < math.MaxInt64/2 {
		return nil
	}
	var last int64
	if _, err := w.queryRow(ctx, `SELECT coalesce(max(round), 0) FROM sum_changes WHERE typeof(round) = 'integer' AND round BETWEEN 0 AND ?`, []any{math.MaxInt64 / 2}, &last); err != nil {
		return err
	}
	w.damage.unsound.note()
	if err := w.mendNode(ctx, "changes", []byte{}); err != nil {
		return err
	}
	return w.mendNode(ctx, "round", last+1)
}
