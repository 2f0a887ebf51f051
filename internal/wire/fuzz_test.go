package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// fuzz checks a decoder: it never panics, what it refuses is invalid, and what it
// takes has no other encoding.
func fuzz[T any](f *testing.F, seeds string, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	f.Helper()
	for _, b := range goldens(f, seeds) {
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(append(bytes.Clone(b), 0))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := decode(data)
		if err != nil {
			if !errors.Is(err, memory.ErrInvalid) && !errors.Is(err, memory.ErrUnknownKind) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		again, err := encode(v)
		if err != nil {
			t.Fatalf("was read and cannot be written: %v", err)
		}
		if !bytes.Equal(again, data) {
			t.Errorf("read %x\nwrote %x", data, again)
		}
	})
}

func FuzzEntry(f *testing.F) {
	fuzz(f, "entry_*", wire.DecodeEntry, wire.EncodeEntry)
}

func FuzzHollowEntry(f *testing.F) {
	fuzz(f, "hollow_*", wire.DecodeEntry, wire.EncodeEntry)
}

func FuzzDotOf(f *testing.F) {
	for _, b := range append(goldens(f, "entry_*"), goldens(f, "hollow_*")...) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dot, err := wire.DotOf(data)
		e, entryErr := wire.DecodeEntry(data)
		if err != nil && entryErr == nil {
			t.Errorf("an entry without a dot: %v", err)
		}
		if e != nil && e.Dot != dot {
			t.Errorf("dot %s of entry %s", dot, e.Dot)
		}
		if err == nil && dot.Origin.Valid() != nil {
			t.Errorf("dot %s", dot)
		}
	})
}

func FuzzPush(f *testing.F) { fuzz(f, "push*", wire.DecodePush, wire.EncodePush) }

func FuzzPushDifference(f *testing.F) {
	fuzz(f, "push_difference", decodeDifferent, encodeDifference)
}

// decodeDifferent reads a push that is a difference, and no other.
func decodeDifferent(data []byte) (*memory.Push, error) {
	if _, err := wire.DecodePush(data); err == nil {
		return nil, memory.ErrInvalid
	}
	return decodeDifference(data)
}

func FuzzPushReplyDifference(f *testing.F) {
	for _, b := range goldens(f, "push_reply_difference") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeReplyDifference(data)
		if err != nil {
			if !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if _, err := encodeReplyDifference(r); err != nil {
			t.Errorf("was read and cannot be written: %v", err)
		}
	})
}

// A reply may come of another epoch than this package writes.
func FuzzPushReply(f *testing.F) {
	for _, b := range goldens(f, "push*") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := wire.DecodePushReply(data)
		if err != nil {
			if !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if _, err := wire.EncodePushReply(r); err != nil {
			t.Errorf("was read and cannot be written: %v", err)
		}
	})
}

func FuzzPullRequest(f *testing.F) {
	fuzz(f, "pull_request", wire.DecodePullRequest, wire.EncodePullRequest)
}

func FuzzPullReply(f *testing.F) { fuzz(f, "pull_reply", wire.DecodePullReply, wire.EncodePullReply) }

func FuzzDigestRequest(f *testing.F) {
	fuzz(f, "digest_request", wire.DecodeDigestRequest, wire.EncodeDigestRequest)
}

func FuzzDigestReply(f *testing.F) {
	fuzz(f, "digest_registers", wire.DecodeDigestReply, wire.EncodeDigestReply)
}

func FuzzHello(f *testing.F) {
	for _, b := range goldens(f, "hello") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := wire.DecodeHello(data)
		if err != nil {
			if !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		again, err := wire.EncodeHello(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wire.DecodeHello(again); err != nil {
			t.Errorf("was read, written and refused: %v", err)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	for _, b := range goldens(f, "snapshot") {
		f.Add(b)
		f.Add(frames(b)[0])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeSnapshot(data)
		if err != nil {
			return
		}
		again, err := encodeSnapshot(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeSnapshot(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := equal(s, back); diff != "" {
			t.Error(diff)
		}
	})
}
