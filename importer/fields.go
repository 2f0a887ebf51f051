package importer

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fields is a JSON object of a source whose shape is not to be relied on.
type fields map[string]json.RawMessage

// objectOf reads raw as an object; nil if it is none.
func objectOf(raw []byte) fields {
	var f fields
	if json.Unmarshal(raw, &f) != nil {
		return nil
	}
	return f
}

// raw is f as JSON, its values byte for byte as they are.
func (f fields) raw() json.RawMessage {
	out := []byte{'{'}
	for i, key := range slices.Sorted(maps.Keys(f)) {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			continue // no text fails
		}
		out = append(append(append(out, name...), ':'), f[key]...)
	}
	return append(out, '}')
}

// has reports whether all of the names are there.
func (f fields) has(names ...string) bool {
	for _, n := range names {
		if _, ok := f[n]; !ok {
			return false
		}
	}
	return true
}

// text returns the first of the named fields that is a text or a number, and
// not empty.
func (f fields) text(names ...string) string {
	for _, n := range names {
		raw := f[n]
		if len(raw) == 0 {
			continue
		}
		var s string
		if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
			if strings.TrimSpace(s) != "" {
				return s
			}
		} else if c := raw[0]; c == '-' || c >= '0' && c <= '9' {
			return string(raw)
		}
	}
	return ""
}

// number returns a field that is a number, or a text of one.
func (f fields) number(name string) (float64, bool) {
	v, err := strconv.ParseFloat(f.text(name), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// object returns a field that is an object, or a text of one.
func (f fields) object(names ...string) fields {
	for _, n := range names {
		if o := objectOf(unquoted(f[n])); len(o) > 0 {
			return o
		}
	}
	return nil
}

// list returns the elements of a field that is an array, or a text of one.
func (f fields) list(names ...string) []json.RawMessage {
	for _, n := range names {
		var l []json.RawMessage
		if json.Unmarshal(unquoted(f[n]), &l) == nil && len(l) > 0 {
			return l
		}
	}
	return nil
}

// texts returns the first of the named fields that holds words: a list of texts
// or of objects with a name, or one text with commas.
func (f fields) texts(names ...string) []string {
	for _, n := range names {
		var out []string
		for _, raw := range f.list(n) {
			one := fields{"": raw}.text("")
			if one == "" {
				one = objectOf(raw).text("name", "title", "tag")
			}
			if one != "" {
				out = append(out, one)
			}
		}
		if len(out) > 0 {
			return out
		}
		if s := f.text(n); s != "" && !strings.HasPrefix(strings.TrimSpace(s), "[") {
			return strings.Split(s, ",")
		}
	}
	return nil
}

// unquoted returns what a text holds, where raw is one: databases keep JSON so.
func unquoted(raw json.RawMessage) []byte {
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return []byte(s)
	}
	return raw
}

// time returns the first of the named fields that is a point in time.
func (f fields) time(names ...string) time.Time {
	for _, n := range names {
		if t := moment(f.text(n)); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// moment reads a time in the forms that exports have: RFC 3339 with or without a
// zone (then UTC), with a space, a date, or the seconds or milliseconds since
// 1970. What is none of them is the zero time.
func moment(s string) time.Time {
	s = strings.TrimSpace(s)
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		const millis = 1e11 // as seconds that would be the year 5138
		if math.Abs(v) >= millis {
			v /= 1000
		}
		if v <= 0 || v > 9e9 {
			return time.Time{}
		}
		return time.UnixMicro(int64(math.Round(v * 1e6))).UTC()
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// compact returns raw without white space, or nil if it is no JSON.
func compact(raw []byte) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return nil
	}
	return b.Bytes()
}
