//go:build !race

package book_test

// raceDetector reports whether this binary is slowed down by looking for races.
const raceDetector = false
