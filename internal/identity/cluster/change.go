package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/filelock"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// ErrUnderWay is that one change of the members has not ended, and no other can begin.
var ErrUnderWay = errors.New("a change of the members is under way")

// ErrTaken is that a name, a key or an address belongs to another member.
var ErrTaken = errors.New("a member has this name, key or address already")

// UnderWay reports whether the newest change of the voters has not ended, as far as
// this node knows. It reads what the running node has written.
func (c *Cluster) UnderWay() (bool, error) {
	m, _ := c.Membership()
	ended, err := lastEnded(c)
	return m.Former != nil && ended < m.Epoch, err
}

// Ended keeps that the change of an epoch has ended.
func (c *Cluster) Ended(epoch uint64) error {
	return identity.WritePrivate(c.path(endedFile), strconv.AppendUint(nil, epoch, 10))
}

func lastEnded(c *Cluster) (uint64, error) {
	data, err := identity.ReadPrivate(c.path(endedFile), 32)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
}

// pace says whether a change may begin while another is under way.
type pace uint8

const (
	inTurn pace = iota // it may not
	// orBack: it may, if it goes back to the voters before: that takes back what is under
	// way, and those have everything.
	orBack
	// atOnce: it may, and is not under way itself: nothing proves that nothing is lost.
	atOnce
)

// change signs the next epoch. Only one process at a time does, and only one change of
// the voters is under way.
func (c *Cluster) change(how pace, f func(*Membership) error) (doc []byte, err error) {
	a, err := loadRoot(c)
	if err != nil {
		return nil, err
	}
	unlock, err := lock(c, lockedFile)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := c.Reload(); err != nil {
		return nil, err
	}
	under, err := c.UnderWay()
	if err != nil {
		return nil, err
	}
	m, _ := c.Membership()
	busy := fmt.Errorf("epoch %d: %w", m.Epoch, ErrUnderWay)
	if under && how == inTurn {
		return nil, busy
	}
	before, back := m.Voters(), m.Former
	here, _ := m.Find(c.place.Node)
	m.Epoch++
	m.expire(c.now())
	if err := f(&m); err != nil {
		return nil, err
	}
	if is, ok := m.Find(c.place.Node); here.Node != "" && (!ok || is.Since != here.Since) {
		return nil, staysHere(c.place.Node)
	}
	m.Former = nil
	after := m.Voters()
	if under && how == orBack && !slices.Equal(back, after) {
		return nil, busy
	}
	if how != atOnce && !slices.Equal(before, after) {
		m.Former = before
	}
	if err := m.follows(before); err != nil && (how != atOnce || len(after) == 0) {
		return nil, err
	}
	if doc, err = a.SignWith(func(root identity.Key) ([]byte, error) { return sign(m, root) }); err != nil {
		return nil, err
	}
	_, err = c.Adopt(doc)
	return doc, err
}

// lock waits until no other process holds a file of the directory, and holds it until unlock.
func lock(c *Cluster, name string) (unlock func() error, err error) {
	f, err := os.OpenFile(c.path(name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := filelock.Wait(f); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return f.Close, nil
}

// staysHere refuses to end the membership of the node that holds the authority: nobody
// would believe it any more, so it could never tell that its change has ended.
func staysHere(node memory.Node) error {
	return fmt.Errorf("%s is this node, which holds the authority: take that to another member first, with `tally ca export` here and `tally ca import` there: %w", node, memory.ErrInvalid)
}

// follows makes sure that the change to m can end: of the voters before, so many are
// members still that they know of everything that was acknowledged. Of n, those that
// are gone must be fewer than a majority.
func (m Membership) follows(before []Seat) error {
	gone := 0
	for _, s := range before {
		if e, ok := m.Find(s.Node); !ok || e.Since != s.Since {
			gone++
		}
	}
	if len(m.Voters()) == 0 {
		return fmt.Errorf("none of the %d members would count, and one must: %w", len(m.Members), memory.ErrInvalid)
	}
	if len(before) > 0 && gone > len(before)/2 {
		return fmt.Errorf("of the %d members that counted, %d would be gone, and with them what only they hold; so many at once cannot, and one must stay: %w", len(before), gone, memory.ErrInvalid)
	}
	return nil
}

// Remove ends the membership of a node: its key is refused from then on. With force it
// does so although another change is under way; what was acknowledged may then be only
// where it can be lost, so it is for members that are lost for good.
func (c *Cluster) Remove(node memory.Node, force bool) error {
	how := orBack
	if force {
		how = atOnce
	}
	_, err := c.change(how, func(m *Membership) error { return m.drop(node) })
	return err
}

// NoURL takes the address of a member away, given to [Cluster.Set]: others cannot call it,
// and it calls them.
const NoURL = "none"

// errAsItIs ends a change that would change nothing.
var errAsItIs = errors.New("it is so already")

// Set changes the address of a member, or whether it counts. What is empty stays. It
// reports whether that was a change: one that is none makes no epoch.
func (c *Cluster) Set(node memory.Node, url string, role Role) (changed bool, err error) {
	if url != "" && url != NoURL {
		if err := ValidURL(url); err != nil {
			return false, err
		}
	}
	_, err = c.change(inTurn, func(m *Membership) error {
		i := slices.IndexFunc(m.Members, func(e Member) bool { return e.Node == node })
		if i < 0 {
			return identity.Refuse(identity.NotAMember, "%.63q", string(node))
		}
		was := m.Members[i]
		if err := m.alter(i, url, role); err != nil {
			return err
		}
		if is := m.Members[i]; is.URL == was.URL && is.Counts() == was.Counts() {
			return errAsItIs
		}
		return nil
	})
	if errors.Is(err, errAsItIs) {
		return false, nil
	}
	return err == nil, err
}

// alter changes the member at a place of the list, as [Cluster.Set] says.
func (m *Membership) alter(i int, url string, role Role) error {
	e := &m.Members[i]
	switch {
	case url == NoURL:
		e.URL = ""
	case url != "":
		if slices.ContainsFunc(m.Members, func(other Member) bool { return other.Node != e.Node && other.URL == url }) {
			return fmt.Errorf("%s: %w", url, ErrTaken)
		}
		e.URL = url
	}
	if role != "" {
		e.Role = role
	}
	return e.valid()
}

// drop takes a member off the list, and its keys are refused for good.
func (m *Membership) drop(node memory.Node) error {
	e, ok := m.Find(node)
	if !ok {
		return identity.Refuse(identity.NotAMember, "%.63q", string(node))
	}
	m.Members = slices.DeleteFunc(m.Members, func(e Member) bool { return e.Node == node })
	m.Removed = append(m.Removed, e.Key)
	if e.Retiring != nil {
		m.Removed = append(m.Removed, e.Retiring.Key)
	}
	return nil
}

// admit puts a member on the list.
func (m *Membership) admit(n Member) error {
	if slices.Contains(m.Removed, n.Key) {
		return identity.Refuse(identity.MemberRemoved, "the key of %s was removed", n.Name)
	}
	for _, e := range m.Members {
		if e.Node == n.Node || e.Key == n.Key || n.URL != "" && e.URL == n.URL {
			return fmt.Errorf("%s at %s: %w", n.Node, n.URL, ErrTaken)
		}
	}
	n.Since = m.Epoch
	m.Members = append(m.Members, n)
	return nil
}
