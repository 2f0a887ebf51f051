package cluster

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/memory"
)

// Terms say what a token is for.
type Terms = join.Terms

// Token is what a token says.
type Token = join.Token

// Cancel ends a token at once, and reports whether there was one.
func (c *Cluster) Cancel(id string) (bool, error) { return c.tokens.Cancel(id, c.now()) }

// Invite makes a token and returns its line. The terms say what for.
func (c *Cluster) Invite(ttl time.Duration, uses int, terms Terms) (string, join.Token, error) {
	if _, err := loadRoot(c); err != nil {
		return "", join.Token{}, err
	}
	if terms.Replaces == c.place.Node {
		return "", join.Token{}, staysHere(terms.Replaces)
	}
	for _, n := range []memory.Node{terms.Replaces, terms.Rotates} {
		m, _ := c.Membership()
		if _, ok := m.Find(n); n != "" && !ok {
			return "", join.Token{}, identity.Refuse(identity.NotAMember, "%.63q", string(n))
		}
	}
	return c.tokens.Issue(ca.Fingerprint(c.Root()), ttl, uses, terms, c.now())
}

// Application is what a node asks for that joins, or that has a new key.
type Application struct {
	Token   string `json:"token,omitempty"`
	Request []byte `json:"request"` // PKCS #10, signed by the new key
	URL     string `json:"url"`
	// Rotation, in the place of a token, is the signature of the member's present key
	// over the request.
	Rotation []byte `json:"rotation,omitempty"`
}

const rotation = "tally key rotation v1\x00"

// applicant is who applies, as a member.
func (a Application) applicant() (Member, error) {
	r, err := ca.ParseRequest(a.Request)
	if err != nil {
		return Member{}, err
	}
	m := Member{Node: memory.Node(r.Name.Last()), Name: r.Name, Key: r.Key, URL: a.URL}
	return m, m.valid()
}

// Welcome redeems a token, signs for the node, and makes it a member. source says
// where the application came from.
func (c *Cluster) Welcome(a Application, source string) (Welcome, Member, error) {
	if _, err := loadRoot(c); err != nil {
		return Welcome{}, Member{}, err
	}
	m, err := a.applicant()
	if err != nil {
		return Welcome{}, Member{}, err
	}
	if a.Token == "" && len(a.Rotation) > 0 {
		return rotateKey(c, m, a)
	}
	if w, e, err := welcomeAgain(c, m, a.Token); e.Node != "" {
		return w, e, err
	}
	if err := c.tokens.Check(a.Token, source, c.now()); err != nil {
		return Welcome{}, Member{}, err
	}
	return admitTo(c, m, func(ms *Membership) error {
		return c.tokens.Redeem(a.Token, m.Name, m.Key, source, c.now(), func(t join.Terms) error { return ms.seat(&m, t) })
	})
}

// welcomeAgain signs for a member that joined with this token and this key, as it is now,
// and says who that is: it asks again because the answer was lost.
func welcomeAgain(c *Cluster, m Member, token string) (Welcome, Member, error) {
	ms, doc := c.Membership()
	e, ok := ms.Find(m.Node)
	if !ok || e.Name != m.Name || e.Key != m.Key || e.URL != m.URL || !c.tokens.Redeemed(token, m.Name, m.Key, c.now()) {
		return Welcome{}, Member{}, nil
	}
	w, _, err := welcomeTo(c, e, doc)
	return w, e, err
}

// Add makes a member of whoever has made the application, which came by hand.
func (c *Cluster) Add(a Application, role Role) (Welcome, Member, error) {
	m, err := a.applicant()
	if err != nil {
		return Welcome{}, Member{}, err
	}
	m.Role = role
	return admitTo(c, m, func(ms *Membership) error { return ms.admit(m) })
}

