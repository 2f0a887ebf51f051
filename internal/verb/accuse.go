package verb

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

// accuse names the field that is to blame for an invalid input where what refused it
// knows a value, and not as which field it came: a rule about ids holds for each of the
// fields that have one. The field is the one whose value the refusal tells.
func (a *arguments) accuse(err error, in any, caller memory.AgentID) error {
	p := ProblemOf(err, caller)
	if p.Code != client.CodeInvalid || len(p.Fields) > 0 || p.Exact {
		return err
	}
	v := reflect.ValueOf(in).Elem()
	for i := range a.fields {
		f := &a.fields[i]
		if f.in == inHeader || !told(p.Text, v.FieldByIndex(f.index)) {
			continue
		}
		accused := *p
		accused.Fields = []string{f.name}
		if !strings.HasPrefix(p.Text, f.name) {
			accused.Text = f.name + ": " + strings.TrimPrefix(p.Text, "id: ")
		}
		return &accused
	}
	return err
}

// told reports whether a text about an invalid value is about v: it quotes it, or says
// how long it is, or that it is empty.
func told(text string, v reflect.Value) bool {
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		var s string
		return json.Unmarshal(v.Bytes(), &s) == nil && told(text, reflect.ValueOf(s))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		for i := range v.Len() {
			if told(text, v.Index(i)) {
				return true
			}
		}
		return false
	case v.Kind() != reflect.String:
		return false
	}
	const shown = 40 // long values are quoted in part
	s := v.String()
	quoted := strconv.Quote(s)
	switch size := len(s); {
	case strings.TrimSpace(s) == "":
		return s != "" && strings.Contains(text, "must not be empty") || s != "" && strings.Contains(text, quoted)
	case size <= shown:
		return strings.Contains(text, quoted)
	default:
		return strings.Contains(text, quoted[:shown]) || strings.Contains(text, " "+strconv.Itoa(size)+" bytes") ||
			strings.Contains(text, " "+strconv.Itoa(utf8.RuneCountInString(s))+" characters")
	}
}
