package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

const selftestHelp = `Do everything that changes memories, on a running node, and see that it worked:
create, edit, link, archive, delete, consolidate, approve and so on, in a
namespace of its own, _selftest/…, which is empty again afterwards.

With --cluster the node's members take part: each step is taken on the next node,
then every node has to hold it on disk and to show the result. Give --server
several times to name the nodes, if their addresses for clients are not those
that they have for each other.

Ends with 0 if all checks pass, and with 1 if one fails. What is erased leaves
its ids behind, as an erase does.`

func newSelftest(a *app) *cobra.Command {
	var servers []string
	var cluster bool
	var timeout time.Duration
	cmd := command("selftest [flags]", "Try out everything that changes memories, on a node or on all of them", argCheck{0, 0}, nil)
	cmd.Long = selftestHelp
	cmd.Annotations = map[string]string{changesState: "in a namespace that is empty again afterwards"}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		a.linger()
		if timeout <= 0 {
			return usage("--timeout %s: want more than 0", timeout)
		}
		nodes, err := a.nodes(cmd.Context(), servers, cluster)
		if err != nil {
			return err
		}
		t := &trial{nodes: nodes, timeout: timeout, ids: map[string]string{}}
		t.namespace = "_selftest/" + strings.ToLower(rand.Text()[:10])
		t.run(cmd.Context())
		t.clean(cmd.Context())
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		return a.showTrial(t)
	}
	cmd.Flags().BoolVar(&cluster, "cluster", false, "take in all members that the node knows")
	cmd.Flags().StringArrayVar(&servers, "server", nil, "`URL` of a node; repeat it for several (TALLY_SERVER; default http://127.0.0.1:9077)")
	cmd.Flags().DurationVar(&timeout, "timeout", 15*time.Second, "how long a step may take to reach all nodes")
	return cmd
}

// changesState marks commands that change memories and have no --durability.
const changesState = "changes-state"

// testNode is a node that takes part.
type testNode struct {
	name string
	node *client.Client
	err  error // it does not answer
}

// nodes connects to the nodes that are named, or to the one that other commands
// use, and with cluster to their members. The first must answer.
func (a *app) nodes(ctx context.Context, servers []string, cluster bool) ([]*testNode, error) {
	if len(servers) == 0 {
		servers = []string{a.address()}
	}
	var out []*testNode
	var members []client.Member
	for i, url := range servers {
		s, st, err := a.connectNode(ctx, url)
		if err != nil {
			return nil, err
		}
		if i == 0 && s.err != nil {
			return nil, s.err
		}
		if st != nil {
			members = append(members, st.Members...)
		}
		out = append(out, s)
	}
	for _, m := range members {
		if !cluster || len(servers) > 1 || slices.ContainsFunc(out, func(s *testNode) bool { return s.name == m.Name }) {
			continue
		}
		s, _, err := a.connectNode(ctx, m.URL)
		if err != nil {
			return nil, err
		}
		s.name = m.Name
		out = append(out, s)
	}
	return out, nil
}

func (a *app) connectNode(ctx context.Context, url string) (*testNode, *client.Status, error) {
	c, err := a.connectTo(url)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	st, err := c.Status(ctx)
	if err != nil {
		return &testNode{name: url, node: c, err: err}, nil, nil
	}
	return &testNode{name: st.Node, node: c}, st, nil
}

// trial is a run of the checks.
type trial struct {
	nodes     []*testNode
	namespace string
	timeout   time.Duration
	turn      int
	ids       map[string]string // of what checks have made, by a name
	made      []string          // ids to be erased
	results   []stepResult
}

// stepResult is the result of a check.
type stepResult struct {
	Check  string `json:"check"`
	Node   string `json:"node"`
	OK     bool   `json:"ok"`
	TookMS int64  `json:"took_ms"`
	Error  string `json:"error,omitempty"`
}

// check is a step: what to do on one node, and what every node has to show when
// all of them hold it.
type check struct {
	name string
	act  func(context.Context, *client.Client) (*client.Receipt, error)
	seen func(context.Context, *client.Client) error
}

// present are the nodes that answer.
func (t *trial) present() []*testNode {
	return slices.DeleteFunc(slices.Clone(t.nodes), func(s *testNode) bool { return s.err != nil })
}

func (t *trial) run(ctx context.Context) {
	for _, s := range t.nodes {
		t.note("reach", s.name, time.Now(), s.err)
	}
	for _, k := range t.checks() {
		if ctx.Err() != nil {
			return
		}
		t.try(ctx, k)
	}
}

func (t *trial) note(name, node string, began time.Time, err error) {
	v := stepResult{Check: name, Node: node, OK: err == nil, TookMS: time.Since(began).Milliseconds()}
	if err != nil {
		v.Error = err.Error()
	}
	t.results = append(t.results, v)
}

// try takes a step on the node whose turn it is.
func (t *trial) try(ctx context.Context, k check) {
	nodes := t.present()
	on := nodes[t.turn%len(nodes)]
	t.turn++
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	receipt, err := k.act(ctx, on.node)
	if err == nil {
		err = t.settled(ctx, on, receipt, k.seen)
	}
	t.note(k.name, on.name, began, err)
}

