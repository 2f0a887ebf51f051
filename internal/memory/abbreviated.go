package memory

import "strings"

// Abbreviated tells the beginning of an id, which is marked by … or ... behind
// it, from a whole one.
func Abbreviated(id string) (prefix string, short bool) {
	for _, mark := range []string{"…", "..."} {
		if p, ok := strings.CutSuffix(id, mark); ok {
			return p, true
		}
	}
	return id, false
}

// BeginsUUID reports whether s can be the beginning of a UUID as text, in small
// letters (RFC 9562): nobody chose the rest of such an id, so that it is not
// another one's name that goes on.
func BeginsUUID(s string) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(s) > len(form) {
		return false
	}
	for i := range len(s) {
		if form[i] == '-' && s[i] != '-' || form[i] == 'x' && strings.IndexByte("0123456789abcdef", s[i]) < 0 {
			return false
		}
	}
	return true
}

// IsUUID reports whether s is a whole UUID as [BeginsUUID] means it.
func IsUUID(s string) bool { return len(s) == 36 && BeginsUUID(s) }
