package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/node"
)

func newCluster(a *app) *cobra.Command {
	return parent("cluster", "Found a federation across machines, and let nodes in", newClusterInit(a), newClusterToken(a), newClusterAdopt(a))
}

// placeFlags say where a node answers members.
type placeFlags struct {
	settings            func(context.Context) (node.Config, error)
	listen, url, region string
	noServe             bool
}

func (p *placeFlags) add(cmd *cobra.Command, a *app) {
	p.settings = configOf(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&p.listen, "members-listen", ":9078", "`HOST:PORT` on which other members are answered, with TLS")
	flags.StringVar(&p.url, "members-url", "", "`URL` at which they call it (default https://, this machine's name, and the port); none: they cannot, it calls them")
	flags.StringVar(&p.region, "region", "", "`REGION` of the node: it is called region/REGION/NODE, and an authority of that region may sign for it")
	flags.BoolVar(&p.noServe, "no-serve", false, "make the files, and do not run the node")
}

// unreachable is the address of a node that others cannot call.
const unreachable = cluster.NoURL

// regionOf is the name below which the nodes of a region are.
func regionOf(region string) identity.Name { return identity.Name("region/" + region) }

// place completes what the flags say.
func (p *placeFlags) place(name string) (cluster.Place, error) {
	host, port, err := net.SplitHostPort(p.listen)
	if err != nil || port == "" {
		return cluster.Place{}, usage("--members-listen %q: want HOST:PORT, such as :9078", p.listen)
	}
	out := cluster.Place{Name: identity.Name(name), Listen: p.listen, URL: strings.TrimRight(p.url, "/")}
	if p.region != "" {
		out.Name = regionOf(p.region) + identity.Name("/"+name)
	}
	if out.URL == unreachable {
		out.URL = ""
		return out, nil
	}
	if out.URL == "" {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			if host, err = os.Hostname(); err != nil {
				return cluster.Place{}, usage("--members-url is needed: this machine has no name: %v", err)
			}
		}
		out.URL = "https://" + net.JoinHostPort(host, port)
	}
	if err := cluster.ValidURL(out.URL); err != nil {
		return cluster.Place{}, usage("--members-url: %v", err)
	}
	return out, nil
}

// config is that of the node that is about to get an identity.
func (p *placeFlags) config(ctx context.Context) (node.Config, cluster.Place, error) {
	cfg, err := p.settings(ctx)
	if err != nil {
		return cfg, cluster.Place{}, err
	}
	if len(cfg.Members) > 0 {
		return cfg, cluster.Place{}, usage("members are named in the settings: take them away, those of a cluster come with their identities")
	}
	place, err := p.place(string(cfg.Node))
	place.Node = cfg.Node
	return cfg, place, err
}

func newClusterInit(a *app) *cobra.Command {
	var p placeFlags
	var name string
	cmd := command("init --name NAME [flags]", "Make a cluster's authority and its first node, and run it", argCheck{0, 0}, nil)
	cmd.Long = `Make the authority of a new cluster and the identity of its first node, in the
directory identity below the node's data, and run the node. What the data directory
holds already stays, and goes to every member that joins.

The file identity/ca.key makes members: keep a copy of it in a safe place. Other
nodes join with a token: tally cluster token`
	cmd.Example = "  tally cluster init --name acme\n  tally cluster init --name acme --node north --members-url https://north.example:9078"
	p.add(cmd, a)
	cmd.Flags().StringVar(&name, "name", "", "what the cluster is called, like a host `name`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := identity.Domain(name).Valid(); err != nil {
			return usage("--name: %v", err)
		}
		cfg, place, err := p.config(cmd.Context())
		if err != nil {
			return err
		}
		c, err := node.Found(cfg.Data, identity.Domain(name), place)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("the node in %s has an identity already: %w", cfg.Data, err)
		}
		if err != nil {
			return err
		}
		say(a.err, "cluster %s, node %s: %s\nkey of the root: %s, in words: %s\nkeep a copy of ca.key in %s/identity: it makes members\n"+
			"next: tally cluster token%s\n", name, place.Node, calledAt(place.URL), rootKey(c), rootWords(c), cfg.Data, dataFlag(cmd, cfg))
		return runUnless(cmd.Context(), a, cfg, p.noServe)
	}
	return cmd
}

// calledAt says where members call a node.
func calledAt(url string) string {
	if url == "" {
		return "members do not call it, it calls them"
	}
	return "members call it at " + url
}

// rootKey is the public key that receipts can be checked with.
func rootKey(c *cluster.Cluster) string {
	key, _ := identity.PublicKeyOf(c.Root().PublicKey)
	return key.String()
}

// rootWords is the fingerprint of the root as people compare it.
func rootWords(c *cluster.Cluster) string {
	return strings.Join(identity.Words(ca.Fingerprint(c.Root())), " ")
}

// dataFlag repeats --data for the next command, if it was given.
func dataFlag(cmd *cobra.Command, cfg node.Config) string {
	if f := cmd.Flags().Lookup("data"); f != nil && f.Changed {
		return " --data " + cfg.Data
	}
	return ""
}

// runUnless runs the node, unless only its files were wanted.
func runUnless(ctx context.Context, a *app, cfg node.Config, no bool) error {
	if no {
		return nil
	}
	return runNode(ctx, a, cfg, nil)
}

// dataOf adds --data to a command that works on files of a node.
func dataOf(cmd *cobra.Command, a *app) func() (string, error) {
	var data string
	cmd.Flags().StringVar(&data, "data", "", "the node's data `directory` (TALLY_DATA)")
	return func() (string, error) {
		flags := given{}
		if data != "" {
			flags["data"] = []string{data}
		}
		cfg, err := resolve(flags, a.getenv, "")
		return cfg.Data, err
	}
}

