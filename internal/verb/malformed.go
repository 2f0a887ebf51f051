package verb

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/tallystick/tallystick/client"
)

// malformed says where a body stops being JSON.
func malformed(body []byte, offset int64, why string) error {
	offset = min(max(offset, 0), int64(len(body)))
	head := body[:offset]
	line := 1 + bytes.Count(head, []byte{'\n'})
	column := len(head) - bytes.LastIndexByte(head, '\n') - 1
	return &Problem{Code: client.CodeMalformedJSON, Text: "malformed JSON body", Extra: map[string]any{
		"detail": "malformed JSON body: " + why, "offset": offset, "line": line, "column": column,
	}}
}

// halfSurrogate returns where a JSON text has an escape that is one half of a surrogate
// pair without the other, -1 if nowhere. Decoders take it for U+FFFD, and what somebody
// wrote would be another text.
func halfSurrogate(body []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(body[at:], '\\')
		if n < 0 {
			return -1
		}
		at += n
		r, is := escaped(body[at:])
		switch {
		case !is:
			at = min(at+2, len(body))
		case !utf16.IsSurrogate(r):
			at += 6
		default:
			low, _ := escaped(body[at+6:])
			if utf16.DecodeRune(r, low) == unicode.ReplacementChar {
				return at
			}
			at += 12
		}
	}
}

// escaped is the code unit that an escape at the beginning of b stands for.
func escaped(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}

func wrongType(e *json.UnmarshalTypeError) error {
	if e.Field == "" {
		return Bad("invalid request body: want %s, got %s", jsonType(e), e.Value)
	}
	return BadField(e.Field, "invalid request body: %s: want %s, got %s", e.Field, jsonType(e), e.Value)
}

// jsonType names what a field takes in the words of JSON.
func jsonType(e *json.UnmarshalTypeError) string {
	switch name := e.Type.String(); {
	case strings.HasPrefix(name, "int"):
		return "an integer"
	case strings.HasPrefix(name, "uint"):
		return "an integer of 0 or more"
	case strings.HasPrefix(name, "float"):
		return "a number"
	case name == "bool":
		return "true or false"
	case strings.HasPrefix(name, "[]"), strings.HasSuffix(name, ".Texts"):
		return "an array"
	case strings.HasPrefix(name, "map["), strings.HasPrefix(name, "client."):
		return "an object"
	}
	return "a string"
}
