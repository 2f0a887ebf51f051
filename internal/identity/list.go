package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tallystick/tallystick/internal/memory"
)

// MaxList is how large the file of a [List] may be.
const MaxList = 64 << 20

// List keeps records in one JSON file of mode 0600, which is replaced whole.
type List[T any] struct{ Path string }

// Load returns the records; none if there is no file.
func (l List[T]) Load() ([]T, error) {
	data, err := ReadPrivate(l.Path, MaxList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := DecodeList[T](data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Path, err)
	}
	return out, nil
}

// DecodeList reads the text of a list. Fields that nobody knows are an error: they
// may be limits.
func DecodeList[T any](data []byte) ([]T, error) {
	var out []T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("list: %w: %w", err, memory.ErrInvalid)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("list: something behind it: %w", memory.ErrInvalid)
	}
	return out, nil
}

// Save replaces the records. It returns when they are on the disk.
func (l List[T]) Save(records []T) error {
	data, err := json.MarshalIndent(records, "", "  ")
	if err != nil {
		return err
	}
	return WritePrivate(l.Path, append(data, '\n'))
}
