package endpoint

import (
	"context"
	"hash/maphash"
)

// sample is a text of real length that has nothing of a memory in it: an endpoint that
// takes it takes texts.
const sample = "The harbour lies on the north side of the bay, below a hill with an old " +
	"lighthouse. In the morning the boats come back with fish, and the market opens at seven. " +
	"Visitors mostly arrive by train, which takes two hours from the city, or by the ferry that " +
	"leaves every day but Sunday. In winter the ferry runs twice a week. There is a school, a small " +
	"library, a bakery and a workshop where engines are repaired. The road along the coast was " +
	"built fifty years ago; it is closed when the sea is rough."

// apart asks about texts that the endpoint has not taken together, if it takes others
// at all: in halves, until it is known which of them it does not take. First is why
// they were not taken.
func (c *Client) apart(ctx context.Context, texts []string, first error) ([][]float32, error) {
	if !c.alive(ctx) {
		return nil, first // it is not the texts
	}
	p := pass{Client: c}
	out := make([][]float32, len(texts))
	if err := p.halves(ctx, texts, out, first); err != nil {
		return nil, err
	}
	if len(texts) > 1 && p.first == len(texts) {
		return nil, first // that is no fault of this text or that: it may want a rest
	}
	return out, nil
}

// pass is one look at each of the texts of a batch.
type pass struct {
	*Client

	first int // texts that were not taken for the first time
}

// alive reports whether the endpoint takes a text that nothing is wrong with.
func (c *Client) alive(ctx context.Context) bool {
	_, err := c.try(ctx, []string{c.set.Passage + sample})
	return err == nil
}

// halves puts the vectors of texts into out. Why is why they were not taken together.
func (p *pass) halves(ctx context.Context, texts []string, out [][]float32, why error) error {
	if len(texts) == 1 {
		v, err := p.alone(ctx, texts[0], why)
		out[0] = v
		return err
	}
	middle := len(texts) / 2
	for _, at := range [][2]int{{0, middle}, {middle, len(texts)}} {
		these, into := texts[at[0]:at[1]], out[at[0]:at[1]]
		got, err := p.try(ctx, these)
		if err != nil && ofTexts(err) {
			if err := p.halves(ctx, these, into, err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		copy(into, got)
	}
	return nil
}

// alone returns the vector of a text that was not taken by itself. The first time it
// has none: whatever it was may have passed when the same is asked again.
func (p *pass) alone(ctx context.Context, text string, why error) ([]float32, error) {
	if !p.failedBefore(text) {
		p.first++
		return nil, nil
	}
	v, refused, err := p.shorter(ctx, text, why)
	switch {
	case err != nil || v != nil:
		return v, err
	case refused && p.alive(ctx):
		p.cfg.Log.WarnContext(ctx, "the endpoint of a model refuses a text: it has no vector", "model", p.set.Name(), "bytes", len(text), "err", why)
		return make([]float32, p.set.Width), nil
	}
	p.cfg.Log.WarnContext(ctx, "the endpoint of a model fails on a text: it is asked again later", "model", p.set.Name(), "bytes", len(text), "err", why)
	return nil, nil
}

// shorter asks about less and less of a text. If nothing of it is taken, it says
// whether each answer was that it is refused.
func (c *Client) shorter(ctx context.Context, text string, why error) (v []float32, refused bool, err error) {
	refused = refusal(why)
	for size := min(len(text)/2, c.most()); size >= minText; size /= 2 {
		got, err := c.try(ctx, []string{cut(text, size)})
		if err == nil && !refusal(why) {
			// It need not have been the length: nothing said so.
			if whole, err := c.try(ctx, []string{text}); err == nil {
				got = whole
			}
		}
		if err == nil {
			c.taken(text, size, why)
			return got[0], false, nil
		}
		if !ofTexts(err) {
			return nil, false, err
		}
		refused = refused && refusal(err)
	}
	return nil, refused, nil
}

// maxFailed bounds how many texts are known that were not taken once.
const maxFailed = 1 << 12

// failedBefore reports whether a text was not taken before, and notes that it was not
// now.
func (c *Client) failedBefore(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(text)
	if c.failed[key] {
		return true
	}
	if len(c.failed) >= maxFailed {
		clear(c.failed)
	}
	c.failed[key] = true
	return false
}

// forget notes that texts have vectors.
func (c *Client) forget(texts []string, got [][]float32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failed) == 0 {
		return
	}
	for i, t := range texts {
		if got[i] != nil {
			delete(c.failed, c.key(t))
		}
	}
}

// key is what a text is known by: by itself it is kept nowhere.
func (c *Client) key(text string) uint64 { return maphash.String(c.seed, text) }
