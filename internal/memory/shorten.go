package memory

// Shorten returns at most n characters of s, the last one a mark if it was longer.
func Shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
