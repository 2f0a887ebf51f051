package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/memory"
)

// readOwn reads this node's key and what was granted to it. Where the next key was
// granted already, the change to it is completed.
func (c *Cluster) readOwn() (identity.Key, *ca.Grant, error) {
	key, g, err := c.readPair()
	if err == nil || !errors.Is(err, errUnpaired) {
		return key, g, err
	}
	// A change is not complete, or was just completed by another process: the files
	// are renamed by one at a time, who looks again first.
	unlock, err := lock(c, keyLockFile)
	if err != nil {
		return identity.Key{}, nil, err
	}
	key, g, err = c.readPair()
	if errors.Is(err, errUnpaired) {
		key, err = completeRotation(c, g, err)
	}
	return key, g, errors.Join(err, unlock())
}

// errUnpaired is that the key is none, or another one than was granted.
var errUnpaired = fmt.Errorf("%s is of another key than %s: %w", grantFile, keyFile, memory.ErrInvalid)

// readPair reads what was granted to this node, and its key. With errUnpaired it
// returns the grant.
func (c *Cluster) readPair() (identity.Key, *ca.Grant, error) {
	data, err := identity.ReadPrivate(c.path(grantFile), ca.MaxPEM)
	if err != nil {
		return identity.Key{}, nil, err
	}
	g, err := ca.ParseGrant(data)
	if err != nil {
		return identity.Key{}, nil, err
	}
	key, err := identity.LoadKey(c.path(keyFile))
	granted, _ := identity.PublicKeyOf(g.Certificates[0].PublicKey)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return identity.Key{}, g, fmt.Errorf("%w: %s", errUnpaired, err.Error()) // not as [fs.ErrNotExist]: there is an identity
	case err == nil && granted != key.Public():
		return identity.Key{}, g, errUnpaired
	}
	return key, g, err
}

// completeRotation makes the next key the present one, if g is of it, and keeps the
// one before; if it is not, what was found stands. The files are locked.
func completeRotation(c *Cluster, g *ca.Grant, found error) (identity.Key, error) {
	granted, _ := identity.PublicKeyOf(g.Certificates[0].PublicKey)
	next, err := identity.LoadKey(c.path(nextKeyFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && next.Public() != granted:
		return identity.Key{}, found
	case err != nil:
		return identity.Key{}, err
	}
	last, err := lastKeyFiles(c)
	if err != nil {
		return identity.Key{}, err
	}
	file := ""
	for n := 1; file == "" || slices.Contains(last, file); n++ {
		file = c.path(fmt.Sprintf("%s.%d", lastKeyFile, n))
	}
	err = os.Rename(c.path(keyFile), file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return identity.Key{}, err
	}
	return next, os.Rename(c.path(nextKeyFile), c.path(keyFile))
}

func lastKeyFiles(c *Cluster) ([]string, error) {
	var files []string
	all, err := os.ReadDir(c.dir)
	for _, file := range all {
		if strings.HasPrefix(file.Name(), lastKeyFile) {
			files = append(files, c.path(file.Name()))
		}
	}
	return files, err
}

// LastKeys are the keys that this node has had, in no order, since [Cluster.ForgetLastKeys]
// was last called: the audit log may be of any of them.
func (c *Cluster) LastKeys() ([]identity.Key, error) {
	files, err := lastKeyFiles(c)
	if err != nil {
		return nil, err
	}
	var keys []identity.Key
	for _, file := range files {
		key, err := identity.LoadKey(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Had reports whether a key is one that members had before, as the root has signed.
func (c *Cluster) Had(key identity.PublicKey) bool {
	m, _ := c.Membership()
	return slices.Contains(m.Removed, key) ||
		slices.ContainsFunc(m.Members, func(e Member) bool { return e.Retiring != nil && e.Retiring.Key == key })
}

// ForgetLastKeys removes those keys, but for the one that the audit log is of by now:
// this node may have yet another one since.
func (c *Cluster) ForgetLastKeys(of identity.PublicKey) error {
	files, err := lastKeyFiles(c)
	for _, file := range files {
		if key, keyErr := identity.LoadKey(file); keyErr == nil && key.Public() == of {
			continue
		}
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

// Renew goes by a new grant, and keeps it.
func (c *Cluster) Renew(g *ca.Grant) error {
	if err := c.self.Renew(g); err != nil {
		return err
	}
	return writeGrant(c.dir, g)
}

func writeGrant(dir string, g *ca.Grant) error {
	data, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return identity.WritePrivate(filepath.Join(dir, grantFile), data)
}

func writePlace(dir string, p Place) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return identity.WritePrivate(filepath.Join(dir, placeFile), data)
}

// Rotation is a new key of this node, and the application for it. The key is on the
// disk before anybody hears of it, so the same is asked for until it is granted.
func (c *Cluster) Rotation(token string) (Application, error) {
	unlock, err := lock(c, keyLockFile) // two that ask at once ask for one key
	if err != nil {
		return Application{}, err
	}
	key, err := identity.KeyAt(c.path(nextKeyFile))
	if err := errors.Join(err, unlock()); err != nil {
		return Application{}, err
	}
	csr, err := ca.NewRequest(c.place.Name, key, nil)
	if err != nil {
		return Application{}, err
	}
	a := Application{Request: csr, URL: c.Place().URL, Token: token}
	if token == "" {
		a.Rotation = c.self.Key().Sign(append([]byte(rotation), csr...))
	}
	return a, nil
}

// Rotated goes by the key of a [Cluster.Rotation] that an authority has granted. The
// running node notices within a second.
func (c *Cluster) Rotated(w Welcome) error {
	if w.Grant == nil {
		return fmt.Errorf("the answer holds no certificate: %w", memory.ErrInvalid)
	}
	leaf, err := c.roots.Verify(w.Grant.Certificates, c.now())
	if err != nil {
		return err
	}
	next, err := identity.LoadKey(c.path(nextKeyFile))
	if err != nil {
		return err
	}
	if leaf.Name != c.place.Name || leaf.Key != next.Public() {
		return fmt.Errorf("the certificate is of %s, or of another key: %w", leaf.Name, memory.ErrInvalid)
	}
	if _, err := c.Adopt(w.Membership); err != nil {
		return err
	}
	if err := writeGrant(c.dir, w.Grant); err != nil {
		return err
	}
	return c.reloadSelf()
}

// reloadSelf goes by what is in the files, if that is another key or grant.
func (c *Cluster) reloadSelf() error {
	key, g, err := c.readOwn()
	if err != nil {
		return err
	}
	if key.Public() == c.self.Key().Public() {
		return nil
	}
	return c.self.Replace(key, g)
}
