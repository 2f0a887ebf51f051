package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
)

// How nodes of a layout know each other.
const (
	trustKeys  = "keys"  // by keys that are enrolled
	trustCred  = "cred"  // by credentials of a root
	trustChain = "chain" // by credentials of an authority that a root vouches for
)

const (
	trustDomain = "contrasts.test"
	rootName    = "root"
)

// papers are the keys of the nodes of one federation, and what vouches for them.
type papers struct {
	trust string
	names []string // as which they identify themselves
	keys  []identity.Key
	seeds [][]byte
	root  identity.Key
	creds []string // values of the headers
	chain string
}

// newPapers makes what nodes of these names show each other.
func newPapers(trust string, names []string) (*papers, error) {
	p := &papers{trust: trust}
	for _, name := range names {
		seed := make([]byte, 32)
		if _, err := rand.Read(seed); err != nil {
			return nil, err
		}
		key, err := identity.KeyFromSeed(seed)
		if err != nil {
			return nil, err
		}
		p.names, p.seeds, p.keys = append(p.names, "mesh/"+name), append(p.seeds, seed), append(p.keys, key)
	}
	if trust == trustKeys {
		return p, nil
	}
	return p, p.issue()
}

// issue has the root, or an authority below it, vouch for the nodes.
func (p *papers) issue() (err error) {
	if p.root, err = identity.NewKey(); err != nil {
		return err
	}
	const day = 24 * time.Hour
	from, to := time.Now().Add(-time.Hour), time.Now().Add(day)
	by := cred.Issuer{Name: rootName, Domain: trustDomain, Key: p.root}
	if p.trust == trustChain {
		below := cred.Issuer{Name: "mesh/ca", Domain: trustDomain}
		if below.Key, err = identity.NewKey(); err != nil {
			return err
		}
		link, err := by.Issue(below.Name, below.Key.Public(), from, to)
		if err != nil {
			return err
		}
		if p.chain, err = (cred.Chain{link}).Header(); err != nil {
			return err
		}
		by = below
	}
	for i, name := range p.names {
		c, err := by.Issue(identity.Name(name), p.keys[i].Public(), from, to)
		if err != nil {
			return err
		}
		value, err := c.Header()
		if err != nil {
			return err
		}
		p.creds = append(p.creds, value)
	}
	return nil
}

// write writes files below a directory, and returns their paths.
func write(dir string, files map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		out[name] = file
	}
	return out, nil
}

// forReal gives node i of ai-memory its papers, as variables.
func (p *papers) forReal(home string, i int) ([]string, error) {
	own := p.keys[i].Public()
	files := map[string]string{"keys/" + p.names[i] + ".priv": string(p.seeds[i]), "keys/" + p.names[i] + ".pub": string(own[:])}
	allowed := map[string]any{}
	for j, name := range p.names {
		if j == i {
			continue
		}
		allowed[name] = map[string]any{"allowed_sender_agent_ids": []string{}, "allowed_namespaces": []string{"**"}}
		if p.trust == trustKeys {
			key := p.keys[j].Public()
			files["keys/"+name+".pub"] = string(key[:])
		}
	}
	list, err := json.Marshal(allowed)
	if err != nil {
		return nil, err
	}
	env := []string{"AI_MEMORY_FED_IDENTITY=" + p.names[i], "AI_MEMORY_FED_PEER_ATTESTATION=" + string(list), "AI_MEMORY_FED_REQUIRE_PEER_ENROLLMENT=1"}
	if p.trust != trustKeys {
		root := p.root.Public()
		files["credential"], files["roots/"+rootName+".pub"] = p.creds[i], string(root[:])
		env = append(env, "AI_MEMORY_FED_TRUST_DOMAIN="+trustDomain, "AI_MEMORY_FED_TRUST_BUNDLE_DIR="+filepath.Join(home, "roots"),
			"AI_MEMORY_FED_CRED_PATH="+filepath.Join(home, "credential"))
	}
	if p.chain != "" {
		files["chain"] = p.chain
		env = append(env, "AI_MEMORY_FED_CRED_CHAIN_PATH="+filepath.Join(home, "chain"))
	}
	_, err = write(home, files)
	return env, err
}

// forOurs gives node i of ours its papers, as lines of its configuration.
func (p *papers) forOurs(home string, i int) (string, error) {
	files := map[string]string{"legacy.priv": string(p.seeds[i])}
	if len(p.creds) > 0 {
		files["credential"] = p.creds[i]
	}
	if p.chain != "" {
		files["chain"] = p.chain
	}
	at, err := write(home, files)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("\n[legacy]\nname = %q\nkey_file = %q\ncredential_file = %q\nchain_file = %q\n", p.names[i], at["legacy.priv"], at["credential"], at["chain"]), nil
}

// peer are the lines of a legacy peer that say how it is known.
func (p *papers) peer(j int) string {
	if p.trust == trustKeys {
		return fmt.Sprintf("key = %q\n", p.keys[j].Public())
	}
	return fmt.Sprintf("issuers = { %s = %q }\ncredential_domain = %q\n", rootName, p.root.Public(), trustDomain)
}

// setup is what a layout says: who there is, how they know each other, and whether
// those of ai-memory have a model.
type setup struct {
	letters string
	trust   string
	embed   bool
}

// setupOf reads a layout, such as rtt or rrt+keys+embed.
func setupOf(layout string) (setup, error) {
	parts := strings.Split(layout, "+")
	s := setup{letters: parts[0]}
	for _, word := range parts[1:] {
		switch word {
		case trustKeys, trustCred, trustChain:
			s.trust = word
		case "embed":
			s.embed = true
		default:
			return s, fmt.Errorf("layout %q: %q is none of keys, cred, chain and embed", layout, word)
		}
	}
	if strings.Trim(s.letters, "trl") != "" {
		return s, fmt.Errorf("layout %q: want letters t, r and l", layout)
	}
	return s, nil
}
