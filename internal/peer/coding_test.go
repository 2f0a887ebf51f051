package peer_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/peer/packing"
	"github.com/tallystick/tallystick/internal/wire"
)

// watched is a client of b, and which codings came and went.
type watched struct {
	*peer.Client
	traffic           packing.Traffic
	end               func() // after which the codings are known
	requests, answers []string
}

// watch serves b, with which the client compresses as it is told.
func watch(t *testing.T, b *member, theirs, ours packing.Compress) *watched {
	t.Helper()
	cfg := configOfB()
	cfg.Compress = theirs
	h := peer.NewHandler(cfg, b, quiet())
	var x watched
	url, _, s := server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.requests = append(x.requests, r.Header.Get("Content-Encoding"))
		h.ServeHTTP(w, r)
		x.answers = append(x.answers, w.Header().Get("Content-Encoding"))
	}))
	x.Client = client(t, url, func(c *peer.Config) { c.Compress, c.Traffic = ours, &x.traffic })
	x.end = func() {
		x.Close()
		s.Close()
	}
	return &x
}

// A member is sent compressed content once it has said that it takes that, and answers
// compressed whom that was asked for. What arrives is the same.
func TestMessagesGoCompressedBetweenThoseWhoCan(t *testing.T) {
	for name, c := range map[string]struct {
		theirs, ours      packing.Compress
		requests, answers []string
	}{
		"both":            {"", packing.Always, []string{"", "zstd", ""}, []string{"", "", "zstd"}},
		"not to loopback": {packing.Always, packing.Auto, []string{"", "", ""}, []string{"", "", ""}},
		"one never":       {packing.Never, packing.Always, []string{"", "", ""}, []string{"", "", ""}},
		"the other never": {packing.Always, packing.Never, []string{"", "", ""}, []string{"", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newMember("b")
			held := entries(t, 400)
			b.held = slices.Clone(held)
			x := watch(t, b, c.theirs, c.ours)
			ops := entries(t, 400)
			size := 0
			for _, op := range ops {
				size += len(op.Raw)
			}
			for range 2 {
				if _, err := x.Push(t.Context(), "b", &memory.Push{Ops: ops}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := x.Pull(t.Context(), "b", &memory.PullRequest{Ranges: []memory.Range{{Origin: "a.1", From: 1, To: 9}}})
			if err != nil {
				t.Fatal(err)
			}
			x.end()
			if diff := cmp.Diff(held, got.Ops[:len(held)]); diff != "" {
				t.Error(diff)
			}
			for _, p := range b.pushes {
				if diff := cmp.Diff(ops, p.Ops); diff != "" {
					t.Error(diff)
				}
			}
			if diff := cmp.Diff(c.requests, x.requests); diff != "" {
				t.Errorf("requests: %s", diff)
			}
			if diff := cmp.Diff(c.answers, x.answers); diff != "" {
				t.Errorf("answers: %s", diff)
			}
			whole := 2*size + size
			if sent := int(x.traffic.Sent.Load() + x.traffic.Received.Load()); (sent < whole) != (c.requests[1] != "") {
				t.Errorf("%d bytes went for %d", sent, whole)
			}
		})
	}
}

// A snapshot goes compressed frame by frame: the first is there before the second is made.
func TestASnapshotGoesCompressed(t *testing.T) {
	for _, how := range []packing.Compress{packing.Never, packing.Always} {
		b := newMember("b")
		b.held, b.heads = entries(t, 300), memory.Heads{"a.1": {Seq: 300}}
		came := make(chan struct{}, len(b.held))
		b.between = func() { // what is made is there before the next is
			select {
			case <-came:
			case <-time.After(10 * time.Second):
				t.Errorf("%s: a part of a snapshot does not come before there are more", how)
				b.between = nil
			}
		}
		x := watch(t, b, "", how)
		var got []memory.Shipment
		view, err := x.Snapshot(t.Context(), "b", func(ops []memory.Shipment) error {
			got = append(got, ops...)
			came <- struct{}{}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.held, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(b.view(), view); diff != "" {
			t.Error(diff)
		}
		x.end()
		if (x.answers[0] == "zstd") != (how == packing.Always) {
			t.Errorf("%s: %q, %d bytes", how, x.answers, x.traffic.Received.Load())
		}
	}
}

// What members with identities send compressed is signed as it is sent.
func TestCompressedMessagesAreSigned(t *testing.T) {
	a, b := pair(t)
	b.held = entries(t, 500)
	went := map[packing.Compress][3]uint64{}
	for _, how := range []packing.Compress{packing.Never, packing.Always} {
		var traffic packing.Traffic
		cfg := a.cfg
		cfg.Compress, cfg.Traffic = how, &traffic
		c := peer.NewClient(cfg)
		defer c.Close()
		var bytes [3]uint64
		for range 2 { // what is said first says whether b can unpack
			before := traffic.Sent.Load()
			if _, err := c.Push(t.Context(), "b", &memory.Push{Ops: entries(t, 500)}); err != nil {
				t.Fatal(err)
			}
			bytes[0] = traffic.Sent.Load() - before
		}
		before := traffic.Received.Load()
		if got, err := c.Pull(t.Context(), "b", &memory.PullRequest{}); err != nil || len(got.Ops) == 0 {
			t.Errorf("%+v, %v", got, err)
		}
		bytes[1], before = traffic.Received.Load()-before, traffic.Received.Load()
		n := 0
		if _, err := c.Snapshot(t.Context(), "b", func(ops []memory.Shipment) error {
			n += len(ops)
			return nil
		}); err != nil || n == 0 {
			t.Errorf("%d entries, %v", n, err)
		}
		bytes[2] = traffic.Received.Load() - before
		went[how] = bytes
	}
	for i, name := range []string{"push", "pull", "snapshot"} {
		if plain, packed := went[packing.Never][i], went[packing.Always][i]; packed >= plain {
			t.Errorf("%s: %d bytes compressed, and %d plain", name, packed, plain)
		}
	}
}

// Who could unpack and cannot any more, as behind a downgrade, is sent plain content.
func TestWhoCannotUnpackAnyMoreIsSentPlainContent(t *testing.T) {
	b := newMember("b")
	cfg := configOfB()
	var now atomic.Pointer[http.Handler]
	set := func(how packing.Compress) {
		cfg.Compress = how
		h := peer.NewHandler(cfg, b, quiet())
		now.Store(&h)
	}
	set(packing.Always)
	url, _, _ := server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*now.Load()).ServeHTTP(w, r) }))
	c := client(t, url, func(c *peer.Config) { c.Compress = packing.Always })
	for i := range 4 {
		if i == 2 {
			set(packing.Never)
		}
		if _, err := c.Push(t.Context(), "b", &memory.Push{Ops: entries(t, 200)}); err != nil {
			t.Fatalf("push %d: %v", i, err)
		}
	}
	if len(b.pushes) != 4 {
		t.Errorf("%d pushes came", len(b.pushes))
	}
}

