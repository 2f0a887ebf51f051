package store

import (
	"database/sql"

	"github.com/tallystick/tallystick/internal/memory"
)

// States of a log row; persisted.
const (
	stateApplied = 0
	stateParked  = 1
	stateHollow  = 2
)

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

// shipped is a shipment as it comes from the log.
type shipped struct {
	memory.Shipment
	state int
}

func scanShipment(row rowScanner, seq *uint64) (shipped, error) {
	var ship shipped
	var model sql.NullString
	var vector []byte
	if err := row.Scan(seq, &ship.state, &ship.Raw, &model, &vector); err != nil {
		return ship, err
	}
	if model.Valid {
		ship.Embedding = &memory.Embedding{Model: model.String, Vector: floats(vector)}
	}
	return ship, nil
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