// admitTo changes the members, and signs for m.
func admitTo(c *Cluster, m Member, f func(*Membership) error) (Welcome, Member, error) {
	doc, err := c.change(inTurn, f)
	if err != nil {
		return Welcome{}, Member{}, err
	}
	return welcomeTo(c, m, doc)
}

func welcomeTo(c *Cluster, m Member, doc []byte) (Welcome, Member, error) {
	a, err := c.loadAuthority()
	if err != nil {
		return Welcome{}, Member{}, err
	}
	g, err := a.Issue(m.Name, m.Key, nil, c.now())
	if err != nil {
		return Welcome{}, Member{}, err
	}
	root := ca.EncodeCertificates([]*x509.Certificate{c.Root()})
	return Welcome{Grant: g, Root: string(root), Membership: doc}, m, nil
}

// seat gives who has applied the place that its token is for.
func (m *Membership) seat(n *Member, t join.Terms) error {
	if t.Observer {
		n.Role = Observer
	}
	switch {
	case t.Rotates != "":
		return m.rekey(n, t.Rotates, nil)
	case t.Replaces != "":
		old, _ := m.Find(t.Replaces)
		n.Role = old.Role
		if err := m.drop(t.Replaces); err != nil {
			return err
		}
	}
	return m.admit(*n)
}

// rekey gives a member another key. The one before is refused at once, or goes on for
// a while.
func (m *Membership) rekey(n *Member, node memory.Node, retiring *Retiring) error {
	i := slices.IndexFunc(m.Members, func(e Member) bool { return e.Node == node && e.Name == n.Name })
	if i < 0 {
		return identity.Refuse(identity.NotAMember, "the token is for a new key of %s, not for %s", node, n.Name)
	}
	if slices.Contains(m.Removed, n.Key) {
		return identity.Refuse(identity.MemberRemoved, "the new key of %s was removed", n.Name)
	}
	old := m.Members[i]
	if old.Retiring != nil {
		m.Removed = append(m.Removed, old.Retiring.Key)
	}
	if retiring == nil {
		m.Removed = append(m.Removed, old.Key)
	}
	key := n.Key
	*n = old
	n.Key, n.Retiring = key, retiring
	m.Members[i] = *n
	return nil
}

// retires is how long a key goes on that its owner has replaced: until all members
// have heard of the new one, and its node uses it.
const retires = time.Minute

// rotateKey gives a member another key, because its present one says so.
func rotateKey(c *Cluster, m Member, a Application) (Welcome, Member, error) {
	ms, doc := c.Membership()
	e, ok := ms.Find(m.Node)
	if !ok || e.Name != m.Name {
		return Welcome{}, Member{}, identity.Refuse(identity.NotAMember, "%s", m.Name)
	}
	if e.Key == m.Key {
		return welcomeTo(c, e, doc) // it asks again: the answer was lost
	}
	if !e.Key.Verify(append([]byte(rotation), a.Request...), a.Rotation) {
		return Welcome{}, Member{}, identity.Refuse(identity.SignatureBad, "the present key of %s has not signed for a new one", m.Name)
	}
	old := &Retiring{Key: e.Key, Until: c.now().Add(retires).UTC().Truncate(time.Second)}
	doc, err := c.change(inTurn, func(ms *Membership) error {
		if now, _ := ms.Find(m.Node); now.Key != e.Key {
			return fmt.Errorf("the key of %s has changed meanwhile: %w", m.Node, memory.ErrBusy)
		}
		return ms.rekey(&m, m.Node, old)
	})
	if err != nil {
		return Welcome{}, Member{}, err
	}
	return welcomeTo(c, m, doc)
}

// Again signs for a member whose certificate is to be renewed: it has proved who
// it is by the one that it has.
func (c *Cluster) Again(name identity.Name, key identity.PublicKey) (*ca.Grant, error) {
	a, err := c.loadAuthority()
	if err != nil {
		return nil, err
	}
	if _, err := c.Admit(name, key); err != nil {
		return nil, err
	}
	return a.Issue(name, key, nil, c.now())
}
