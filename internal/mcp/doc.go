// Package mcp binds verbs to the Model Context Protocol: tools over streamable HTTP,
// without sessions, so that any request may come to any node. Which tools there are
// is a profile; what one takes, gives and refuses is its verb's.
package mcp
