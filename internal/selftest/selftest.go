// Package selftest tries out on running nodes everything that changes memories: each step
// is taken on the next node, and then every node has to hold it on disk and to show it.
// What it makes it erases.
package selftest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
)

// Node is a node that takes part.
type Node struct {
	Name   string
	Client *client.Client
	Err    error // why it does not answer; nil: it does
}

// Report is what a run found.
type Report struct {
	Namespace string   // in which all memories were
	Results   []Result // in the order of the checks
}

// Failed is how many checks did.
func (r *Report) Failed() int {
	n := 0
	for i := range r.Results {
		if !r.Results[i].OK {
			n++
		}
	}
	return n
}

// Result is the result of a check.
type Result struct {
	Check  string `json:"check"`
	Node   string `json:"node"` // on which it was taken
	OK     bool   `json:"ok"`
	TookMS int64  `json:"took_ms"`
	Error  string `json:"error,omitempty"`
}

// Run takes all steps, on the nodes in turn, in a namespace of its own, _selftest/…, which
// is empty again when it returns, also where a check failed. The first node must answer;
// one that does not is a check that failed, and the others go on without it. A step may
// take up to timeout to reach all nodes. Run ends early with the context, and erases what
// it made all the same.
func Run(ctx context.Context, nodes []*Node, timeout time.Duration) *Report {
	t := &trial{nodes: nodes, timeout: timeout, ids: map[string]string{}}
	t.namespace = "_selftest/" + strings.ToLower(rand.Text()[:10])
	t.run(ctx)
	t.clean(ctx)
	return &Report{Namespace: t.namespace, Results: t.results}
}

// trial is a run of the checks.
type trial struct {
	nodes     []*Node
	namespace string
	timeout   time.Duration
	turn      int
	ids       map[string]string // of what checks have made, by a name
	made      []string          // ids to be erased
	results   []Result
}

// check is a step: what to do on one node, and what every node has to show when
// all of them hold it.
type check struct {
	name string
	act  func(context.Context, *client.Client) (*client.Receipt, error)
	seen func(context.Context, *client.Client) error
}

// present are the nodes that answer.
func (t *trial) present() []*Node {
	return slices.DeleteFunc(slices.Clone(t.nodes), func(s *Node) bool { return s.Err != nil })
}

func (t *trial) run(ctx context.Context) {
	for _, s := range t.nodes {
		t.note("reach", s.Name, time.Now(), s.Err)
	}
	for _, k := range t.checks() {
		if ctx.Err() != nil {
			return
		}
		t.try(ctx, k)
	}
}

func (t *trial) note(name, node string, began time.Time, err error) {
	v := Result{Check: name, Node: node, OK: err == nil, TookMS: time.Since(began).Milliseconds()}
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
	receipt, err := k.act(ctx, on.Client)
	if err == nil {
		err = t.settled(ctx, on, receipt, k.seen)
	}
	t.note(k.name, on.Name, began, err)
}

// settled waits until all nodes hold what was written, and show it. What is
// missing at the end of the context is the error.
func (t *trial) settled(ctx context.Context, on *Node, r *client.Receipt, seen func(context.Context, *client.Client) error) error {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		err := t.held(ctx, on, r)
		for _, s := range t.present() {
			if err == nil && seen != nil {
				if err = seen(ctx, s.Client); err != nil {
					err = fmt.Errorf("%s: %w", s.Name, err)
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
func (t *trial) held(ctx context.Context, on *Node, r *client.Receipt) error {
	if r == nil {
		return nil
	}
	now, err := on.Client.Receipt(ctx, r.Dot)
	if err != nil {
		return err
	}
	var lacking []string
	for _, s := range t.present() {
		if !slices.Contains(now.HeldBy, s.Name) {
			lacking = append(lacking, s.Name)
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
	if p, err := on.Client.Governance().Proposals(ctx, "pending", 1000); err == nil {
		for _, one := range p {
			if strings.HasPrefix(one.Namespace, t.namespace) {
				_, err := on.Client.Governance().Decide(ctx, one.ID, false)
				errs = append(errs, err)
			}
		}
	}
	if s, err := on.Client.Governance().Standard(ctx, t.rules()); err == nil && s.ID() != "" {
		_, _, err := on.Client.Governance().ClearStandard(ctx, t.rules())
		errs = append(errs, err)
	}
	for _, id := range t.made {
		if _, err := on.Client.Erase(ctx, id); err != nil && !client.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	err := errors.Join(errs...)
	if err == nil {
		err = t.settled(ctx, on, nil, t.empty)
	}
	t.note("clean up", on.Name, began, err)
	began = time.Now()
	t.note("equal digests", on.Name, began, t.equal(ctx, on))
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
func (t *trial) equal(ctx context.Context, on *Node) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err := t.settled(ctx, on, nil, func(ctx context.Context, c *client.Client) error {
		here, err := on.Client.Status(ctx)
		if err != nil {
			return err
		}
		there, err := c.Status(ctx)
		if err == nil && here.Digest != there.Digest {
			err = errors.New("another digest than " + on.Name)
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
		d, diffErr := on.Client.Upkeep().Diff(late, s.Name)
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
