package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/screen"
)

// demoResult is what happened.
type demoResult struct {
	Writes       int            `json:"writes"`
	PerSecond    float64        `json:"writes_per_second"`
	Receipts     map[string]int `json:"receipts"` // by durability reached in time
	Missed       int            `json:"missed_quorum"`
	Retried      int            `json:"retried"`
	Killed       string         `json:"killed"`
	KilledAfter  int            `json:"killed_after_writes"`
	CaughtUp     float64        `json:"caught_up_seconds"` // digests equal, from the restart on
	ProvenEqual  float64        `json:"proven_equal_seconds"`
	Nodes        []demoNode     `json:"nodes"`
	Equal        bool           `json:"equal"`
	Accounted    int            `json:"accounted"` // acknowledged memories read back from every node
	Lost         []string       `json:"lost"`      // what was not, as "node id"
	Proven       string         `json:"proven"`    // the last write, as its receipt was checked
	SignedBy     []string       `json:"signed_by"` // the members that have signed that they hold it
	Enough       bool           `json:"enough"`    // as many as the writer waited for
	Question     string         `json:"question"`
	Namespace    string         `json:"namespace"` // that was asked in
	Hits         []client.Hit   `json:"hits"`
	AnsweredBy   string         `json:"answered_by"`
	restarted    time.Time
	acknowledged int
}

type demoNode struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Digest   string `json:"digest"`
	Memories int64  `json:"memories"`
}

func (r *demoResult) fill(w *demoWriter) {
	r.Writes, r.acknowledged = len(w.drafts), len(w.acks)
	r.PerSecond = float64(len(w.acks)) / w.took.Seconds()
	r.Receipts, r.Missed, r.Retried = w.receipts, w.missed, w.retried
	r.Killed, r.KilledAfter = w.down.Name, w.killedAfter
	r.restarted = time.Now()
	r.Lost = []string{}
}

// verdict is nil only if everything held.
func (r *demoResult) verdict() error {
	switch {
	case !r.Equal:
		return errors.New("the nodes did not become equal")
	case len(r.Lost) > 0 || r.Accounted != r.Writes:
		return fmt.Errorf("%d of %d acknowledged memories are not on every node", r.Writes-r.Accounted, r.Writes)
	case !r.Enough:
		return fmt.Errorf("the receipt of %s proves nothing: signed by %v", r.Proven, r.SignedBy)
	case len(r.Hits) == 0:
		return errors.New("recall found nothing")
	}
	return nil
}

// awaitEqual waits until all digests are the same, and each node has proven
// itself equal with each other one since the last write.
func (d *demo) awaitEqual(ctx context.Context, last time.Time) error {
	const equalTimeout = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, equalTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	r := &d.result
	for {
		list, err := d.statuses(ctx)
		if err == nil && sameDigest(list) {
			if r.CaughtUp == 0 {
				r.CaughtUp = since(r.restarted)
			}
			if provenSince(list, last) {
				r.ProvenEqual, r.Equal = since(r.restarted), true
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("not proven equal within %s: %w", equalTimeout, errors.Join(err, d.report()))
			}
			return ctx.Err()
		}
	}
}

func (d *demo) statuses(ctx context.Context) ([]*client.Status, error) {
	d.result.Nodes = nil
	list := make([]*client.Status, len(d.nodes))
	for i, p := range d.nodes {
		s, err := p.client.Status(ctx)
		if err != nil {
			return nil, err
		}
		list[i] = s
		d.result.Nodes = append(d.result.Nodes, demoNode{p.Name, p.URL(), s.Digest, s.Counts.Live})
	}
	return list, nil
}

func sameDigest(list []*client.Status) bool {
	for _, s := range list {
		if s.Digest != list[0].Digest {
			return false
		}
	}
	return true
}

func provenSince(list []*client.Status, last time.Time) bool {
	for _, s := range list {
		if len(s.Members) != len(list)-1 {
			return false
		}
		for _, m := range s.Members {
			if m.ProvenEqualAt.IsZero() || m.ProvenEqualAt.Before(last) {
				return false
			}
		}
	}
	return true
}

