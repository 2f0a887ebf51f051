package cluster

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/attest"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/memory"
)

// Skew is how far the clocks of members may be apart.
const Skew = time.Minute

// Files of the directory.
const (
	keyFile        = "node.key"
	placeFile      = "node.json"
	grantFile      = "grant.json"
	rootFile       = "root.pem"
	membershipFile = "membership.json"
	tokensFile     = "join-tokens.json"
	endedFile      = "ended"           // the epoch of the last change of voters that has ended
	lockedFile     = "membership.lock" // held while a membership is signed
	nextKeyFile    = "node.key.next"   // until an authority has signed for it
	lastKeyFile    = "node.key.last"   // and a number; until the audit log is of the present key
	keyLockFile    = "node.key.lock"   // held while one key follows another
)

// Place is where a node is in its federation. It does not change by itself.
type Place struct {
	Node   memory.Node   `json:"node"`
	Name   identity.Name `json:"name"`
	Listen string        `json:"listen"` // HOST:PORT, for members only
	URL    string        `json:"url"`    // where members call it
}

// Cluster is a node's federation. It is safe for concurrent use.
type Cluster struct {
	dir    string
	place  Place
	self   *attest.Self
	roots  ca.Roots
	keys   []identity.PublicKey // of the roots
	tokens *join.Book
	now    func() time.Time

	mu         sync.Mutex
	membership Membership
	document   []byte
	changed    chan struct{}
}

// Open reads the directory of a node. One that is none is [fs.ErrNotExist].
func Open(dir string, now func() time.Time) (*Cluster, error) {
	c := &Cluster{dir: dir, now: now, changed: make(chan struct{}, 1)}
	c.tokens = join.NewBook(identity.List[join.Record]{Path: c.path(tokensFile)})
	for _, read := range []func() error{c.readPlace, c.readRoot, c.readSelf, func() error { return checkAuthority(c) }} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("open the identity in %s: %w", dir, err)
		}
	}
	if err := c.Reload(); err != nil {
		return nil, fmt.Errorf("open the identity in %s: %w", dir, err)
	}
	return c, nil
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *Cluster) readPlace() error {
	data, err := identity.ReadPrivate(c.path(placeFile), 4<<10)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &c.place); err != nil {
		return fmt.Errorf("%s: %w: %w", placeFile, err, memory.ErrInvalid)
	}
	return nil
}

func (c *Cluster) readRoot() error {
	data, err := identity.ReadPrivate(c.path(rootFile), ca.MaxPEM)
	if err != nil {
		return err
	}
	c.roots.Skew = Skew
	if c.roots.Certificates, err = ca.ParseCertificates(data); err != nil {
		return err
	}
	if c.roots.Domain, err = ca.DomainOf(c.roots.Certificates[0]); err != nil {
		return err
	}
	for _, root := range c.roots.Certificates {
		if key, ok := identity.PublicKeyOf(root.PublicKey); ok {
			c.keys = append(c.keys, key)
		}
	}
	return nil
}

func (c *Cluster) readSelf() error {
	key, g, err := c.readOwn()
	if err != nil {
		return err
	}
	c.self, err = attest.NewSelf(c.place.Node, key, g)
	return err
}

// checkAuthority finds out early that an authority cannot be used.
func checkAuthority(c *Cluster) error {
	if _, err := c.loadAuthority(); !errors.Is(err, ErrNoAuthority) {
		return err
	}
	return nil
}

// loadRoot is loadAuthority for what only the root may do.
func loadRoot(c *Cluster) (*ca.Authority, error) {
	a, err := c.loadAuthority()
	if err == nil && a.Name() != ca.RootName {
		return nil, errNotRoot(a.Name())
	}
	return a, err
}

// loadAuthority reads the authority, if it is here now: it comes and goes by the
// command line.
func (c *Cluster) loadAuthority() (*ca.Authority, error) {
	a, err := ca.Load(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoAuthority
	}
	return a, err
}

// PlaceIn reads only where the node of a directory is. A directory that is none is
// [fs.ErrNotExist].
func PlaceIn(dir string) (Place, error) {
	c := &Cluster{dir: dir}
	err := c.readPlace()
	return c.place, err
}

