package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/screen"
)

// ErrNotEqual is that the nodes did not become equal in time.
var ErrNotEqual = errors.New("not proven equal")

// awaitEqual waits until all digests are the same, and each node has proven
// itself equal with each other one since the last write.
func (d *Demo) awaitEqual(ctx context.Context, last time.Time) error {
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
				return errors.Join(fmt.Errorf("%w within %s", ErrNotEqual, equalTimeout), err)
			}
			return ctx.Err()
		}
	}
}

func (d *Demo) statuses(ctx context.Context) ([]*client.Status, error) {
	d.result.Nodes = nil
	list := make([]*client.Status, len(d.nodes))
	for i, p := range d.nodes {
		s, err := p.Client.Status(ctx)
		if err != nil {
			return nil, err
		}
		list[i] = s
		d.result.Nodes = append(d.result.Nodes, State{p.Name, p.URL(), s.Digest, s.Counts.Live})
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
func (d *Demo) account(ctx context.Context, acks []ack) error {
	secrets := screen.New() // texts that look like one are masked as they are written
	whole := make([]bool, len(acks))
	lost := make([][]string, len(acks))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i, k := range acks {
		g.Go(func() error {
			whole[i] = true
			want := screen.Mask(k.content, secrets.Find(k.content))
			for _, p := range d.nodes {
				m, _, err := p.Client.Get(ctx, k.id)
				if err != nil && !client.IsNotFound(err) {
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
func (d *Demo) recall(ctx context.Context, p *Node) error {
	asked := d.Drafts[len(d.Drafts)-1-len(d.Drafts)/10]
	// The text was imported several times; one namespace has it once.
	d.result.Question, d.result.Namespace, d.result.AnsweredBy = question(asked), asked.Namespace, p.Name
	for range 50 {
		found, err := p.Client.Recall(ctx, d.result.Question, client.Selection{Limit: 3, Namespace: asked.Namespace})
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

// prove checks, as somebody else would, that members have signed that they hold a write.
func (d *Demo) prove(ctx context.Context, dot string) error {
	signed, err := d.nodes[0].Client.SignedReceipt(ctx, dot)
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

func since(start time.Time) float64 { return time.Since(start).Round(time.Millisecond).Seconds() }
