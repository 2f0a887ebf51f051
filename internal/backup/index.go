package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Is reports whether dir is the folder of a backup.
func Is(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, IndexFile))
	return err == nil && info.Mode().IsRegular()
}

// Open reads the index of a backup.
func Open(dir string) (*Index, error) {
	raw, err := os.ReadFile(filepath.Join(dir, IndexFile)) //nolint:gosec // the operator named the folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no backup: it has no %s", dir, IndexFile)
	}
	if err != nil {
		return nil, err
	}
	x := &Index{}
	r := json.NewDecoder(bytes.NewReader(raw))
	r.DisallowUnknownFields() // a name that is damaged would leave the sum unread
	if err := r.Decode(x); err != nil {
		return nil, fmt.Errorf("%s: damaged: %w", filepath.Join(dir, IndexFile), err)
	}
	if err := r.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: damaged: something follows it", filepath.Join(dir, IndexFile))
	}
	if x.Sum != "" && x.Sum != sumOf(bytes.Replace(raw, []byte(x.Sum), []byte(noSum), 1)) {
		return nil, fmt.Errorf("%s: damaged: it is not as it was written", filepath.Join(dir, IndexFile))
	}
	return x, x.check(dir)
}

// noSum stands in an index for its sum while that is made.
const noSum = "0000000000000000000000000000000000000000000000000000000000000000"

func sumOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func (x *Index) check(dir string) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", filepath.Join(dir, IndexFile), fmt.Sprintf(format, args...))
	}
	switch {
	case x.Format != format:
		return bad("not the index of a backup")
	case x.Version != version:
		return bad("format version %d, this program reads %d", x.Version, version)
	case len(x.Files) == 0 || !x.Files[0].Base:
		return bad("it does not begin with a base")
	}
	for i, f := range x.Files {
		switch {
		case f.Name == "" || f.Name != filepath.Base(f.Name) || strings.HasPrefix(f.Name, "."):
			return bad("%q is no name of a file in the folder", f.Name)
		case !f.Base && f.After != x.Files[i-1].LSN:
			return bad("%s does not begin where %s ends", f.Name, x.Files[i-1].Name)
		}
	}
	return x.Node.Valid()
}

// save writes the index, whole or not at all.
func (x *Index) save(dir string) error {
	x.Format, x.Version, x.Sum = format, version, noSum
	raw, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the index: %w", err)
	}
	raw = append(raw, '\n')
	x.Sum = sumOf(raw)
	raw = bytes.Replace(raw, []byte(noSum), []byte(x.Sum), 1)
	tmp, err := os.CreateTemp(dir, indexPrefix+"*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // after the rename there is none
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, IndexFile)); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes what was renamed in a folder durable, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator named the folder
	if err != nil {
		return err
	}
	_ = d.Sync() // not every system can
	return d.Close()
}

// prepare makes the folder, or opens the backup that it is. A folder of something
// else is refused.
func prepare(dir string) (*Index, error) {
	if Is(dir) {
		return Open(dir)
	}
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Index{}, os.MkdirAll(dir, 0o700)
	case err != nil:
		return nil, err
	}
	for _, e := range list {
		if !temporary(e.Name()) && !strings.HasPrefix(e.Name(), firstBase) { // what an earlier attempt has left
			return nil, fmt.Errorf("%s is not empty, and no backup: name a new folder", dir)
		}
	}
	return &Index{}, nil
}

// The names of files as long as they are written, and of the first base: that can be
// there without an index.
const (
	tmpPrefix   = ".backup-"
	indexPrefix = ".index-"
	firstBase   = "000001-base-"
)

func temporary(name string) bool {
	return strings.HasPrefix(name, tmpPrefix) || strings.HasPrefix(name, indexPrefix)
}

// abandoned is how long after the last write to it a file is nobody's any more.
const abandoned = time.Hour

// sweep removes what attempts have left that were cut short, as by a crash: each may be
// as long as the log. Somebody else may be at work in the folder, on what is younger.
func sweep(dir string) {
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		info, err := e.Info()
		if err == nil && temporary(e.Name()) && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, e.Name())) // if not, the next attempt will
		}
	}
}

// validNode keeps one node's backup from growing by another's log.
func (x *Index) validNode(node memory.Node) error {
	if x.Node != "" && x.Node != node {
		return fmt.Errorf("this is a backup of node %s, and not of %s: name another folder", x.Node, node)
	}
	return nil
}
