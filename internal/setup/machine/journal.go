package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/internal/setup"
)

// Journal remembers what files were before they were changed. It is a file of the
// person's own, readable by nobody else, because settings hold secrets.
type Journal struct {
	path  string
	Files map[string]entry `json:"files"` // by path
}

// entry is what a file was.
type entry struct {
	Before  []byte   `json:"before"` // null: it was not there
	After   string   `json:"after"`  // SHA-256 of what was made of it
	Folders []string `json:"folders,omitempty"`
}

// OpenJournal reads the journal in a file, which need not be there.
func OpenJournal(path string) (*Journal, error) {
	j := &Journal{path: path, Files: map[string]entry{}}
	raw, err := os.ReadFile(path) //nolint:gosec // a file of ours
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, j); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return j, nil
}

func (j *Journal) save() error {
	if len(j.Files) == 0 {
		if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	raw, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	f := read(setup.Change{Path: j.path})
	if f.Refused != nil {
		return f.Refused
	}
	f.After = raw
	return f.Write()
}

// Apply writes what [Look] has planned. What the file was is remembered first.
func (j *Journal) Apply(f *File) error {
	if !f.Changed() {
		return f.Refused
	}
	was, known := j.Files[f.Path]
	e := entry{Before: f.Before, After: digest(f.After)}
	switch {
	case known && was.After == digest(f.Before):
		e.Before, e.Folders = was.Before, was.Folders
	case known: // others have edited it since: what is theirs stays
		e.Folders = was.Folders
		if rest, err := f.Undo(f.Before); err == nil {
			e.Before = rest
		}
	}
	made, err := folders(filepath.Dir(f.real))
	if err != nil {
		return err
	}
	e.Folders = append(e.Folders, made...)
	j.Files[f.Path] = e
	if err := j.save(); err != nil {
		return err
	}
	return f.Write()
}

// Restore plans to give a file back: byte for byte if nobody has changed it since,
// or else without what is ours.
func (j *Journal) Restore(c setup.Change) *File {
	f := read(c)
	if f.Refused != nil {
		return f
	}
	e, known := j.Files[c.Path]
	switch {
	case f.Before == nil:
		return f
	case known && e.After == digest(f.Before):
		f.After = e.Before
	default:
		f.After, f.Refused = c.Undo(f.Before)
	}
	f.writable()
	return f
}

// Forget carries a plan of [Journal.Restore] out.
func (j *Journal) Forget(f *File) error {
	if f.Refused != nil {
		return f.Refused
	}
	if f.Changed() {
		if err := f.Write(); err != nil {
			return err
		}
	}
	for _, dir := range j.Files[f.Path].Folders {
		_ = os.Remove(dir) // one that is not empty stays
	}
	delete(j.Files, f.Path)
	return j.save()
}

// folders makes a folder, and says which had to be made, the innermost first.
func folders(dir string) ([]string, error) {
	var made []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		made = append(made, at)
	}
	return made, os.MkdirAll(dir, 0o700)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