// zeros is a frame that unpacks to so many.
func zeros(t *testing.T, n int) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close() //nolint:errcheck // of memory
	return enc.EncodeAll(make([]byte, n), nil)
}

// What unpacks to more than a message may have is refused before it is unpacked, and what
// lies about its length while it is.
func TestWhatUnpacksToTooMuchIsRefused(t *testing.T) {
	var stream bytes.Buffer
	enc, err := zstd.NewWriter(&stream)
	for range 64 {
		if err == nil {
			_, err = enc.Write(make([]byte, 1<<20))
		}
	}
	if err == nil {
		err = enc.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	two := append(zeros(t, 1<<20), zeros(t, 1<<20)...)
	skipped := append([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4}, zeros(t, 1<<20)...)
	b := newMember("b")
	h := peer.NewHandler(configOfB(), b, quiet())
	for name, c := range map[string]struct {
		body   []byte
		status int
		text   string
	}{
		"too much":             {zeros(t, wire.MaxBody+1), 413, "4194304 bytes"},
		"far too much":         {zeros(t, 512<<20), 400, "limit"},
		"of no length":         {stream.Bytes(), 400, "says how long"},
		"two frames":           {two, 400, "compressed content"},
		"a frame and rubbish":  {append(zeros(t, 1<<20), "rubbish"...), 400, "compressed content"},
		"behind a skipped one": {skipped, 400, "one frame"},
		"cut":                  {zeros(t, 3<<20)[:20], 400, "compressed content"},
		"zeros":                {zeros(t, 1<<20), 400, "push"},
		"empty":                {nil, 400, "one frame"},
	} {
		t.Run(name, func(t *testing.T) {
			r := goodPush(t)
			r.Header.Set("Content-Encoding", "zstd")
			r.Body, r.ContentLength = body(c.body), int64(len(c.body))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.text) {
				t.Errorf("%d %s, want %d and %q", w.Code, w.Body, c.status, c.text)
			}
		})
	}
	if len(b.pushes) > 0 {
		t.Error("something was taken")
	}
}

// An answer that unpacks to more than was asked for is none, whatever it says.
func TestAnAnswerThatUnpacksToTooMuchIsNone(t *testing.T) {
	for name, content := range map[string][]byte{"too much": zeros(t, wire.MaxBody+1), "far too much": zeros(t, 256<<20)} {
		t.Run(name, func(t *testing.T) {
			url, _, _ := server(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/cbor")
				w.Header().Set("Content-Encoding", "zstd")
				_, _ = w.Write(content)
			}))
			c := client(t, url, func(c *peer.Config) { c.Compress = packing.Always })
			_, err := c.Pull(t.Context(), "b", &memory.PullRequest{})
			checkFault(t, err, memory.FaultRetry, "limit")
		})
	}
}

// Whatever bytes come compressed are refused or unpack to a message within its bounds.
func FuzzCompressedBodies(f *testing.F) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	good, err := wire.EncodePush(&memory.Push{From: "a", To: "b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(enc.EncodeAll(good, nil))
	f.Add(enc.EncodeAll(make([]byte, 1<<16), nil))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	h := peer.NewHandler(configOfB(), newMember("b"), quiet())
	f.Fuzz(func(t *testing.T, content []byte) {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/sync/push", bytes.NewReader(content))
		r.RemoteAddr = "127.0.0.1:9"
		for name, value := range map[string]string{
			"Content-Type": "application/cbor", "Content-Encoding": "zstd", "X-Fed-Proto": "2", "X-Peer-Id": "a", "X-Peer-To": "b",
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 && w.Code != 403 && w.Code != 409 && w.Code != 413 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
