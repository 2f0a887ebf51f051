package endpoint

import "unicode/utf8"

const (
	// maxText bounds what is sent of a memory, in bytes: models read no more of it.
	maxText = 8 << 10
	// minText is what every model can read.
	minText = 512
	// trial is how many texts are made shorter until one is sent as it is, to see
	// whether that is still needed.
	trial = 64
)

// limit is how much of a text is sent.
type limit struct {
	bytes int
	long  uint64 // a text that was too long; 0: none since bytes was set
	took  int    // how much of that was taken
	cut   int    // texts that were made shorter since one was sent as it is
}

// most is how many bytes of a text are sent.
func (c *Client) most() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limit.bytes
}

// cut is as much of a text as is sent.
func (c *Client) cut(text string) string { return cut(text, c.most()) }

// taken notes that so many bytes of a text were taken, all of which was not. After two
// texts that were too long no more is sent of others, either: what they have beyond it
// would not be taken.
func (c *Client) taken(text string, size int, why error) {
	if !tooLong(why) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(text) | 1 // 0 is none
	if l := &c.limit; l.long == 0 || l.long == key {
		l.long, l.took = key, size
	} else {
		*l = limit{bytes: min(l.bytes, max(l.took, size, minText))}
	}
}

// doubted returns the longest of texts that are to be made shorter, when it is time to
// see whether it is taken as it is; "" when it is not.
func (c *Client) doubted(texts []string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	longest := ""
	for _, t := range texts {
		t = cut(t, maxText)
		if len(t) > c.limit.bytes {
			c.limit.cut++
		}
		if len(t) > len(longest) {
			longest = t
		}
	}
	if c.limit.cut < trial || len(longest) <= c.limit.bytes {
		return ""
	}
	c.limit.cut = 0
	return longest
}

// wrong notes that so many bytes of a text are taken after all.
func (c *Client) wrong(size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = limit{bytes: max(c.limit.bytes, size)}
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
