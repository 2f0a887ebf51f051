//go:build race

package node

// raced: this was built with the race detector.
const raced = true
