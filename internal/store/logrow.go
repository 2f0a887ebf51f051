package store

import (
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// States of a log row; persisted.
const (
	stateApplied = 0
	stateParked  = 1
	stateHollow  = 2
	stateDamaged = 3 // applied, and its bytes are not what they were
)

// whyLost is why an entry was refused of which that is damaged.
const whyLost = "why it was refused is lost on this disk"

// logRow is a row of the log.
type logRow struct {
	lsn, origin, seq int64
	kind             memory.Kind
	state            int // stateApplied …
	seen             bool
	record, older    int64
	digest           memory.Digest
	raw              []byte
}

const sqlInsertLog = `INSERT INTO log (lsn, origin, seq, kind, state, seen, record, older, digest, raw) VALUES `

// columns are the values of sqlInsertLog. Embeddings are kept beside the log.
func (r logRow) columns() []any {
	return []any{r.lsn, r.origin, r.seq, r.kind, r.state, r.seen, r.record, r.older, r.digest[:], r.raw}
}

// shipped is a shipment as it comes from the log. Entry is nil, or has only a
// header, where this program cannot read it.
type shipped struct {
	memory.Shipment
	entry *memory.Entry
	state int
}

// sqlShipped selects what scanShipment reads of log rows l.
const sqlShipped = `SELECT l.lsn, ` + sqlSealedL + `, e.model, e.vector FROM log l LEFT JOIN embeddings e ON e.record = l.record AND e.lsn = l.lsn `

// scanShipment reads a row of sqlShipped. It is memory.ErrDamaged if its bytes
// must not be sent.
func (s *base) scanShipment(row rowScanner) (ship shipped, lsn uint64, seq uint64, err error) {
	var x sealed
	var model sql.NullString
	var vector []byte
	if err := row.Scan(append(append([]any{&lsn}, x.dest()...), &model, &vector)...); err != nil {
		return ship, 0, 0, err
	}
	seq = uint64(x.seq)
	if ship, err = s.ship(x); err != nil || !model.Valid {
		return ship, lsn, seq, err
	}
	// A vector has no digest. It was kept at length one; what is not so any more is damaged.
	v := &memory.Embedding{Model: model.String, Vector: floats(vector)}
	if whole, bad := v.Normal(); bad == nil && whole == v {
		ship.Embedding = v
	}
	return ship, lsn, seq, nil
}

// ship makes a shipment of an entry, or is memory.ErrDamaged.
func (s *base) ship(x sealed) (shipped, error) {
	entry, err := s.open(x)
	if errors.Is(err, memory.ErrDamaged) {
		return shipped{}, err
	}
	return shipped{Shipment: memory.Shipment{Raw: x.raw}, entry: entry, state: x.state}, nil
}

func shipSize(s memory.Shipment) int {
	return len(s.Raw) + 16 + embeddingBytes(s.Embedding)
}

func embeddingBytes(e *memory.Embedding) int {
	if e == nil {
		return 0
	}
	return 4*len(e.Vector) + len(e.Model)
}
