package cluster_test

import (
	"errors"
	"testing"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
)

func epochOf(c *cluster.Cluster) (cluster.Membership, int) {
	m, _ := c.Membership()
	return m, len(m.Voters())
}

func TestOneChangeOfTheMembersAtATime(t *testing.T) {
	a, dir := found(t)
	joined(t, a, "b")
	joined(t, a, "c")
	if _, err := a.Set("c", "", cluster.Observer); err != nil {
		t.Fatal(err)
	}
	m, voters := epochOf(a)
	if m.Epoch != 4 || voters != 2 || len(m.Former) != 3 {
		t.Fatalf("%+v", m)
	}
	// Another process sees the same, and so does this one.
	other, err := cluster.Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*cluster.Cluster{a, other} {
		if under, err := c.UnderWay(); !under || err != nil {
			t.Fatalf("under way: %v, %v", under, err)
		}
		if _, err := c.Set("b", "https://b.example:9079", ""); !errors.Is(err, cluster.ErrUnderWay) {
			t.Errorf("a second one: %v", err)
		}
		if err := c.Remove("b", false); !errors.Is(err, cluster.ErrUnderWay) {
			t.Errorf("a second one: %v", err)
		}
	}
	end(t, a)
	if under, err := other.UnderWay(); under || err != nil {
		t.Errorf("under way: %v, %v", under, err)
	}
	// An address changes nothing that counts.
	if _, err := other.Set("b", "https://b.example:9079", ""); err != nil {
		t.Fatal(err)
	}
	if m, _ := epochOf(other); m.Former != nil {
		t.Errorf("%+v", m)
	}
	if _, err := a.Set("c", "https://a.example:9078", ""); !errors.Is(err, cluster.ErrTaken) {
		t.Errorf("an address of another: %v", err)
	}
}

func TestAChangeCanBeTakenBackOrForced(t *testing.T) {
	a, _ := found(t)
	line := invite(t, a)
	if _, err := apply(t, a, line, place("b"), newKey(t)); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove("b", false); err != nil {
		t.Fatalf("taking it back: %v", err)
	}
	if m, voters := epochOf(a); m.Epoch != 3 || voters != 1 || len(m.Former) != 2 {
		t.Errorf("%+v", m)
	}
	end(t, a)
	joined(t, a, "c")
	joined(t, a, "d")
	if err := a.Remove("c", false); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove("d", false); !errors.Is(err, cluster.ErrUnderWay) {
		t.Errorf("%v", err)
	}
	if err := a.Remove("d", true); err != nil {
		t.Fatal(err)
	}
	if m, voters := epochOf(a); voters != 1 || m.Former != nil {
		t.Errorf("%+v", m)
	}
}

func TestSoManyCannotGoThatNobodyKnowsWhatWasAcknowledged(t *testing.T) {
	a, _ := found(t)
	joined(t, a, "b")
	if _, err := a.Set("a", "", cluster.Observer); err != nil {
		t.Fatal(err)
	}
	end(t, a)
	if err := a.Remove("b", false); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("the only one that counts: %v", err)
	}
	if err := a.Remove("b", true); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("and nobody is left: %v", err)
	}
}

// renewed asks with a token as a node does that has another key or machine.
func renewed(t *testing.T, c *cluster.Cluster, terms cluster.Terms, p cluster.Place, k identity.Key) error {
	t.Helper()
	line, _, err := c.Invite(3600e9, 1, terms)
	if err != nil {
		return err
	}
	_, err = apply(t, c, line, p, k)
	return err
}

