package takeover

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/memory"
)

// peering is what holds for all peers.
type peering struct {
	keys     string // folder
	unsigned bool   // who has no key here need not sign
	issuers  map[string]string
	domain   string
	caFile   string
	perDay   int
	allowed  map[string]allowance // by name
}

// allowance is what ai-memory calls an attestation.
type allowance struct {
	Senders    []string `json:"allowed_sender_agent_ids"`
	Namespaces []string `json:"allowed_namespaces"`
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// environment reads the variables, those first that others rest on.
func (r *reader) environment(env [][2]string) error {
	p := r.plan
	for _, kv := range env {
		name, value := kv[0], kv[1]
		var err error
		switch name {
		case "AI_MEMORY_DB":
			p.Database = r.path(value)
			r.becomes(name, "tally import")
		case "AI_MEMORY_FED_IDENTITY":
			p.Node = value
			r.becomes(name, "node, legacy.name")
		case "AI_MEMORY_KEY_DIR":
			p.peer.keys = r.path(value)
			r.becomes(name, "legacy.key_file, legacy_peer.key")
		case "AI_MEMORY_FED_CRED_PATH":
			p.Self.CredentialFile = r.path(value)
			r.becomes(name, "legacy.credential_file")
		case "AI_MEMORY_FED_CRED_CHAIN_PATH":
			p.Self.ChainFile = r.path(value)
			r.becomes(name, "legacy.chain_file")
		case "AI_MEMORY_FED_TRUST_DOMAIN":
			p.peer.domain = value
			r.becomes(name, "legacy_peer.credential_domain")
		case "AI_MEMORY_FED_TRUST_BUNDLE_DIR":
			p.peer.issuers, err = keysIn(r.path(value))
			r.becomes(name, "legacy_peer.issuers")
		case "AI_MEMORY_FED_PEER_ATTESTATION":
			err = json.Unmarshal([]byte(value), &p.peer.allowed)
			r.becomes(name, "legacy_peer.senders, legacy_peer.namespaces")
		case "AI_MEMORY_FED_REQUIRE_PEER_ENROLLMENT":
			p.peer.unsigned = value == "0" || value == "false"
			r.becomes(name, "legacy_peer.unsigned")
		case "AI_MEMORY_MAX_MEMORIES_PER_DAY":
			p.peer.perDay, err = strconv.Atoi(value)
			r.becomes(name, "legacy_peer.memories_per_day")
		default:
			if strings.HasPrefix(name, "AI_MEMORY_") {
				why := unmatched()[name]
				if why == "" {
					why = "this program has nothing like it"
				}
				r.lost(name, why)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// keysIn are the public keys in a folder, in hex, by the names of their files.
func keysIn(dir string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.pub"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, f := range files {
		if out[strings.TrimSuffix(filepath.Base(f), ".pub")], err = publicKey(f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// publicKey is a key of 32 bytes in hex, "" if there is no file.
func publicKey(file string) (string, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // the node that is taken over names it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case len(raw) != 32:
		return "", fmt.Errorf("%s: want a key of 32 bytes, got %d: %w", file, len(raw), memory.ErrInvalid)
	}
	return hex.EncodeToString(raw), nil
}

// attested makes peers of those that the node names, and finds its own key.
func (p *Plan) attested() error {
	if file := filepath.Join(p.peer.keys, filepath.FromSlash(p.Self.Name)+".priv"); p.peer.keys != "" {
		if _, err := os.Stat(file); err == nil {
			p.Self.KeyFile = file
		}
	}
	for _, name := range sorted(p.peer.allowed) {
		if err := p.add(name, ""); err != nil {
			return err
		}
	}
	return nil
}

// Name says how the peer at a URL identifies itself.
func (p *Plan) Name(url, name string) error {
	p.Unnamed = slices.DeleteFunc(p.Unnamed, func(u string) bool { return u == url })
	if i := slices.IndexFunc(p.Peers, func(q config.Peer) bool { return q.Name == name }); i >= 0 {
		p.Peers[i].URL, p.Peers[i].Direction = url, ""
		return p.Peers[i].Validate()
	}
	return p.add(name, url)
}

// NameTheOnly gives the only peer without a name the only name without a URL, if that
// is so.
func (p *Plan) NameTheOnly() error {
	var free []string
	for i := range p.Peers {
		if p.Peers[i].URL == "" {
			free = append(free, p.Peers[i].Name)
		}
	}
	if len(free) != 1 || len(p.Unnamed) != 1 {
		return nil
	}
	return p.Name(p.Unnamed[0], free[0])
}

// add makes a peer. One without a URL is not called.
func (p *Plan) add(name, url string) error {
	q := config.Peer{
		Name: name, URL: url, Domain: p.peer.domain, Issuers: p.peer.issuers, CAFile: p.peer.caFile, APIKey: p.APIKey, MemoriesPerDay: p.peer.perDay,
		UnsignedPulls: true, Namespaces: []string{"**"},
	}
	if url == "" {
		q.Direction = config.In
	}
	if a, is := p.peer.allowed[name]; is {
		q.Senders, q.Namespaces = a.Senders, a.Namespaces
	}
	var err error
	if p.peer.keys != "" {
		if q.Key, err = publicKey(filepath.Join(p.peer.keys, filepath.FromSlash(name)+".pub")); err != nil {
			return err
		}
	}
	q.Unsigned = q.Key == "" && len(q.Issuers) == 0 && p.peer.unsigned
	if err := q.Validate(); err != nil {
		return err
	}
	p.Peers = append(p.Peers, q)
	return nil
}
