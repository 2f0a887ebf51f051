// Package filelock locks files between processes. A lock ends with the process that has it,
// however that ends.
package filelock