// account reads each acknowledged memory from each node.
func (d *demo) account(ctx context.Context, acks []ack) error {
	secrets := screen.New() // texts that look like one are masked as they are written
	whole := make([]bool, len(acks))
	lost := make([][]string, len(acks))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(demoWorkers)
	for i, k := range acks {
		g.Go(func() error {
			whole[i] = true
			want := screen.Mask(k.content, secrets.Find(k.content))
			for _, p := range d.nodes {
				m, _, err := p.client.Get(ctx, k.id)
				if err != nil && !notFound(err) {
					return err
				}
				if err != nil || m.Content != want {
					whole[i] = false
					lost[i] = append(lost[i], p.Name+" "+k.id)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i := range acks {
		if whole[i] {
			d.result.Accounted++
		}
		d.result.Lost = append(d.result.Lost, lost[i]...)
	}
	return nil
}

// recall asks the node that was dead for something that was written while it
// was. Its text index may be a moment behind its store.
func (d *demo) recall(ctx context.Context, p *demoProcess) error {
	asked := d.drafts[len(d.drafts)-1-len(d.drafts)/10]
	// The text was imported several times; one namespace has it once.
	d.result.Question, d.result.Namespace, d.result.AnsweredBy = question(asked), asked.Namespace, p.Name
	for range 50 {
		found, err := p.client.Recall(ctx, d.result.Question, client.Selection{Limit: 3, Namespace: asked.Namespace})
		if err != nil {
			return err
		}
		if d.result.Hits = found.Memories; len(found.Memories) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// question is what somebody might ask to find the draft: the words of its heading
// or, if it has none, those that its text begins with.
func question(d client.Draft) string {
	text := d.Content
	if _, heading, ok := strings.Cut(d.Title, " › "); ok && len(wordsOf(heading)) > 1 {
		text = heading
	}
	words := wordsOf(text)
	return strings.Join(words[:min(8, len(words))], " ")
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func (d *demo) report() error {
	r := &d.result
	return d.app.show(r, func(w io.Writer) error {
		receipts := make([]string, 0, len(r.Receipts))
		for _, level := range slices.Sorted(maps.Keys(r.Receipts)) {
			receipts = append(receipts, fmt.Sprintf("%s %d", level, r.Receipts[level]))
		}
		say(w, "\n")
		rows := [][]string{
			{"writes", fmt.Sprintf("%d from %s, %.0f/s", r.Writes, d.source, r.PerSecond)},
			{"receipts", strings.Join(receipts, ", ")},
			{"missed quorum", decimal(r.Missed)},
			{"retried", fmt.Sprintf("%d (no answer from the dead node, so repeated at another)", r.Retried)},
			{"killed", fmt.Sprintf("%s, after %d writes", r.Killed, r.KilledAfter)},
			{"caught up", fmt.Sprintf("%.1f s after its restart", r.CaughtUp)},
			{"proven equal", fmt.Sprintf("%.1f s after its restart", r.ProvenEqual)},
			{"accounted for", fmt.Sprintf("%d of %d acknowledged memories, on each node", r.Accounted, r.acknowledged)},
			{"proven", fmt.Sprintf("%s: the receipt is signed by %s", r.Proven, strings.Join(r.SignedBy, ", "))},
		}
		if err := table(w, nil, rows); err != nil {
			return err
		}
		say(w, "\n")
		rows = nil
		for _, n := range r.Nodes {
			rows = append(rows, []string{n.Name, decimal(n.Memories), n.Digest})
		}
		if err := table(w, []string{"NODE", "MEMORIES", "DIGEST"}, rows); err != nil {
			return err
		}
		say(w, "\n%s, which was dead when it was written, recalls %q:\n\n", r.AnsweredBy, r.Question)
		if err := showHits(w, r.Hits, false); err != nil {
			return err
		}
		verdict := "\neverything held"
		if err := r.verdict(); err != nil {
			verdict = "\nNOT everything held: " + err.Error()
		}
		say(w, "%s\n", verdict)
		return nil
	})
}

// invite names three commands to try on the nodes, and where to see them.
func (d *demo) invite(ctx context.Context) {
	self := shellQuoted(os.Args[0])
	a, b := d.nodes[0].URL(), d.nodes[1].URL()
	d.say("\nThe nodes stay up. Try, in another terminal:\n")
	d.say("  %s status --server %s", self, a)
	d.say("  %s recall --server %s -n %s %s", self, b, shellQuoted(d.result.Namespace), shellQuoted(d.result.Question))
	d.say("  %s remember --server %s --durability all \"Hello\" \"Held by all three.\"", self, a)
	d.say("\nSee them in a browser: %s/console/", a)
	d.say("  one write as it spreads:       %s", d.page(ctx, "theatre"))
	d.say("  a member cut off, and healed:  %s", d.page(ctx, "rehearsal"))
	d.say("A link with once signs in as the operator, once and within two minutes; afterwards: %s console --server %s", self, a)
	d.say("\nCtrl-C ends them.")
}

// page is a link to a page of the first node's console, which signs in if it can.
func (d *demo) page(ctx context.Context, name string) string {
	c := d.nodes[0].client
	if as, err := c.AsOperator(ctx); err == nil {
		if link, err := as.ConsoleLink(ctx); err == nil {
			return strings.Replace(link, "/console/", "/console/"+name, 1)
		}
	}
	return c.URL() + "/console/" + name
}

func since(start time.Time) float64 { return time.Since(start).Round(time.Millisecond).Seconds() }
