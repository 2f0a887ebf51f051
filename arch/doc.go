// Package arch holds what the tree promises about itself, as tests: which
// package may import which, who may use which library, and a few conventions
// that no linter checks.
package arch
