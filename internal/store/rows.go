package store

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tallystick/tallystick/internal/memory"
)

// rowScanner is the current row of a result.
type rowScanner interface{ Scan(dest ...any) error }

// scan calls fn for every row and closes rows.
func scan(rows *sql.Rows, err error, fn func(rowScanner) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // an error that matters is in rows.Err
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

var errStop = errors.New("stop")

func one[T any](list []T, err error, what string) (*T, error) {
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, fmt.Errorf("%s: %w", what, memory.ErrNotFound)
	}
	return &list[0], nil
}

// toDigest reads a stored digest; one that is missing or damaged is zero, which
// no entry has.
func toDigest(b []byte) memory.Digest {
	if len(b) != len(memory.Digest{}) {
		return memory.Digest{}
	}
	return memory.Digest(b)
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}
