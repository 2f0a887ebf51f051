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

// longest is how many signs in a row make a run that words have not.
const longest = 24

// dottedRun reports whether a run of signs that tokens are made of ends at a dot.
func dottedRun(lower string) bool {
	for at := 0; ; {
		end, ok := run(lower, at, inName)
		if !ok || end < len(lower) && lower[end] == '.' {
			return ok
		}
		at = end
	}
}

// longRun reports whether there is a run of signs that keys are made of.
func longRun(lower string) bool {
	_, ok := run(lower, 0, func(c byte) bool { return inName(c) || c == '+' || c == '/' })
	return ok
}

// run returns the end of the next long run, if there is one. It looks at the ends of
// what could be one first: nearly all of a text is passed over.
func run(lower string, at int, of func(byte) bool) (end int, ok bool) {
	for at+longest <= len(lower) {
		last := at + longest - 1
		for last >= at && of(lower[last]) {
			last--
		}
		if last < at {
			for end = at + longest; end < len(lower) && of(lower[end]); {
				end++
			}
			return end, true
		}
		at = last + 1
	}
	return 0, false
}

// part is a piece of a text.
type part struct{ start, end int }

// before is how many letters of a match stand before the name in it, at most: a sign
// that is none of a word, the rest of the word, and what kind of a key it is.
const before = len("=") + 40 + len("encryption_") + len("abcdefghijkl_")

// around is where a match would stand whose name is at i: its value ends with the word,
// and there is space at most before and after a sign or word that assigns it. Nothing in
// it can be taken for the beginning of the text that is none.
func around(lower string, i int) part {
	const space = "\t\n\f\r "
	end := i
	for range 3 {
		rest := lower[end:]
		word := strings.TrimLeft(rest, space)
		end += len(rest) - len(word)
		if n := strings.IndexAny(word, space); n >= 0 {
			end += n
		} else {
			end = len(lower)
		}
	}
	return part{max(0, i-before-1), end}
}

// joined is list with p, which begins behind those in it or not before the last of them.
func joined(list []part, p part) []part {
	if n := len(list); n > 0 && p.start <= list[n-1].end {
		list[n-1].end = max(list[n-1].end, p.end)
		return list
	}
	return append(list, p)
}
