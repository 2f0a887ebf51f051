package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// What a node knows is for its own user to read.
func TestTheFilesAreForTheirOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are another matter there")
	}
	dir := filepath.Join(t.TempDir(), "new")
	suite().Open(t, "a", dir).Put(storetest.Create("one", "x"))
	for _, name := range []string{".", "lock", store.FileName, store.FileName + "-wal", store.FileName + "-shm"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
}

// A power cut may leave any part of what was not synced yet. What opens is then
// the state after some commit, whole.
func TestATornWriteAheadLogIsAnEarlierState(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	var roots []memory.Digest
	const writes = 40
	for i := range writes {
		roots = append(roots, n.View().Root)
		n.Put(storetest.Create(strconv.Itoa(i), "text"), &memory.Archive{ID: storetest.Memo(strconv.Itoa(i), "").ID, Reason: "archive"})
	}
	roots = append(roots, n.View().Root)
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	db, wal := read(store.FileName), read(store.FileName+"-wal")
	for part := range 10 {
		torn := t.TempDir()
		cut := bytes.Clone(wal[:len(wal)*part/9])
		if len(cut) > 0 {
			cut[len(cut)-1] ^= 0xff // and the last sector is garbage
		}
		for name, raw := range map[string][]byte{store.FileName: db, store.FileName + "-wal": cut} {
			if err := os.WriteFile(filepath.Join(torn, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		m := suite().Open(t, "a", torn)
		m.CheckState(nil)
		head := m.View().Heads[m.Origin()].Seq
		if m.Origin() != n.Origin() { // torn before the first commit: it starts anew
			head = 0
		}
		if head%2 != 0 || m.View().Root != roots[head/2] {
			t.Errorf("with %d of %d bytes: head %d and root %s, want a state that there was", len(cut), len(wal), head, m.View().Root)
		}
		m.Stop()
	}
}