// Place returns where this node is. It is called where the membership says, which may
// be elsewhere than it was when it joined.
func (c *Cluster) Place() Place {
	p := c.place
	c.mu.Lock()
	defer c.mu.Unlock()
	if is, ok := c.membership.Find(p.Node); ok {
		p.URL = is.URL
	}
	return p
}

// Listen says on which HOST:PORT the node of a directory answers members from its next
// start on.
func Listen(dir, address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf("%.80q: want HOST:PORT, such as :9078: %w", address, memory.ErrInvalid)
	}
	p, err := PlaceIn(dir)
	if err != nil {
		return err
	}
	p.Listen = address
	return writePlace(dir, p)
}

// Self returns this node's own identity.
func (c *Cluster) Self() *attest.Self { return c.self }

// Roots returns whom this node believes.
func (c *Cluster) Roots() ca.Roots { return c.roots }

// Forbear believes members for so long after their certificates have ended, for
// times in which no authority can be reached. It is called before anything else is.
func (c *Cluster) Forbear(grace time.Duration) { c.roots.Grace = grace }

// Root returns the root's certificate.
func (c *Cluster) Root() *x509.Certificate { return c.roots.Certificates[0] }

// Authority returns what the authority on this node is called, "" if there is none.
func (c *Cluster) Authority() identity.Name {
	a, err := c.loadAuthority()
	if err != nil {
		return ""
	}
	return a.Name()
}

// Membership returns the members as this node knows them, and the document that
// proves it.
func (c *Cluster) Membership() (Membership, []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.membership
	m.Members, m.Removed, m.Former = slices.Clone(m.Members), slices.Clone(m.Removed), slices.Clone(m.Former)
	return m, c.document
}

// Changed is sent to when the membership has changed since it was last received from.
func (c *Cluster) Changed() <-chan struct{} { return c.changed }

// Admit is [attest.Roster].
func (c *Cluster) Admit(name identity.Name, key identity.PublicKey) (memory.Node, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.membership.Removed, key) {
		return "", identity.Refuse(identity.MemberRemoved, "%s, by epoch %d", name, c.membership.Epoch)
	}
	for _, m := range c.membership.Members {
		if m.Name == name && (m.Key == key || m.Retiring != nil && m.Retiring.Key == key && c.now().Before(m.Retiring.Until)) {
			return m.Node, nil
		}
	}
	return "", identity.Refuse(identity.NotAMember, "%s, by epoch %d", name, c.membership.Epoch)
}

// Adopt goes by a document that somebody has sent, if it is newer, and reports
// whether it is. One that the root has not signed is an error.
func (c *Cluster) Adopt(data []byte) (bool, error) {
	m, err := open(data, c.roots.Domain, c.keys)
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Epoch <= c.membership.Epoch {
		if m.Epoch == c.membership.Epoch && !bytes.Equal(data, c.document) {
			return false, fmt.Errorf("two memberships of epoch %d: the root has signed both: %w", m.Epoch, memory.ErrInvalid)
		}
		return false, nil
	}
	if err := identity.WritePrivate(c.path(membershipFile), data); err != nil {
		return false, fmt.Errorf("adopt membership: %w", err)
	}
	c.become(m, data)
	return true, nil
}

func (c *Cluster) become(m Membership, data []byte) {
	c.membership, c.document = m, data
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Reload reads the membership and this node's own key again: the command line may have
// changed them.
func (c *Cluster) Reload() error {
	if err := c.reloadSelf(); err != nil {
		return err
	}
	data, err := identity.ReadPrivate(c.path(membershipFile), MaxDocument)
	if err != nil {
		return err
	}
	m, err := open(data, c.roots.Domain, c.keys)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Epoch > c.membership.Epoch {
		c.become(m, data)
	}
	return nil
}

// ErrNoAuthority is that this node holds no key to sign with.
var ErrNoAuthority = errors.New("the authority is not on this node")

// makeDir makes the directory of a new identity. One that is there is [fs.ErrExist].
func makeDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o700)
}

// Contact returns where a member is now, and the name that its certificate must have.
func (c *Cluster) Contact(node memory.Node) (url string, name identity.Name, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.membership.Find(node)
	return m.URL, m.Name, ok && node != c.place.Node
}