// identityOf adds --data to a command that works on what is known of the cluster there.
func identityOf(cmd *cobra.Command, a *app) func() (*cluster.Cluster, error) {
	data := dataOf(cmd, a)
	return func() (*cluster.Cluster, error) {
		dir, err := data()
		if err != nil {
			return nil, err
		}
		return openIdentity(dir)
	}
}

// openIdentity opens what is in a node's data directory.
func openIdentity(data string) (*cluster.Cluster, error) {
	c, err := node.OpenIdentity(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the node in %s has no identity: found a cluster with `tally cluster init`, or join one with `tally join`", data)
	}
	return c, err
}

func newClusterToken(a *app) *cobra.Command {
	var uses int
	cmd := command("token [flags]", "Print a token with which a node can join", argCheck{0, 0}, nil)
	cmd.Long = `Print a line that lets one more node in. It is shown once: only its hash is kept.
Run it where the authority is; the node may be running. Whoever has the line can
join until it is used or has ended, so hand it over as you would a password.`
	open := identityOf(cmd, a)
	var observer bool
	var cancel string
	ttl := ttlOf(cmd)
	cmd.Flags().IntVar(&uses, "uses", 1, "how many nodes may join with it")
	cmd.Flags().BoolVar(&observer, "observer", false, "who joins with it gets everything, and does not count")
	cmd.Flags().StringVar(&cancel, "cancel", "", "end the token `ID` instead; its ID is in what was said when it was made")
	cmd.RunE = func(*cobra.Command, []string) error {
		d, err := ttl()
		if err != nil {
			return err
		}
		c, err := open()
		if err != nil {
			return err
		}
		if cancel != "" {
			return cancelToken(a, c, cancel)
		}
		return invite(a, c, d, uses, cluster.Terms{Observer: observer}, "on the other machine: tally join "+c.Place().URL+" TOKEN")
	}
	return cmd
}

// ttlOf adds --ttl to a command that makes a token.
func ttlOf(cmd *cobra.Command) func() (time.Duration, error) {
	text := cmd.Flags().String("ttl", "1h", "`time` until it ends, such as 15m, 1h or 2d")
	return func() (time.Duration, error) {
		d, err := duration(*text)
		if err != nil {
			return 0, usage("--ttl %q: want a time such as 15m, 1h or 2d", *text)
		}
		return d, nil
	}
}

// invite makes a token and prints its line; next says what to do with that.
func invite(a *app, c *cluster.Cluster, ttl time.Duration, uses int, terms cluster.Terms, next string) error {
	line, token, err := c.Invite(ttl, uses, terms)
	if err != nil {
		return authorityError(err)
	}
	say(a.err, "token %s, until %s; %s\nwhat it says there of the root: %s\n", token.ID, token.Expires.Format(time.RFC3339), next, rootWords(c))
	say(a.out, "%s\n", line)
	return nil
}

func cancelToken(a *app, c *cluster.Cluster, id string) error {
	ended, err := c.Cancel(id)
	if err != nil {
		return err
	}
	if !ended {
		return fmt.Errorf("there is no token %s", id)
	}
	say(a.out, "token %s has ended\n", id)
	return nil
}

func newJoin(a *app) *cobra.Command {
	var p placeFlags
	cmd := command("join URL TOKEN [flags]", "Join a cluster with a token, and run the node", argCheck{2, 2}, nil)
	cmd.Long = `Join the cluster whose authority is at URL, and run the node. The TOKEN is what
tally cluster token printed there; with "-" it is read from stdin. Nothing is said
to anybody who cannot show the root that the token names. What this node holds
already stays, and goes to the other members. If no answer comes, give the same
command again: the token then lets this node in, and no other.`
	cmd.Example = "  tally join https://north.example:9078 tally-join-… --node east"
	p.add(cmd, a)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		line, err := a.text(args[1])
		if err != nil {
			return err
		}
		cfg, place, err := p.config(cmd.Context())
		if err != nil {
			return err
		}
		a.leaves("the token lets this node in, now or already: give the same command again")
		c, err := node.Join(cmd.Context(), cfg.Data, strings.TrimRight(args[0], "/"), line, place)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("the node in %[1]s has an identity already: run it with `tally serve --data %[1]s`; to join another federation move %[1]s/identity away first, its memories stay", cfg.Data)
		}
		if err != nil {
			return err
		}
		m, _ := c.Membership()
		say(a.err, "joined %s as %s, the cluster has %d members; the root: %s\n", m.Domain, place.Node, len(m.Members), rootWords(c))
		if p.noServe {
			return nil
		}
		return runNode(cmd.Context(), a, cfg, caughtUp(a.err))
	}
	return cmd
}

// caughtUp shows how far a node has caught up with the others.
func caughtUp(w io.Writer) func(held, known uint64) {
	p := newProgress(w, "ops of the others are here")
	return func(held, known uint64) {
		p.at(int(held), int(known))
		if held == known {
			p.done()
			say(w, "caught up: %d ops of the others are here\n", held)
		}
	}
}

// underWay says what to do where a change of the members cannot begin.
func underWay(err error) error {
	if !errors.Is(err, cluster.ErrUnderWay) {
		return authorityError(err)
	}
	return fmt.Errorf("%w: it ends when enough members go by it and hold what the others have acknowledged, mostly within seconds; "+
		"the node here and a majority must run. If members of it are lost for good: tally member remove NODE --force", err)
}
