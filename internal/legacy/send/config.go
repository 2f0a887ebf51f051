package send

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/memory"
)

// PeersOf returns those of the peers that a node sends to, given how it identifies
// itself to them: by the name of the node, if nothing else is said.
func PeersOf(peers []config.Peer, self config.Self, node string, now func() time.Time) ([]Peer, error) {
	var out []Peer
	me, err := selfOf(self, node)
	if err != nil {
		return nil, err
	}
	for i := range peers {
		p := &peers[i]
		if !p.Sends() || !p.Stands(now()) {
			continue
		}
		to := me
		spec, err := json.Marshal(p) //nolint:gosec // it goes nowhere
		if err != nil {
			return nil, fmt.Errorf("legacy peer %s: %w", p.Name, err)
		}
		to.Name, to.APIKey, to.Spec = p.Name, p.APIKey, string(spec)
		to.Sends = p.Allows
		to.Own = func(e *memory.Entry) bool { return e.Actor == p.Actor() }
		to.Until = func() bool { return p.Stands(now()) }
		if to.URL, err = url.Parse(p.URL); err != nil {
			return nil, fmt.Errorf("legacy peer %s: %w", p.Name, err)
		}
		if to.TLS, err = trustFile(p.CAFile); err != nil {
			return nil, fmt.Errorf("legacy peer %s: %w", p.Name, err)
		}
		out = append(out, to)
	}
	return out, nil
}

// selfOf is how a node identifies itself to all of its peers.
func selfOf(s config.Self, node string) (Peer, error) {
	out := Peer{Sender: cmp.Or(s.Name, node)}
	if s.KeyFile != "" {
		seed, err := os.ReadFile(s.KeyFile)
		if err != nil {
			return out, fmt.Errorf("key for legacy peers: %w", err)
		}
		key, err := identity.KeyFromSeed(seed)
		if err != nil {
			return out, fmt.Errorf("key for legacy peers in %s: %w", s.KeyFile, err)
		}
		out.Key = &key
	}
	for _, h := range []struct {
		file  string
		value *string
	}{{s.CredentialFile, &out.Credential}, {s.ChainFile, &out.Chain}} {
		if h.file == "" {
			continue
		}
		text, err := os.ReadFile(h.file)
		if err != nil {
			return out, fmt.Errorf("credential for legacy peers: %w", err)
		}
		*h.value = strings.TrimSpace(string(text))
	}
	return out, nil
}

// trustFile trusts the certificates of a file alone; nil, for no file, is what the
// system trusts.
func trustFile(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // the default
	}
	data, err := os.ReadFile(file) //nolint:gosec // the operator named this file
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: no certificate in PEM", file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
