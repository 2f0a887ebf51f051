package client

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
)

// Floats is a vector. It is written as base64 of little-endian float32, and read
// from that or from an array of numbers.
type Floats []float32

var errTexts = errors.New("want a string or an array of strings")

var errFloats = errors.New("want numbers, or base64 of little-endian float32")

// MarshalJSON writes base64.
func (f Floats) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 0, 4*len(f))
	for _, x := range f {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return json.Marshal(raw)
}

// UnmarshalJSON reads either form.
func (f *Floats) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		if json.Unmarshal(b, (*[]float32)(f)) != nil {
			return errFloats
		}
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(raw)%4 != 0 {
		return errFloats
	}
	*f = make(Floats, len(raw)/4)
	for i := range *f {
		(*f)[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}

// Texts is a list of texts, which may be written as one text.
type Texts []string

// UnmarshalJSON reads a text or an array of texts.
func (t *Texts) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Texts{s}
		return nil
	}
	if json.Unmarshal(b, (*[]string)(t)) != nil {
		return errTexts
	}
	return nil
}
