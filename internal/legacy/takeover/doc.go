// Package takeover reads how a node of ai-memory 0.7 was started and configured, and
// says how a node of this program takes its place: under its name, with its key, its
// port and its peers.
package takeover

import "github.com/tallystick/tallystick/internal/legacy/config"

// Start is how the node was started.
type Start struct {
	// Words are the environment, as NAME=VALUE, then the program, then its arguments.
	Words []string
	// Config is its config.toml, nil if there is none.
	Config []byte
	// Dir is the folder that the files it names are relative to.
	Dir string
}

// Plan is what takes its place. Its fields are those of the configuration file.
type Plan struct {
	Node          string `toml:"node"`
	Listen        string `toml:"listen"`
	InsecureHosts bool   `toml:"insecure_listen,omitempty"`
	QuorumTimeout string `toml:"quorum_timeout,omitempty"`
	APIKey        string `toml:"api_key,omitempty"`
	TLS           *TLS   `toml:"tls,omitempty"`

	Self  config.Self   `toml:"legacy"`
	Peers []config.Peer `toml:"legacy_peer"`

	// Database is where its memories are, "" if it is not said.
	Database string `toml:"-"`
	// Unnamed are peers of which only the URL is known. Name them with [Plan.Name].
	Unnamed []string `toml:"-"`
	// Notes are in the order of what was read.
	Notes []Note `toml:"-"`

	peer peering
}

// TLS is the certificate of a node.
type TLS struct {
	Cert string `toml:"cert"`
	Key  string `toml:"key"`
}

// Note says what became of one thing that was read.
type Note struct {
	What string `json:"what"` // such as --port 9101
	// Becomes is where it went; "" if it has no counterpart, and then Why says why.
	Becomes string `json:"becomes,omitempty"`
	Why     string `json:"why,omitempty"`
}
