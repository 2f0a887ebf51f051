package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

const (
	demoQuorum  = 2
	demoWrites  = 600 // at least
	demoWorkers = 24
	demoMost    = 100_000 // sections of one corpus that are read
)

func newDemo(a *app) *cobra.Command {
	var path, dir string
	var exit bool
	cmd := command("demo [flags]", "Start three nodes, kill one while writing, and watch it catch up", argCheck{0, 0}, nil)
	cmd.Long = `Start three nodes as processes of this machine: one founds a federation, two join it,
and from then on they talk over TLS and sign what they say. Import real text by
writing to all three at once, kill one with SIGKILL in the middle, go on writing to
the two that are left, start it again, and wait until all three are proven equal.
Then read every acknowledged memory back from every node, check the receipt of the
last one by its signatures, and print what happened.

The nodes stay up until Ctrl-C, and their data goes with them. With --exit the
demo ends by itself, with 0 only if everything held.`
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		a.linger()
		drafts, err := demoDrafts(path)
		if err != nil {
			return err
		}
		d := &demo{app: a, out: a.out, drafts: drafts, source: path}
		if a.json {
			d.out = a.err // stdout has the result only
		}
		return d.run(cmd.Context(), dir, exit)
	}
	cmd.Flags().StringVar(&path, "import", ".", "what to import: a `path` that tally import takes")
	cmd.Flags().StringVar(&dir, "dir", ".demo", "`directory` under which the nodes keep their data")
	cmd.Flags().BoolVar(&exit, "exit", false, "end when done, with status 0 only if everything held")
	localHelp(cmd)
	return cmd
}

// demoDrafts reads the corpus and repeats it in further namespaces until there
// is enough to write.
func demoDrafts(path string) ([]client.Draft, error) {
	src, err := importer.Open(path, strings.NewReader(""))
	if err != nil {
		return nil, usage("demo: %v", err)
	}
	defer func() { _ = src.Close() }()
	var base []client.Draft
	seen := map[[2]string]bool{}
	for item, err := range src.Items(importer.Options{Tier: "long"}) {
		if _, bad := errors.AsType[*importer.ItemError](err); bad {
			continue
		}
		if err != nil {
			return nil, err
		}
		d := item.Draft
		name := [2]string{d.Namespace, d.Title}
		if item.Link != nil || item.Standard != nil || item.Loss != nil || item.Archived || seen[name] {
			continue
		}
		seen[name] = true
		d.ID, d.OnConflict = "", "merge"
		d.ExpiresAt, d.TTL = nil, 0
		if base = append(base, d); len(base) == demoMost {
			break
		}
	}
	if len(base) == 0 {
		return nil, usage("demo: no text in %s: name a folder of Markdown, a JSONL file or a LoCoMo file with --import", path)
	}
	var out []client.Draft
	for round := 1; len(out) < demoWrites; round++ {
		for _, d := range base {
			d.Namespace = strings.TrimSuffix(fmt.Sprintf("demo/%d/%s", round, strings.ReplaceAll(d.Namespace, "/", "-")), "/")
			out = append(out, d)
		}
	}
	return out, nil
}

// demo is one run.
type demo struct {
	app    *app
	out    io.Writer
	source string
	drafts []client.Draft
	nodes  []*demoProcess
	roots  ca.Roots // whom a third party would believe
	result demoResult
}

// demoProcess is a node that the demo runs.
type demoProcess struct {
	*fleet.Node

	client *client.Client
}

func (d *demo) say(format string, args ...any) { say(d.out, format+"\n", args...) }

// run plays the demo and takes its nodes down again, whatever happens.
func (d *demo) run(ctx context.Context, dir string, exit bool) (err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	home, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, d.stop())
		if err == nil || errors.Is(err, context.Canceled) {
			err = errors.Join(err, os.RemoveAll(home))
			return
		}
		d.say("the data and the logs of the nodes are kept in %s", home)
	}()
	if err := d.start(ctx, home); err != nil {
		return err
	}
	if err := d.play(ctx); err != nil {
		return err
	}
	if err := d.report(); err != nil {
		return err
	}
	if !exit {
		d.invite(ctx)
		<-ctx.Done()
	}
	return d.result.verdict()
}

