//go:build race

package engine_test

// raceDetector reports whether this binary is slowed down by looking for races.
const raceDetector = true
