package cluster

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/memory"
)

// Found makes a federation of one: a root, and the first node, in a directory that
// must not be there.
func Found(dir string, domain identity.Domain, p Place, now func() time.Time) (_ *Cluster, err error) {
	if err := p.valid(); err != nil {
		return nil, fmt.Errorf("found a cluster: %w", err)
	}
	rootKey, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	root, err := ca.NewRoot(domain, rootKey, now())
	if err != nil {
		return nil, err
	}
	key, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	g, err := root.Issue(p.Name, key.Public(), nil, now())
	if err != nil {
		return nil, err
	}
	member := Member{Node: p.Node, Name: p.Name, Key: key.Public(), URL: p.URL}
	doc, err := sign(Membership{Domain: domain, Epoch: 1, Members: []Member{member}, Removed: []identity.PublicKey{}}, rootKey)
	if err != nil {
		return nil, err
	}
	return settle(dir, p, key, Welcome{Grant: g, Root: string(ca.EncodeCertificates([]*x509.Certificate{root.Certificate()})), Membership: doc},
		root, now)
}

func (p Place) valid() error {
	if err := p.Node.Valid(); err != nil {
		return err
	}
	if p.Name.Last() != string(p.Node) {
		return fmt.Errorf("node %s is called %s: %w", p.Node, p.Name, memory.ErrInvalid)
	}
	return errors.Join(p.Name.Valid(), ValidURL(p.URL))
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
	if err := p.valid(); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	if w.Grant == nil {
		return nil, fmt.Errorf("join: the answer holds no certificate: %w", memory.ErrInvalid)
	}
	root, err := ca.ReadRoot([]byte(w.Root), t.Root)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	domain, err := ca.DomainOf(root)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	roots := ca.Roots{Domain: domain, Certificates: []*x509.Certificate{root}, Skew: Skew}
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
	grant, err := json.Marshal(w.Grant)
	if err != nil {
		return nil, err
	}
	place, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{grantFile, grant}, {rootFile, []byte(w.Root)}, {membershipFile, w.Membership}, {placeFile, place}} {
		if err := identity.WritePrivate(c.path(f.name), f.data); err != nil {
			return nil, err
		}
	}
	return Open(dir, now)
}

// Invite makes a join token and returns its line.
func (c *Cluster) Invite(ttl time.Duration, uses int) (string, join.Token, error) {
	if c.authority == nil {
		return "", join.Token{}, ErrNoAuthority
	}
	return c.tokens.Issue(ca.Fingerprint(c.Root()), ttl, uses, c.now())
}

// Application is what a node that joins asks for.
type Application struct {
	Token   string `json:"token"`
	Request []byte `json:"request"` // PKCS #10
	URL     string `json:"url"`
}

// Welcome redeems a token, signs for the node, and makes it a member. source says
// where the application came from.
func (c *Cluster) Welcome(a Application, source string) (Welcome, Member, error) {
	if c.authority == nil {
		return Welcome{}, Member{}, ErrNoAuthority
	}
	r, err := ca.ParseRequest(a.Request)
	if err != nil {
		return Welcome{}, Member{}, err
	}
	m := Member{Node: memory.Node(r.Name.Last()), Name: r.Name, Key: r.Key, URL: a.URL}
	if err := m.valid(); err != nil {
		return Welcome{}, Member{}, err
	}
	if err := c.free(m); err != nil {
		return Welcome{}, Member{}, err // before the token is used up
	}
	if _, err := c.tokens.Redeem(a.Token, r.Name, source, c.now()); err != nil {
		return Welcome{}, Member{}, err
	}
	g, err := c.authority.Issue(r.Name, r.Key, nil, c.now())
	if err != nil {
		return Welcome{}, Member{}, err
	}
	doc, err := c.change(func(ms *Membership) error {
		ms.Members = append(ms.Members, m)
		return nil
	})
	if err != nil {
		return Welcome{}, Member{}, err
	}
	root := ca.EncodeCertificates([]*x509.Certificate{c.Root()})
	return Welcome{Grant: g, Root: string(root), Membership: doc}, m, nil
}

// ErrTaken is that a name, a key or an address belongs to another member.
var ErrTaken = errors.New("a member has this name, key or address already")

func (c *Cluster) free(m Member) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.membership.Removed, m.Key) {
		return identity.Refuse(identity.MemberRemoved, "the key of %s was removed", m.Name)
	}
	for _, e := range c.membership.Members {
		if e.Node == m.Node || e.Key == m.Key || e.URL == m.URL {
			return fmt.Errorf("%s at %s: %w", m.Node, m.URL, ErrTaken)
		}
	}
	return nil
}

// Remove ends the membership of a node: its key is refused from then on.
func (c *Cluster) Remove(node memory.Node) error {
	if c.authority == nil {
		return ErrNoAuthority
	}
	if node == c.place.Node {
		return fmt.Errorf("%s is this node, which holds the authority: %w", node, memory.ErrInvalid)
	}
	_, err := c.change(func(m *Membership) error {
		e, ok := m.Find(node)
		if !ok {
			return identity.Refuse(identity.NotAMember, "%.63q", string(node))
		}
		m.Members = slices.DeleteFunc(m.Members, func(e Member) bool { return e.Node == node })
		m.Removed = append(m.Removed, e.Key)
		return nil
	})
	return err
}

// change signs the next epoch.
func (c *Cluster) change(f func(*Membership) error) ([]byte, error) {
	for range 10 {
		m, _ := c.Membership()
		if err := f(&m); err != nil {
			return nil, err
		}
		m.Epoch++
		doc, err := c.authority.SignWith(func(root identity.Key) ([]byte, error) { return sign(m, root) })
		if err != nil {
			return nil, err
		}
		if ok, err := c.Adopt(doc); ok || err != nil && !errors.Is(err, memory.ErrInvalid) {
			return doc, err
		}
		// Somebody else was faster.
	}
	return nil, fmt.Errorf("the membership does not stand still: %w", memory.ErrBusy)
}

// Again signs for a member whose certificate is to be renewed: it has proved who
// it is by the one that it has.
func (c *Cluster) Again(name identity.Name, key identity.PublicKey) (*ca.Grant, error) {
	if c.authority == nil {
		return nil, ErrNoAuthority
	}
	if _, err := c.Admit(name, key); err != nil {
		return nil, err
	}
	return c.authority.Issue(name, key, nil, c.now())
}
