// Package engine is the one door for callers: every surface reads and changes
// state through an [Engine]. What other nodes wrote comes in by package intake.
package engine
