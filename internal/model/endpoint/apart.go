package endpoint

import (
	"context"
	"unicode/utf8"
)

// apart asks about texts that the endpoint has not taken together, if it takes others
// at all: in halves, until it is known which of them it does not take. Such a text is
// made shorter; one of which nothing is taken gets a vector of zeros, which is near
// nothing. First is why they were not taken.
func (c *Client) apart(ctx context.Context, texts []string, first error) ([][]float32, error) {
	if _, err := c.try(ctx, []string{probe}); err != nil {
		return nil, first // it is not the texts
	}
	return c.halves(ctx, texts)
}

func (c *Client) halves(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 1 {
		return c.shorter(ctx, texts[0])
	}
	var out [][]float32
	for _, part := range [][]string{texts[:len(texts)/2], texts[len(texts)/2:]} {
		got, err := c.try(ctx, part)
		if err != nil && ofTexts(err) {
			got, err = c.halves(ctx, part)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// shorter asks about less and less of a text. How much was taken at last is what is
// sent of others, too: what they have beyond it would not be taken either.
func (c *Client) shorter(ctx context.Context, text string) ([][]float32, error) {
	for size := len(text) / 2; size >= minText; size /= 2 {
		got, err := c.try(ctx, []string{cut(text, size)})
		if err == nil {
			c.mu.Lock()
			c.limit = min(c.limit, max(size, minText))
			c.mu.Unlock()
			return got, nil
		}
		if !ofTexts(err) {
			return nil, err
		}
	}
	c.cfg.Log.WarnContext(ctx, "the endpoint of a model does not take a text: it has no vector", "model", c.set.Name(), "bytes", len(text))
	return [][]float32{make([]float32, c.set.Width)}, nil
}

// cut is as much of a text as is sent.
func (c *Client) cut(text string) string {
	c.mu.Lock()
	limit := c.limit
	c.mu.Unlock()
	return cut(text, limit)
}

// cut returns the beginning of a text, at most so many bytes, in whole characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
