package eval

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
)

//go:embed sets/made.tsv
var made []byte

// Made returns the set that was made for this project: a conversation, notes of a
// coding agent, and memories in eleven languages.
func Made() (*Set, error) {
	s, err := ReadTable(bytes.NewReader(made))
	if err != nil {
		return nil, err
	}
	s.know("made", sha256.Sum256(made))
	return s, nil
}

// Open reads a labelled set: a file in the format of LoCoMo or of LongMemEval or a
// table ([ReadTable]), or a directory in the layout of BEAM.
func Open(path string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		tree := &hashed{FS: os.DirFS(path), sum: sha256.New()}
		s, err := readBEAM(tree)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s.know(path, [sha256.Size]byte(tree.sum.Sum(nil)))
		return s, nil
	}
	f, err := os.Open(path) //nolint:gosec // the set that was asked for
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	sum := sha256.New()
	s, err := read(bufio.NewReaderSize(io.TeeReader(f, sum), 1<<20))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := io.Copy(sum, f); err != nil { // what the format does not need
		return nil, err
	}
	s.know(path, [sha256.Size]byte(sum.Sum(nil)))
	return s, nil
}

// read tells the formats apart by how they begin.
func read(r *bufio.Reader) (*Set, error) {
	head, err := r.Peek(1 << 16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case !bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")):
		return ReadTable(r)
	case bytes.Contains(head, []byte(`"question_id"`)):
		return readLongMemEval(r)
	}
	return ReadLoCoMo(r)
}

// hashed notes what is read of a tree.
type hashed struct {
	fs.FS

	sum hash.Hash
}

// ReadFile implements [fs.ReadFileFS].
func (h *hashed) ReadFile(name string) ([]byte, error) {
	raw, err := fs.ReadFile(h.FS, name)
	_, _ = h.sum.Write(raw) // never fails
	return raw, err
}

// Least is what recall reaches at least on a set that is known, in percent.
type Least struct {
	Any5, Any10 float64
}

// know names a set, by its content if that is known.
func (s *Set) know(path string, sum [sha256.Size]byte) {
	s.Hash = hex.EncodeToString(sum[:])
	if s.Name == "" {
		s.Name = path
	}
	for _, k := range []struct {
		hash, name string
		least      Least
	}{
		{"fe85baa76a78c41ae135b809bfbd9bcd37173ddefdadcc8b406252ba805e3688", "LoCoMo, development set", Least{81.5, 88}},
		{"647e0e00e53a539992379573b513b11300f5ad7c751e3838ef3e7ba8dab85d6f", "made", Least{94, 94}},
	} {
		if k.hash == s.Hash {
			s.Name, s.Least = k.name, k.least
		}
	}
}
