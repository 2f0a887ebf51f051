package verb

import (
	"reflect"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/client"
)

// composed brings the names in an input, at whatever depth, into Unicode's composed
// form: names of one look are one name, whatever program or file system they came from.
// Texts stay as they are, and so does what is signed.
func composed(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // all else has no names
	case reflect.Pointer:
		if !v.IsNil() {
			composed(v.Elem())
		}
	case reflect.Slice:
		if elem := v.Type().Elem().Kind(); elem == reflect.Struct || elem == reflect.Pointer {
			for i := range v.Len() {
				composed(v.Index(i))
			}
		}
	case reflect.Struct:
		if signed(v) {
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case !f.IsExported():
			case isName(f):
				compose(v.Field(i))
			default:
				composed(v.Field(i))
			}
		}
	}
}

// signed reports whether v is a draft that its author has signed.
func signed(v reflect.Value) bool {
	d, is := reflect.TypeAssert[client.Draft](v)
	return is && !unsigned(d.Signature)
}

// unsigned reports whether a draft's signature is none, but a word of how it stood.
func unsigned(signature string) bool {
	return slices.Contains([]string{"", client.SignatureValid, client.SignatureAbsent, client.SignatureInvalid}, signature)
}

// isName reports whether a field is a name: of a memory, a namespace, a tag or an entity.
func isName(f reflect.StructField) bool {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return slices.Contains([]string{
		"title", "namespace", "tags", "aliases", "alias", "canonical_name", "parent", "namespace_filter", "target_namespace", "prefix", "root",
	}, name)
}

// compose composes one name, or a list of them.
func compose(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // all else is no name
	case reflect.String:
		if s := v.String(); !norm.NFC.IsNormalString(s) {
			v.SetString(norm.NFC.String(s))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			compose(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			compose(v.Index(i))
		}
	}
}
