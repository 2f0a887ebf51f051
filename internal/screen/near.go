package screen

import "strings"

// What stands behind the name of a secret, before the secret itself, tells cheaply
// that most texts with such a name have none: "the key of the house" is followed by no
// sign of an assignment. The functions here look at a text as [lowered] makes it, and at
// what the patterns want there and no more, so that they never miss what a pattern finds.

// near is what a text with a match has: cheap to look for, and never missing where
// the pattern finds something.
type near struct {
	names   []string                // one of them, in lower case,
	follows func(rest string) bool  // and behind it what this wants
	text    func(lower string) bool // nil: any text
}

// may reports whether a text may have a match; followed says whether what is wanted
// stands behind one of the names.
func (n *near) may(lower string, followed bool) bool {
	return n == nil || (n.follows == nil || followed) && (n.text == nil || n.text(lower))
}

// assigns reports whether rest begins with at most so many quotes, space, and one of
// the signs or words.
func assigns(rest, quotes string, most int, signs ...string) bool {
	for n := 0; ; n++ {
		tail := strings.TrimLeft(rest, "\t\n\f\r ")
		for _, sign := range signs {
			if strings.HasPrefix(tail, sign) {
				return true
			}
		}
		if n == most || rest == "" || strings.IndexByte(quotes, rest[0]) < 0 {
			return false
		}
		rest = rest[1:]
	}
}

// named is for names with a kind of secret in them that something is said of.
func named() *near {
	kinds := []string{"key", "token", "secret", "password", "passwd", "passphrase", "pwd", "credential"}
	return &near{names: kinds, follows: func(rest string) bool {
		const most = 20 + len("s")
		for i := 0; i <= most; i++ {
			if assigns(rest[i:], `"'`, 1, ":", "=", "is") {
				return true
			}
			if i == len(rest) || !inName(rest[i]) {
				return false
			}
		}
		return false
	}}
}

func inName(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '_' || c == '-'
}

// assigned is for variables.
func assigned() *near {
	return &near{names: []string{"key", "token", "secret", "credential", "credentials"}, follows: func(rest string) bool {
		return assigns(rest, `"']`, 2, ":", "=")
	}}
}

// namedPassword is for passwords that are told.
func namedPassword() *near {
	return &near{names: []string{"password", "passwd", "passphrase", "passcode", "pwd"}, follows: func(rest string) bool {
		return assigns(rest, `"'`, 1, ":", "=", "is", "was", "are")
	}}
}

// dottedRun reports whether a run of 24 signs that tokens are made of ends at a dot.
func dottedRun(lower string) bool {
	run := 0
	for i := range len(lower) {
		switch c := lower[i]; {
		case inName(c):
			run++
		case c == '.' && run >= 24:
			return true
		default:
			run = 0
		}
	}
	return false
}

// longRun reports whether there is a run of 24 signs that keys are made of.
func longRun(lower string) bool {
	run := 0
	for i := range len(lower) {
		if c := lower[i]; inName(c) || c == '+' || c == '/' {
			if run++; run == 24 {
				return true
			}
		} else {
			run = 0
		}
	}
	return false
}
