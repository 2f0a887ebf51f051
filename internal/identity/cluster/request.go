package cluster

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/memory"
)

// Prepare makes, in a directory of its own, a key for a node that is to become a member
// by hand, and returns what to carry to the authority. Asked again, it is the same key.
func Prepare(dir string, p Place) (Application, error) {
	if err := p.valid(); err != nil {
		return Application{}, err
	}
	if err := makeDir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return Application{}, err
	}
	key, err := identity.KeyAt(filepath.Join(dir, keyFile))
	if err != nil {
		return Application{}, err
	}
	if err := writePlace(dir, p); err != nil {
		return Application{}, err
	}
	csr, err := ca.NewRequest(p.Name, key, nil)
	return Application{Request: csr, URL: p.URL}, err
}

// Accept makes the directory of a node that has prepared itself in another one, with
// what came back from the authority. root is the public key of the root, which came
// another way. What was prepared is gone afterwards.
func Accept(dir, prepared string, w Welcome, root identity.PublicKey, now func() time.Time) (*Cluster, error) {
	place := &Cluster{dir: prepared}
	if err := place.readPlace(); err != nil {
		return nil, err
	}
	key, err := identity.LoadKey(filepath.Join(prepared, keyFile))
	if err != nil {
		return nil, err
	}
	c, err := believe(dir, place.place, key, w, func(pem []byte) (*x509.Certificate, error) {
		certs, err := ca.ParseCertificates(pem)
		if err != nil {
			return nil, err
		}
		if k, ok := identity.PublicKeyOf(certs[0].PublicKey); !ok || k != root {
			return nil, identity.Refuse(identity.CertificateIssuer, "the root that has signed has another key")
		}
		return ca.ReadRoot(pem, ca.Fingerprint(certs[0]))
	}, now)
	if err != nil {
		return nil, err
	}
	return c, os.RemoveAll(prepared)
}

// Intermediate makes an authority for the names below scope, in files of a new
// directory. It can sign certificates of members there, and neither make a member nor
// remove one.
func (c *Cluster) Intermediate(scope identity.Name, dir string) (*ca.Authority, error) {
	a, err := c.loadAuthority()
	if err != nil {
		return nil, err
	}
	key, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	below, err := a.Intermediate(scope, key, c.now())
	if err != nil {
		return nil, err
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	return below, below.Save(dir)
}

// Export writes the authority of this node to files of a new directory, and, unless it
// is to stay, takes it away from here.
func (c *Cluster) Export(dir string, stay bool) (identity.Name, error) {
	a, err := c.loadAuthority()
	if err != nil {
		return "", err
	}
	if err := makeDir(dir); err != nil {
		return "", err
	}
	if err := a.Save(dir); err != nil {
		return "", err
	}
	if stay {
		return a.Name(), nil
	}
	// What was written is read before what is here goes.
	if _, err := ca.Load(dir); err != nil {
		return "", err
	}
	return a.Name(), ca.Erase(c.dir)
}

// Import brings an authority to this node from files of a directory. It must be of this
// federation; of the root the key alone will do.
func (c *Cluster) Import(dir string) (identity.Name, error) {
	a, err := ca.LoadRoot(dir, c.roots.Domain, c.Root())
	if err != nil {
		return "", err
	}
	root := c.keys[0]
	if key, _ := identity.PublicKeyOf(a.Certificate().PublicKey); a.Name() == ca.RootName && key != root {
		return "", identity.Refuse(identity.CertificateIssuer, "the authority in %s is the root of another federation", dir)
	}
	if a.Name() != ca.RootName {
		if err := a.Below(c.roots, c.now()); err != nil {
			return "", err
		}
	}
	return a.Name(), a.Save(c.dir)
}

// errNotRoot says what an intermediate cannot do.
func errNotRoot(name identity.Name) error {
	return fmt.Errorf("this node holds %s, which signs certificates; who is a member the root says: %w", name, errors.Join(ErrNoAuthority, memory.ErrForbidden))
}
