// Package engine is the one door: every surface reads and changes state through
// an [Engine], and every push of a member comes in through it.
package engine
