package screen

import (
	"regexp"
	"strings"
)

// lively accepts what is random enough: an example of the letter x is none.
func lively(bits float64) func(string) bool {
	return func(s string) bool { return entropy(s) >= bits && !placeholder(s) }
}

// mixed accepts what is random, has digits and letters as made-up names have not,
// and is none of the things that look so and are no secrets.
func mixed(bits float64) func(string) bool {
	uuid := regexp.MustCompile(`(?i)^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	return func(s string) bool {
		s = strings.TrimRight(s, ".!?:;)")
		return digits(s) >= 2 && letters(s) >= 2 && entropy(s) >= bits && !placeholder(s) && !uuid.MatchString(s) && !spoken(s) && !path(s)
	}
}

// unspoken accepts what is no placeholder.
func unspoken(bits float64) func(string) bool {
	return func(s string) bool { return entropy(s) >= bits && !placeholder(s) }
}

// strange accepts passwords: what no sentence has after "password is".
func strange(s string) bool {
	s = strings.TrimRight(s, ".!?:;)")
	odd := strings.ContainsAny(s, "!@#$%^&*+=~?|")
	return len(s) >= 6 && (digits(s) > 0 || odd) && letters(s)+digits(s) >= 3 && letters(s) > 0 && !placeholder(s) && !path(s) && !call(s)
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

func letters(s string) int {
	n := 0
	for i := range len(s) {
		if c := s[i] | 0x20; c >= 'a' && c <= 'z' {
			n++
		}
	}
	return n
}

// placeholder reports whether s stands for a secret and is none.
func placeholder(s string) bool {
	l := strings.ToLower(s)
	for _, w := range []string{
		"example", "xxxx", "your", "changeme", "change_me", "change-me", "placeholder", "redacted", "masked", "dummy", "insert", "replace", "****", "....", "…",
		"12345678", "abcdefgh", "deadbeef", "000000", "process.env", "os.environ", "getenv", "secrets.", "vault:", "env.", "todo",
	} {
		if strings.Contains(l, w) {
			return true
		}
	}
	switch l {
	case "password", "secret", "token", "pass", "user", "test", "pwd", "passwd", "postgres", "root", "admin", "key", "pw":
		return true
	}
	return strings.HasPrefix(s, "$") || strings.HasPrefix(s, "%") || strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[")
}

// spoken reports whether s is words with marks between them, as names of files,
// settings and branches are: at most one of its parts holds digits among letters.
func spoken(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("-_./:", r) })
	if len(parts) < 2 {
		return false
	}
	odd := 0
	for _, p := range parts {
		if digits(p) > 0 && letters(p) > 0 || digits(p) > 4 || len(p) > 20 {
			odd++
		}
	}
	return odd <= 1 && len(s)/len(parts) < 12
}

// path reports whether s is the name of a file or an address.
func path(s string) bool {
	return strings.HasPrefix(s, "/") && strings.Count(s, "/") > 1 || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "~/") || strings.Contains(s, "://")
}

// call reports whether s is a piece of a program.
func call(s string) bool {
	return strings.Contains(s, "(") || strings.Contains(s, "->") || strings.Contains(s, "==") || strings.Contains(s, "&&")
}