// settled waits until all nodes hold what was written, and show it. What is
// missing at the end of the context is the error.
func (t *trial) settled(ctx context.Context, on *testNode, r *client.Receipt, seen func(context.Context, *client.Client) error) error {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		err := t.held(ctx, on, r)
		for _, s := range t.present() {
			if err == nil && seen != nil {
				if err = seen(ctx, s.node); err != nil {
					err = fmt.Errorf("%s: %w", s.name, err)
				}
			}
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not after %s: %w", t.timeout, err)
		case <-tick.C:
		}
	}
}

// held reports which nodes do not hold a write on disk, as an error.
func (t *trial) held(ctx context.Context, on *testNode, r *client.Receipt) error {
	if r == nil {
		return nil
	}
	now, err := on.node.Receipt(ctx, r.Dot)
	if err != nil {
		return err
	}
	var lacking []string
	for _, s := range t.present() {
		if !slices.Contains(now.HeldBy, s.name) {
			lacking = append(lacking, s.name)
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("%s is not held by %s", r.Dot, strings.Join(lacking, ", "))
	}
	return nil
}

// clean erases what was made and proves that nothing is left, also after an
// interrupt or a failure.
func (t *trial) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*t.timeout)
	defer cancel()
	on := t.present()[0]
	began := time.Now()
	var errs []error
	if p, err := on.node.Governance().Proposals(ctx, "pending", 1000); err == nil {
		for _, one := range p {
			if strings.HasPrefix(one.Namespace, t.namespace) {
				_, err := on.node.Governance().Decide(ctx, one.ID, false)
				errs = append(errs, err)
			}
		}
	}
	if s, err := on.node.Governance().Standard(ctx, t.rules()); err == nil && s.ID() != "" {
		_, _, err := on.node.Governance().ClearStandard(ctx, t.rules())
		errs = append(errs, err)
	}
	for _, id := range t.made {
		if _, err := on.node.Erase(ctx, id); err != nil && !notFound(err) {
			errs = append(errs, err)
		}
	}
	err := errors.Join(errs...)
	if err == nil {
		err = t.settled(ctx, on, nil, t.empty)
	}
	t.note("clean up", on.name, began, err)
	began = time.Now()
	t.note("equal digests", on.name, began, t.equal(ctx, on))
}

// empty reports what a node still has of the trial.
func (t *trial) empty(ctx context.Context, c *client.Client) error {
	for _, ns := range []string{t.namespace, t.rules()} {
		page, err := c.List(ctx, client.Selection{Namespace: ns})
		if err != nil {
			return err
		}
		archived, err := c.Upkeep().Archived(ctx, client.Selection{Namespace: ns, Limit: 10})
		if err != nil {
			return err
		}
		if n := len(page.Memories) + len(archived); n > 0 {
			return fmt.Errorf("%d memories are left in %s", n, ns)
		}
	}
	return nil
}

// equal waits until all nodes have one digest at one time. Where others write
// all the while that may never be: then what differs must not be ours.
func (t *trial) equal(ctx context.Context, on *testNode) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err := t.settled(ctx, on, nil, func(ctx context.Context, c *client.Client) error {
		here, err := on.node.Status(ctx)
		if err != nil {
			return err
		}
		there, err := c.Status(ctx)
		if err == nil && here.Digest != there.Digest {
			err = errors.New("another digest than " + on.name)
		}
		return err
	})
	if err == nil || len(t.present()) == 1 {
		return err
	}
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), t.timeout)
	defer stop()
	for _, s := range t.present() {
		if s == on {
			continue
		}
		d, diffErr := on.node.Upkeep().Diff(late, s.name)
		if diffErr != nil || d.Truncated || slices.ContainsFunc(d.Differences, func(x client.Difference) bool { return t.ours(x.Key) }) {
			return err
		}
	}
	return nil
}

// ours reports whether the key of a register is of something that the trial made.
func (t *trial) ours(key string) bool {
	return strings.Contains(key, t.namespace) || slices.ContainsFunc(t.made, func(id string) bool { return strings.Contains(key, id) })
}

// trialView is a trial as JSON.
type trialView struct {
	OK        bool         `json:"ok"`
	Namespace string       `json:"namespace"`
	Nodes     []string     `json:"nodes"`
	Checks    []stepResult `json:"checks"`
}

func (a *app) showTrial(t *trial) error {
	v := trialView{OK: true, Namespace: t.namespace, Checks: t.results}
	for _, s := range t.nodes {
		v.Nodes = append(v.Nodes, s.name)
	}
	failed := 0
	for _, r := range t.results {
		if !r.OK {
			failed++
		}
	}
	v.OK = failed == 0
	err := a.show(v, func(w io.Writer) error {
		rows := make([][]string, len(t.results))
		for i, r := range t.results {
			word := "ok"
			if !r.OK {
				word = "FAILED"
			}
			rows[i] = []string{r.Check, r.Node, word, fmt.Sprintf("%d ms", r.TookMS), cmp.Or(r.Error, "")}
		}
		if err := table(w, []string{"CHECK", "ON", "RESULT", "TOOK", ""}, rows); err != nil {
			return err
		}
		names := strings.Join(v.Nodes, ", ")
		if failed > 0 {
			say(w, "\n%d of %d checks failed, on %s\n", failed, len(rows), names)
			return nil
		}
		say(w, "\nall %d checks passed, on %s\n", len(rows), names)
		return nil
	})
	if err == nil && failed > 0 {
		return errShown
	}
	return err
}
