package cluster

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/memory"
)

// Found makes a federation of one: a root, and the first node, in a directory that
// must not be there.
func Found(dir string, domain identity.Domain, p Place, now func() time.Time) (*Cluster, error) {
	all, err := FoundAll([]string{dir}, domain, []Place{p}, now)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// FoundAll makes a federation of nodes that know each other already: each gets a
// directory, which must not be there, and the first one the root. After an error there
// is none.
func FoundAll(dirs []string, domain identity.Domain, places []Place, now func() time.Time) (all []*Cluster, err error) {
	rootKey, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	root, err := ca.NewRoot(domain, rootKey, now())
	if err != nil {
		return nil, err
	}
	ms := Membership{Domain: domain, Epoch: 1, Removed: []identity.PublicKey{}}
	keys := make([]identity.Key, len(places))
	for i, p := range places {
		if err := p.valid(); err != nil {
			return nil, fmt.Errorf("found a cluster: %w", err)
		}
		if keys[i], err = identity.NewKey(); err != nil {
			return nil, err
		}
		if err := ms.admit(Member{Node: p.Node, Name: p.Name, Key: keys[i].Public(), URL: p.URL}); err != nil {
			return nil, fmt.Errorf("found a cluster: %w", err)
		}
	}
	doc, err := sign(ms, rootKey)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			for _, c := range all {
				err = errors.Join(err, os.RemoveAll(c.dir))
			}
			all = nil
		}
	}()
	holder := root
	for i, p := range places {
		g, err := root.Issue(p.Name, keys[i].Public(), nil, now())
		if err != nil {
			return all, err
		}
		w := Welcome{Grant: g, Root: string(ca.EncodeCertificates([]*x509.Certificate{root.Certificate()})), Membership: doc}
		c, err := settle(dirs[i], p, keys[i], w, holder, now)
		if err != nil {
			return all, err
		}
		all, holder = append(all, c), nil
	}
	return all, nil
}

func (p Place) valid() error {
	if err := p.Node.Valid(); err != nil {
		return err
	}
	if p.Name.Last() != string(p.Node) {
		return fmt.Errorf("node %s is called %s: %w", p.Node, p.Name, memory.ErrInvalid)
	}
	return errors.Join(p.Name.Valid(), p.validURL())
}

func (p Place) validURL() error {
	if p.URL == "" {
		return nil
	}
	return ValidURL(p.URL)
}

// Welcome is what an authority answers a node that joins. There is no secret in it.
type Welcome struct {
	Grant      *ca.Grant       `json:"grant"`
	Root       string          `json:"root"` // PEM
	Membership json.RawMessage `json:"membership"`
}

// Settle makes the directory of a node that was welcomed, and opens it. What it was
// told is checked first, against the fingerprint of its token.
func Settle(dir string, p Place, key identity.Key, w Welcome, t join.Token, now func() time.Time) (*Cluster, error) {
	return believe(dir, p, key, w, func(pem []byte) (*x509.Certificate, error) { return ca.ReadRoot(pem, t.Root) }, now)
}

// Vacant says why a node could not settle in dir, or nil. Whoever joins asks before
// others are told: a member that has no identity counts for every quorum.
func Vacant(dir string, p Place) error {
	if err := p.valid(); err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	return os.Remove(dir)
}

// believe settles if the root is the right one, and has let this very node in.
func believe(dir string, p Place, key identity.Key, w Welcome, root func([]byte) (*x509.Certificate, error), now func() time.Time) (*Cluster, error) {
	if err := p.valid(); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	if w.Grant == nil {
		return nil, fmt.Errorf("join: the answer holds no certificate: %w", memory.ErrInvalid)
	}
	cert, err := root([]byte(w.Root))
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	domain, err := ca.DomainOf(cert)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	roots := ca.Roots{Domain: domain, Certificates: []*x509.Certificate{cert}, Skew: Skew}
	leaf, err := roots.Verify(w.Grant.Certificates, now())
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	if leaf.Name != p.Name || leaf.Key != key.Public() {
		return nil, fmt.Errorf("join: the certificate is of %s: %w", leaf.Name, memory.ErrInvalid)
	}
	return settle(dir, p, key, w, nil, now)
}

// settle writes the directory. What makes it one, its place, comes last.
func settle(dir string, p Place, key identity.Key, w Welcome, root *ca.Authority, now func() time.Time) (_ *Cluster, err error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	c := &Cluster{dir: dir}
	if err := identity.SaveKey(c.path(keyFile), key); err != nil {
		return nil, err
	}
	if root != nil {
		if err := root.Save(dir); err != nil {
			return nil, err
		}
	}
	if err := writeGrant(dir, w.Grant); err != nil {
		return nil, err
	}
	if err := identity.WritePrivate(c.path(rootFile), []byte(w.Root)); err != nil {
		return nil, err
	}
	if err := identity.WritePrivate(c.path(membershipFile), w.Membership); err != nil {
		return nil, err
	}
	if err := writePlace(dir, p); err != nil {
		return nil, err
	}
	return Open(dir, now)
}