// play is the plot: write, kill, write on, restart, wait, account.
func (d *demo) play(ctx context.Context) error {
	victim := d.nodes[len(d.nodes)-1]
	d.say("writing %d memories to all three at once, each to be held by %d …", len(d.drafts), demoQuorum)
	w := newDemoWriter(d.drafts, d.nodes)
	if err := w.run(ctx, victim); err != nil {
		return err
	}
	d.say("killed %s with SIGKILL after %d writes; the other two took the rest", victim.Name, w.killedAfter)
	d.say("starting %s again …", victim.Name)
	d.result.fill(w)
	if err := victim.Start(ctx); err != nil {
		return err
	}
	if err := d.awaitEqual(ctx, w.last); err != nil {
		return err
	}
	d.say("reading every acknowledged memory back from every node …")
	if err := d.account(ctx, w.acks); err != nil {
		return err
	}
	if err := d.prove(ctx, w.dot); err != nil {
		return err
	}
	return d.recall(ctx, victim)
}

// demoMember is a node of the demo that is not running yet.
type demoMember struct {
	client, members fleet.Place // where clients are answered, and members
	data            string
}

func (m demoMember) place() cluster.Place {
	return cluster.Place{
		Node: memory.Node(m.client.Name), Name: identity.Name(m.client.Name), Listen: m.members.Addr, URL: "https://" + m.members.Addr,
	}
}

// start brings up three nodes: the first founds a federation, and the others join it,
// one after the other, each with a token.
func (d *demo) start(ctx context.Context, home string) error {
	names := []string{"alder", "birch", "cedar"}
	clients, err := fleet.Places(ctx, names...)
	if err != nil {
		return err
	}
	members, err := fleet.Places(ctx, names...)
	if err != nil {
		return err
	}
	var founder *cluster.Cluster
	for i, name := range names {
		m := demoMember{client: clients[i], members: members[i], data: filepath.Join(home, name)}
		if founder == nil {
			founder, err = node.Found(m.data, "demo", m.place())
		} else {
			_, err = node.JoinFrom(ctx, m.data, founder, m.place())
		}
		if err != nil {
			return err
		}
		if err := d.launch(ctx, m); err != nil {
			return err
		}
	}
	d.roots = founder.Roots()
	d.say("they talk over TLS with certificates of their own, and sign what they say")
	return d.awaitMembers(ctx)
}

// launch starts a node that has an identity.
func (d *demo) launch(ctx context.Context, m demoMember) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := &demoProcess{Node: d.app.family.Node(fleet.Config{
		Name: m.client.Name, Program: self, Env: fleet.Environ(d.app.env), Log: m.data + ".log",
		Args: append([]string{"serve"}, fleet.Flags([]fleet.Place{m.client}, 0, m.data)...),
	})}
	if p.client, err = client.New(client.Options{URL: m.client.URL()}); err != nil {
		return err
	}
	d.nodes = append(d.nodes, p)
	if err := p.Start(ctx); err != nil {
		return err
	}
	d.say("started %s at %s", p.Name, p.URL())
	return nil
}

// awaitMembers waits until all nodes go by all of them.
func (d *demo) awaitMembers(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; {
		missing := ""
		for _, p := range d.nodes {
			if s, err := p.client.Status(ctx); err != nil || s.N != len(d.nodes) {
				missing = p.Name
			}
		}
		if missing == "" || time.Now().After(end) {
			return nil // who is not there by then is missed below
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// prove checks, as somebody else would, that members have signed that they hold a write.
func (d *demo) prove(ctx context.Context, dot string) error {
	signed, err := d.nodes[0].client.SignedReceipt(ctx, dot)
	if err != nil {
		return err
	}
	var r receipt.Receipt
	if err := json.Unmarshal(signed, &r); err != nil {
		return fmt.Errorf("receipt of %s: %w", dot, err)
	}
	v := r.Verify(d.roots.Credentials(), time.Now())
	d.result.Proven, d.result.Enough = dot, v.Enough
	for _, name := range v.Holders {
		d.result.SignedBy = append(d.result.SignedBy, string(name))
	}
	return nil
}

// stop takes down what is up. A connection of ours that is open and unused
// would keep its node draining.
func (d *demo) stop() error {
	var nodes []*fleet.Node
	for _, p := range d.nodes {
		p.client.CloseIdle()
		nodes = append(nodes, p.Node)
	}
	return fleet.Stop(nodes...)
}
