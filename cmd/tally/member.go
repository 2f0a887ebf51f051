package main

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
)

func newMember(a *app) *cobra.Command {
	return parent("member", "List and change the members of a cluster", newMemberList(a), newMemberAdd(a), newMemberRemove(a),
		newMemberReplace(a), newMemberRotate(a), newMemberSet(a), newMemberEquivocations(a))
}

func newMemberList(a *app) *cobra.Command {
	cmd := command("list [flags]", "List the members, as this node knows them", argCheck{0, 0}, nil)
	open := identityOf(cmd, a)
	cmd.RunE = func(*cobra.Command, []string) error {
		c, err := open()
		if err != nil {
			return err
		}
		m, _ := c.Membership()
		under, err := c.UnderWay()
		if err != nil {
			return err
		}
		slices.SortFunc(m.Members, func(x, y cluster.Member) int { return strings.Compare(string(x.Node), string(y.Node)) })
		return a.show(m, func(w io.Writer) error { return listMembers(w, m, under) })
	}
	return cmd
}

func listMembers(w io.Writer, m cluster.Membership, underWay bool) error {
	say(w, "cluster %s, epoch %d\n", m.Domain, m.Epoch)
	if underWay {
		names := make([]string, len(m.Former))
		for i, s := range m.Former {
			names[i] = string(s.Node)
		}
		say(w, "the change to this epoch is under way: until it ends, %s must acknowledge, too\n", strings.Join(names, ", "))
	}
	rows := make([][]string, len(m.Members))
	for i, e := range m.Members {
		role, url := cluster.Voter, e.URL
		if !e.Counts() {
			role = e.Role
		}
		if url == "" {
			url = "calls the others"
		}
		rows[i] = []string{string(e.Node), url, string(role), string(e.Key.ID())[:16]}
	}
	return table(w, []string{"NODE", "URL", "ROLE", "KEY"}, rows)
}

// showChange says what the members are after a change.
func showChange(a *app, c *cluster.Cluster, what string) error {
	m, _ := c.Membership()
	return a.show(m, func(w io.Writer) error {
		say(w, "%s: epoch %d, %s\n", what, m.Epoch, count(len(m.Members), "member"))
		return nil
	})
}

func newMemberAdd(a *app) *cobra.Command {
	var observer bool
	cmd := command("add FILE [flags]", "Make a node a member by hand, without a token", argCheck{1, 1}, nil)
	cmd.Long = `Make a node a member that cannot reach the authority, or that is not to have a token.
FILE is what tally identity request has printed there ("-" is stdin): the node's name,
its public key and its address. What is printed here is for tally identity accept
there; there is no secret in either.`
	cmd.Example = "  tally identity request --node east > east.json     # there\n  tally member add east.json > welcome.json          # here\n" +
		"  tally identity accept welcome.json --root KEY      # there"
	open := identityOf(cmd, a)
	cmd.Flags().BoolVar(&observer, "observer", false, "it gets everything, and does not count")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		data, err := fileOrStdin(a, args[0])
		if err != nil {
			return err
		}
		var ask cluster.Application
		if err := json.Unmarshal(data, &ask); err != nil {
			return usage("%s is not what tally identity request prints: %v", args[0], err)
		}
		c, err := open()
		if err != nil {
			return err
		}
		role := cluster.Voter
		if observer {
			role = cluster.Observer
		}
		w, m, err := c.Add(ask, role)
		if err != nil {
			return underWay(err)
		}
		say(a.err, "%s is a member; there: tally identity accept FILE --root %s\n", m.Node, rootKey(c))
		return a.printJSON(w)
	}
	return cmd
}

// fileOrStdin reads a small file; "-" is stdin.
func fileOrStdin(a *app, name string) ([]byte, error) {
	if name == "-" {
		text, err := a.text(name)
		return []byte(text), err
	}
	return os.ReadFile(name) //nolint:gosec // the user names it
}

func newMemberRemove(a *app) *cobra.Command {
	cmd := command("remove NODE [flags]", "End a node's membership: its key is refused from then on", argCheck{1, 1}, nil)
	cmd.Long = `End a node's membership. Run it where the authority is; the node there may be
running, and tells the other members within seconds. The key of the removed node is
refused by all of them for good; it can join again with a new one.

One change at a time. With --force it does not wait for the one that is under way, and
nothing proves that what was acknowledged is still held by enough: that is for
members that are lost for good.`
	open := identityOf(cmd, a)
	var force bool
	cmd.Flags().BoolVar(&force, "force", false, "although a change is under way: for members that are lost for good")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c, err := open()
		if err != nil {
			return err
		}
		if err := c.Remove(memory.Node(args[0]), force); err != nil {
			return underWay(err)
		}
		return showChange(a, c, "removed "+args[0])
	}
	return cmd
}

func newMemberReplace(a *app) *cobra.Command {
	return newMemberToken(a, "replace NODE [flags]", "Print a token with which another machine takes the place of a lost one", `Print a line with which a node joins and takes the place of NODE, in one change: NODE is
a member no more, and who takes its place counts in its stead. It may have the same
name, on an empty disk. NODE stays a member until the line is used.`,
		func(n memory.Node) cluster.Terms { return cluster.Terms{Replaces: n} },
		func(url string) string { return "on the new machine: tally join " + url + " TOKEN" })
}

func newMemberRotate(a *app) *cobra.Command {
	return newMemberToken(a, "rotate NODE [flags]", "Print a token with which a member gets another key", `Print a line with which NODE gets another key, when somebody else may have the one that
it has: that is refused from the moment on in which the line is used. The node keeps
its name, its place and its data, and may be running. To refuse the key at once, before
the node has another one: tally member remove.`,
		func(n memory.Node) cluster.Terms { return cluster.Terms{Rotates: n} },
		func(string) string { return "on that machine: tally identity rotate --token TOKEN" })
}

func newMemberToken(a *app, use, short, long string, terms func(memory.Node) cluster.Terms, next func(url string) string) *cobra.Command {
	cmd := command(use, short, argCheck{1, 1}, nil)
	cmd.Long = long
	open := identityOf(cmd, a)
	ttl := ttlOf(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		d, err := ttl()
		if err != nil {
			return err
		}
		c, err := open()
		if err != nil {
			return err
		}
		return invite(a, c, d, 1, terms(memory.Node(args[0])), next(c.Place().URL))
	}
	return cmd
}

func newMemberSet(a *app) *cobra.Command {
	var url, role string
	cmd := command("set NODE [flags]", "Change the address of a member, or whether it counts", argCheck{1, 1}, nil)
	cmd.Long = `Change where members call NODE, or whether it counts: a voter does; an observer gets and
holds everything, and does not. Run it where the authority is. What changes nothing makes
no new epoch.`
	open := identityOf(cmd, a)
	cmd.Flags().StringVar(&url, "url", "", "`URL` at which members call it; none: they cannot, it calls them")
	cmd.Flags().StringVar(&role, "role", "", "`ROLE`: voter or observer")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if url == "" && role == "" {
			return usage("give --url or --role")
		}
		c, err := open()
		if err != nil {
			return err
		}
		changed, err := c.Set(memory.Node(args[0]), strings.TrimRight(url, "/"), cluster.Role(role))
		if err != nil {
			return underWay(err)
		}
		what := "changed " + args[0]
		if !changed {
			what = args[0] + " is so already"
		}
		return showChange(a, c, what)
	}
	return cmd
}