func TestAnotherMachineTakesThePlaceOfOneThatIsLost(t *testing.T) {
	a, _ := found(t)
	_, old := joined(t, a, "b")
	joined(t, a, "c")
	// Under the same name, or another one.
	if err := renewed(t, a, cluster.Terms{Replaces: "b"}, place("b"), newKey(t)); err != nil {
		t.Fatal(err)
	}
	m, voters := epochOf(a)
	if e, _ := m.Find("b"); voters != 3 || len(m.Former) != 3 || e.Since != m.Epoch {
		t.Errorf("%+v", m)
	}
	_, err := a.Admit("b", old.Public())
	wantTag(t, "the key of the lost one", err, identity.MemberRemoved)
	end(t, a)
	if err := renewed(t, a, cluster.Terms{Replaces: "c"}, place("d"), newKey(t)); err != nil {
		t.Fatal(err)
	}
	m, voters = epochOf(a)
	if _, ok := m.Find("c"); ok || voters != 3 {
		t.Errorf("%+v", m)
	}
	wantTag(t, "nobody", renewed(t, a, cluster.Terms{Replaces: "x"}, place("y"), newKey(t)), identity.NotAMember)
}

// Nobody would believe a node any more that is no member, so its authority would be of no
// use; and what it had begun would never end.
func TestTheNodeThatHoldsTheAuthorityStaysAMember(t *testing.T) {
	a, _ := found(t)
	b, _ := joined(t, a, "b")
	if err := a.Remove("a", true); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("removed: %v", err)
	}
	if _, _, err := a.Invite(3600e9, 1, cluster.Terms{Replaces: "a"}); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("replaced: %v", err)
	}
	if m, _ := epochOf(a); m.Epoch != 2 {
		t.Errorf("epoch %d", m.Epoch)
	}
	for _, node := range []memory.Node{"a", "b", "nobody"} {
		if err := b.Remove(node, false); !errors.Is(err, cluster.ErrNoAuthority) {
			t.Errorf("where there is no authority, %s: %v", node, err)
		}
	}
}

// What is so already is no change: no epoch, nothing for the members to hear of, and nothing
// in their audit logs.
func TestAMemberThatIsSoAlreadyMakesNoEpoch(t *testing.T) {
	a, _ := found(t)
	joined(t, a, "b")
	set := func(url string, role cluster.Role, want bool) {
		t.Helper()
		before, _ := a.Membership()
		changed, err := a.Set("b", url, role)
		after, _ := a.Membership()
		if err != nil || changed != want || (after.Epoch == before.Epoch+1) != want || !want && after.Epoch != before.Epoch {
			t.Errorf("--url %q --role %q: changed %v (%v), epoch %d to %d", url, role, changed, err, before.Epoch, after.Epoch)
		}
	}
	was, _ := a.Membership()
	b, _ := was.Find("b")
	set(b.URL, "", false)
	set("", cluster.Voter, false) // it counts, though nothing was said
	set("https://b.example:9999", "", true)
	set("https://b.example:9999", cluster.Voter, false)
	set(cluster.NoURL, "", true)
	set(cluster.NoURL, "", false)
	if m, _ := a.Membership(); func() bool { e, _ := m.Find("b"); return e.URL != "" }() {
		t.Errorf("it has an address still: %+v", m.Members)
	}
	set("https://b.example:9999", "", true)
	if _, err := a.Set("b", "nowhere", ""); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("no address: %v", err)
	}
	if _, err := a.Set("z", cluster.NoURL, ""); identity.TagOf(err) != identity.NotAMember {
		t.Errorf("a stranger: %v", err)
	}
}

// A node whose address was changed is where the others call it now: tokens name that
// address, and a key that follows is for it.
func TestANodeIsWhereTheMembershipSays(t *testing.T) {
	a, dir := found(t)
	const there = "https://a.example:9999"
	if _, err := a.Set("a", there, ""); err != nil {
		t.Fatal(err)
	}
	if got := a.Place().URL; got != there {
		t.Errorf("%s, want %s", got, there)
	}
	ask, err := a.Rotation("")
	if err != nil || ask.URL != there {
		t.Errorf("it asks for another key at %s (%v), want %s", ask.URL, err, there)
	}
	for address, want := range map[string]bool{":9999": true, "127.0.0.1:9999": true, "9999": false, "x:": false} {
		err := cluster.Listen(dir, address)
		p, _ := cluster.PlaceIn(dir)
		if (err == nil) != want || want && p.Listen != address || p.Name != a.Place().Name {
			t.Errorf("%s: %v, %+v", address, err, p)
		}
	}
}
