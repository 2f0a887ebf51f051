// Package config says which nodes of ai-memory 0.7 a node exchanges memories with,
// what it believes them by, and what each of them may do. It is a value: whoever
// reads it from a file or a flag hands it on.
package config
