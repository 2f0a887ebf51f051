// Package mcp serves agents over the Model Context Protocol: tools, resources and
// prompts over streamable HTTP, without sessions, so that any request may come to any
// node. What tools do is of package tool, which knows no protocol.
package mcp
