package verb

import (
	"bytes"
	"encoding/json"
	"strings"

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
