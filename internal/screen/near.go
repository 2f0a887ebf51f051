package screen

import "strings"

// What stands behind the name of a secret, before the secret itself, tells cheaply
// that most texts with such a name have none: "the key of the house" is followed by no
// sign of an assignment. The functions here look at a text as [lowered] makes it, and at
// what the patterns want there and no more, so that they never miss what a pattern finds.

// after reports whether what follows one of the words satisfies a condition.
func after(lower string, words []string, follows func(rest string) bool) bool {
	for _, w := range words {
		for at := 0; ; {
			i := strings.Index(lower[at:], w)
			if i < 0 {
				break
			}
			if at += i + len(w); follows(lower[at:]) {
				return true
			}
		}
	}
	return false
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
func named(lower string) bool {
	kinds := []string{"key", "token", "secret", "password", "passwd", "passphrase", "pwd", "credential"}
	return after(lower, kinds, func(rest string) bool {
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
	})
}

func inName(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '_' || c == '-'
}

// assigned is for variables.
func assigned(lower string) bool {
	return after(lower, []string{"key", "token", "secret", "credential", "credentials"}, func(rest string) bool {
		return assigns(rest, `"']`, 2, ":", "=")
	})
}

// namedPassword is for passwords that are told.
func namedPassword(lower string) bool {
	return after(lower, []string{"password", "passwd", "passphrase", "passcode", "pwd"}, func(rest string) bool {
		return assigns(rest, `"'`, 1, ":", "=", "is", "was", "are")
	})
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
