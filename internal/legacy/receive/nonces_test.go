package receive

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
)

// Flood makes r forget all nonces of a peer that it only remembers for a while.
func (r *Receiver) Flood(peer string) {
	for i := range maxNonces + 1 {
		_, _ = r.nonces.take(peer, fmt.Sprint("flood ", i))
	}
}

func TestNoncesOfAPeerMakeRoomForNoOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nonces")
	for range 2 { // the second time they come from the file
		n, err := openNonces(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, peer := range []string{"a", "b"} {
			if _, err := n.take(peer, "one"); err != nil {
				t.Fatal(err)
			}
			if again, err := n.take(peer, "one"); err != nil || again {
				t.Errorf("%s: taken twice, %v", peer, err)
			}
		}
		for i := range maxNonces {
			if _, err := n.take("a", strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		if again, _ := n.take("b", "one"); again {
			t.Error("a flood of a's nonces made room for one of b")
		}
		if len(n.of) != 2 {
			t.Errorf("%d peers", len(n.of))
		}
		if err := n.close(); err != nil {
			t.Fatal(err)
		}
	}
	n, err := openNonces(path)
	if err != nil {
		t.Fatal(err)
	}
	if fresh, _ := n.take("b", "one"); fresh {
		t.Error("b's nonce was forgotten")
	}
	if fresh, _ := n.take("a", "one"); !fresh {
		t.Error("a's oldest nonce was remembered")
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
}
