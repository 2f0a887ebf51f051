package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// canonical returns the bytes that a real node writes for v, whose structs have
// their fields in the order of their keys.
func canonical(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return unescape(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}

// unescape writes the two line separators as they are, which the standard library
// escapes whatever it is told.
func unescape(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\u202`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch rest := b[i:]; {
		case bytes.HasPrefix(rest, []byte(`\u2028`)):
			out = append(out, "\u2028"...)
			i += 5
		case bytes.HasPrefix(rest, []byte(`\u2029`)):
			out = append(out, "\u2029"...)
			i += 5
		case b[i] == '\\':
			out = append(out, b[i], b[i+1]) // JSON has a character behind every backslash
			i++
		default:
			out = append(out, b[i])
		}
	}
	return out
}

// MarshalJSON sorts the keys of the metadata.
func (m Memory) MarshalJSON() ([]byte, error) {
	type plain Memory
	p := plain(m)
	var err error
	if p.Metadata, err = Sorted(m.Metadata); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return canonical(&p)
}

// MarshalJSON sorts the keys of the payload.
func (p Pending) MarshalJSON() ([]byte, error) {
	type plain Pending
	q := plain(p)
	if q.Approvals == nil {
		q.Approvals = []Approval{}
	}
	var err error
	if q.Payload, err = Sorted(p.Payload); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	return canonical(&q)
}

// Sorted returns a JSON text with the keys of all objects in order, and numbers as
// they are.
func Sorted(raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return []byte("null"), nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return canonical(v)
}

// Float is a number that real nodes write with a fraction: 1.0, not 1.
type Float float64

// MarshalJSON returns the shortest text that reads back as f.
func (f Float) MarshalJSON() ([]byte, error) {
	v := float64(f)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("%v has no JSON form", v)
	}
	if a := math.Abs(v); a != 0 && (a < 1e-5 || a >= 1e16) {
		s := strconv.FormatFloat(v, 'e', -1, 64)
		mantissa, exponent, _ := strings.Cut(s, "e")
		sign, digits := "", strings.TrimLeft(exponent, "+-0")
		if exponent[0] == '-' {
			sign = "-"
		}
		return []byte(mantissa + "e" + sign + digits), nil
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return []byte(s), nil
}

// UnmarshalJSON refuses null: that is how what is no number is written.
func (f *Float) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return errors.New("invalid type: null, expected f64")
	}
	var v float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*f = Float(v)
	return nil
}

// Bytes are written as an array of numbers.
type Bytes []byte

// MarshalJSON returns an array of numbers.
func (b Bytes) MarshalJSON() ([]byte, error) {
	list := make([]uint16, len(b))
	for i, c := range b {
		list[i] = uint16(c)
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads an array of numbers, or null.
func (b *Bytes) UnmarshalJSON(raw []byte) error {
	var list []uint16
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	*b = nil
	for _, n := range list {
		if n > math.MaxUint8 {
			return fmt.Errorf("invalid value: integer `%d`, expected u8", n)
		}
		*b = append(*b, byte(n))
	}
	return nil
}
