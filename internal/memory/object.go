package memory

import (
	"encoding/json"
	"fmt"
	"maps"
)

// With returns a copy of o in which key is v. Keys come out sorted. An o that is
// not an object, or a v that has no JSON form, is [ErrInvalid].
func (o Object) With(key string, v any) (Object, error) {
	return o.WithAll(map[string]any{key: v})
}

// WithAll is With for several keys.
func (o Object) WithAll(more map[string]any) (Object, error) {
	m, err := o.keys()
	if err != nil {
		return nil, err
	}
	for key, v := range more {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("metadata: %w: %w", err, ErrInvalid)
		}
		m[key] = raw
	}
	return json.Marshal(m)
}

// Over returns o with the keys of below that it has not itself.
func (o Object) Over(below Object) (Object, error) {
	m, err := below.keys()
	if err != nil || len(m) == 0 {
		return o, err
	}
	mine, err := o.keys()
	if err != nil {
		return nil, err
	}
	maps.Copy(m, mine)
	return json.Marshal(m)
}

// Without returns o without some keys: o itself if it has none of them, nil if
// nothing is left.
func (o Object) Without(keys ...string) (Object, error) {
	m, err := o.keys()
	if err != nil {
		return nil, err
	}
	n := len(m)
	for _, key := range keys {
		delete(m, key)
	}
	switch len(m) {
	case 0:
		return nil, nil
	case n:
		return o, nil
	}
	return json.Marshal(m)
}

func (o Object) keys() (map[string]json.RawMessage, error) {
	m := map[string]json.RawMessage{}
	if len(o) == 0 {
		return m, nil
	}
	if err := json.Unmarshal(o, &m); err != nil {
		return nil, fmt.Errorf("metadata: %w: %w", err, ErrInvalid)
	}
	return m, nil
}
