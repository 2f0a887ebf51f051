// Package packing compresses what goes between members, where both ends can and it goes over
// a network. It is of whole messages and of streams, by RFC 8878.
package packing

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Compress says which members this node exchanges compressed messages with, if they can.
type Compress string

// What Compress may be.
const (
	// Auto leaves those out that are on this machine: there it saves nothing. It is
	// what "" means.
	Auto   Compress = "auto"
	Always Compress = "always"
	// Never also refuses what comes compressed.
	Never Compress = "never"
)

// Valid says what is wrong with c, or nil.
func (c Compress) Valid() error {
	if c == "" || slices.Contains([]Compress{Auto, Always, Never}, c) {
		return nil
	}
	return fmt.Errorf("%.40q: want %s, %s or %s: %w", string(c), Auto, Always, Never, memory.ErrInvalid)
}

// With reports whether messages to and from a member are to be compressed.
func (c Compress) With(member *url.URL) bool {
	switch c {
	case Never:
		return false
	case Always:
		return true
	case Auto:
	}
	host := member.Hostname()
	addr, err := netip.ParseAddr(host)
	return host != "localhost" && (err != nil || !addr.IsLoopback())
}

// The content coding of RFC 8878. A request names it for the answer. For the next request
// an answer names it (RFC 9110, section 12.5.3): who has not been answered yet sends plain
// content, and so does one whom the member has told 415 since.
const (
	Coding       = "zstd"
	HeaderAccept = "Accept-Encoding"
	HeaderCoding = "Content-Encoding"
)

const (
	// worthCoding is how many bytes a message has at least that is compressed.
	worthCoding = 1 << 10
	// codingWindow is how far back a message refers to itself: what comes in one is alike.
	codingWindow = 256 << 10
	// Max bounds what compressed content unpacks to, of any message.
	Max = max(wire.MaxBody, wire.MaxDigest)
)

// Accepts reports whether the values of [HeaderAccept] name the coding.
func Accepts(values []string) bool {
	for _, list := range values {
		for item := range strings.SplitSeq(list, ",") {
			name, weight, _ := strings.Cut(item, ";")
			if strings.EqualFold(strings.TrimSpace(name), Coding) && !refused(weight) {
				return true
			}
		}
	}
	return false
}

// refused reports whether a weight of RFC 9110, section 12.4.2, says: not at all.
func refused(weight string) bool {
	_, q, has := strings.Cut(strings.ToLower(strings.ReplaceAll(weight, " ", "")), "q=")
	v, err := strconv.ParseFloat(q, 64)
	return has && (err != nil || v == 0)
}

// Coder compresses and unpacks whole messages. Its zero value is ready; what it needs is
// made when it is first used, and is little. It is safe for concurrent use.
type Coder struct {
	once sync.Once
	enc  *zstd.Encoder
	dec  *zstd.Decoder
	err  error
}

func (c *Coder) init() error {
	c.once.Do(func() {
		var err error
		c.enc, c.err = zstd.NewWriter(nil, encoding()...)
		c.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(Max), zstd.WithDecodeAllCapLimit(true))
		c.err = errors.Join(c.err, err)
	})
	return c.err
}

func encoding() []zstd.EOption {
	return []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(codingWindow), zstd.WithEncoderCRC(false), // what it is of has digests
	}
}

// Pack returns the shorter form of b, or b itself and false if it is not worth it.
func (c *Coder) Pack(b []byte) ([]byte, bool) {
	if len(b) < worthCoding || c.init() != nil {
		return b, false
	}
	if out := c.enc.EncodeAll(b, nil); len(out) < len(b) {
		return out, true
	}
	return b, false
}

var errUnpacks = errors.New("the compressed content is not one frame that says how long it is")

// SizeOf returns what b unpacks to, in bytes. Nothing was unpacked yet.
func SizeOf(b []byte) (int64, error) {
	var h zstd.Header
	if err := h.Decode(b); err != nil || !h.HasFCS || h.Skippable {
		return 0, errUnpacks
	}
	if h.FrameContentSize > Max {
		return 0, fmt.Errorf("compressed content of %d bytes: limit %d", h.FrameContentSize, Max)
	}
	return int64(h.FrameContentSize), nil
}

// Unpack returns what b, which SizeOf has seen, was made of: so many bytes. It never
// holds more.
func (c *Coder) Unpack(b []byte, size int64) ([]byte, error) {
	if err := c.init(); err != nil {
		return nil, err
	}
	out, err := c.dec.DecodeAll(b, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("compressed content: %w", err)
	}
	if int64(len(out)) != size {
		return nil, errUnpacks
	}
	return out, nil
}

// NewWriter returns a stream in the coding. What was written before a Flush is with w then.
func NewWriter(w io.Writer) (*zstd.Encoder, error) { return zstd.NewWriter(w, encoding()...) }

// NewReader reads what a stream in the coding was made of, until it is closed.
func NewReader(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(Max))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}
