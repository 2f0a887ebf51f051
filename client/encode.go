package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"unicode/utf8"
)

// encode is json.Marshal, but for texts that are not UTF-8: it would put another
// character in the place of what it cannot write, and the node would keep that.
func encode(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	if !replaced(raw) {
		return raw, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) == nil {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if replaced(fields[name]) {
				return nil, notUTF8(name)
			}
		}
	}
	return nil, notUTF8("the request")
}

// replaced reports whether encoding/json has put U+FFFD in the place of bytes: it
// escapes that, and writes one that was there as it is.
func replaced(raw []byte) bool {
	const mark = `\ufffd`
	for {
		at := bytes.Index(raw, []byte(mark))
		if at < 0 {
			return false
		}
		before := len(raw[:at]) - len(bytes.TrimRight(raw[:at], `\`))
		if before%2 == 0 { // else the backslash is itself escaped: the text has these six characters
			return true
		}
		raw = raw[at+len(mark):]
	}
}

// written is the text of a query, if it is UTF-8.
func written(query url.Values) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if slices.ContainsFunc(query[name], func(s string) bool { return !utf8.ValidString(s) }) {
			return "", notUTF8(name)
		}
	}
	return query.Encode(), nil
}

func notUTF8(what string) error {
	return &Error{Code: string(CodeInvalid), Message: what + ": not UTF-8; nothing was sent"}
}
