package receive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// A signature of a legacy peer covers no time and no receiver: it holds for ever and
// everywhere. What it can do when it is replayed decides how it is remembered.
//
// A push of rows, links, proposals and standards changes nothing when it comes again,
// so its nonce is remembered for long and not for ever: the last of each peer, on
// disk. A push of deletions, archives, restores or clears takes the time of its
// receipt and would do its work again: its nonce is a tombstone in the log, which
// all members have and keep.

// nonceID is the id of the tombstone of a nonce.
func nonceID(peer, nonce string) string {
	sum := nonceSum(peer, nonce)
	return NoncePrefix + hex.EncodeToString(sum[:])
}

// NoncePrefix begins the ids of tombstones that stand for nonces. There is never a
// memory under one.
const NoncePrefix = "nonce:"

func markOf(peer, nonce string) memory.NewOp {
	return memory.NewOp{Op: &memory.Delete{ID: nonceID(peer, nonce)}}
}

type nonce [16]byte

func nonceSum(peer, text string) nonce {
	sum := sha256.Sum256([]byte(peer + "\x00" + text))
	return nonce(sum[:])
}

// maxNonces is how many nonces of a peer are remembered.
const maxNonces = 1 << 16

// recordSize is that of a nonce in the file: who it is of, and the nonce.
const recordSize = 8 + len(nonce{})

// nonces remembers the last nonces of each peer. The file is written without waiting
// for the disk: after a loss of power, pushes may come again that change nothing.
type nonces struct {
	mu   sync.Mutex
	file *os.File
	of   map[[8]byte]*ring
}

type ring struct {
	seen  map[nonce]struct{}
	order []nonce
	next  int
}

func openNonces(path string) (*nonces, error) {
	n := &nonces{of: map[[8]byte]*ring{}}
	if path == "" {
		return n, nil
	}
	data, err := os.ReadFile(path) //nolint:gosec // a file of our own
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("nonces of legacy peers: %w", err)
	}
	for len(data) >= recordSize {
		n.ring([8]byte(data[:8])).add(nonce(data[8:recordSize]))
		data = data[recordSize:]
	}
	var kept bytes.Buffer
	for of, r := range n.of {
		for _, x := range slices.Concat(r.order[r.next:], r.order[:r.next]) {
			kept.Write(of[:])
			kept.Write(x[:])
		}
	}
	if err := identity.WritePrivate(path, kept.Bytes()); err != nil {
		return nil, fmt.Errorf("nonces of legacy peers: %w", err)
	}
	n.file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a file of our own
	if err != nil {
		return nil, fmt.Errorf("nonces of legacy peers: %w", err)
	}
	return n, nil
}

func (n *nonces) close() error {
	if n.file == nil {
		return nil
	}
	return n.file.Close()
}

func (n *nonces) ring(of [8]byte) *ring {
	r := n.of[of]
	if r == nil {
		r = &ring{seen: map[nonce]struct{}{}}
		n.of[of] = r
	}
	return r
}

// add remembers x and reports whether it is new.
func (r *ring) add(x nonce) bool {
	if _, ok := r.seen[x]; ok {
		return false
	}
	r.seen[x] = struct{}{}
	if len(r.order) < maxNonces {
		r.order = append(r.order, x)
		return true
	}
	delete(r.seen, r.order[r.next])
	r.order[r.next] = x
	r.next = (r.next + 1) % maxNonces
	return true
}

// take remembers a nonce of a peer and reports whether it is new.
func (n *nonces) take(peer, text string) (bool, error) {
	of, x := sha256.Sum256([]byte(peer)), nonceSum(peer, text)
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.ring([8]byte(of[:8])).add(x) {
		return false, nil
	}
	if n.file == nil {
		return true, nil
	}
	if _, err := n.file.Write(append(of[:8:8], x[:]...)); err != nil {
		return true, fmt.Errorf("nonces of legacy peers: %w", err)
	}
	return true, nil
}
