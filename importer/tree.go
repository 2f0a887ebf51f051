package importer

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// tree is a folder, or what an archive holds.
type tree struct {
	name   string // as messages show it
	disk   string // the path of the folder; "" for an archive
	fsys   fs.FS
	packed bool
	kinds  map[string]Format // of its exports, as far as they have been looked at
}

// file returns a file of the tree; its name is its path below the root.
func (t *tree) file(rel string) file {
	if t.disk != "" {
		return onDisk(rel, filepath.Join(t.disk, filepath.FromSlash(rel)))
	}
	return within(t.fsys, rel)
}

// sub is a folder of the tree as a tree of its own.
func (t *tree) sub(rel string) *tree {
	s := &tree{name: path.Base(rel), packed: t.packed}
	if t.disk != "" {
		s.disk = filepath.Join(t.disk, filepath.FromSlash(rel))
	}
	var err error
	if s.fsys, err = fs.Sub(t.fsys, rel); err != nil {
		return t // the name came from the tree: it is valid
	}
	return s
}

// unwrapped is the tree without the one folder that everything in it is in.
func (t *tree) unwrapped() *tree {
	for range 8 {
		list, err := fs.ReadDir(t.fsys, ".")
		if err != nil {
			return t
		}
		var only fs.DirEntry
		n := 0
		for _, e := range list {
			if !junk(e.Name()) {
				only = e
				n++
			}
		}
		if n != 1 || !only.IsDir() || passedOver(only.Name()) != "" {
			return t
		}
		t = t.sub(only.Name())
	}
	return t
}

// walk calls take for every file below the root, in the order of their names,
// and pass for what it leaves out, with the reason.
func (t *tree) walk(take func(rel string) error, pass func(rel, reason string)) error {
	return fs.WalkDir(t.fsys, ".", func(rel string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && d != nil && rel != ".":
			pass(rel, "a folder that cannot be read")
			return fs.SkipDir
		case err != nil:
			return err
		case rel == ".":
			return nil
		case junk(d.Name()):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			if reason := passedOver(d.Name()); reason != "" {
				pass(rel, reason)
				return fs.SkipDir
			}
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			pass(rel, "a symbolic link in a folder, which is not followed")
			return nil
		case !d.Type().IsRegular():
			pass(rel, "neither a file nor a folder")
			return nil
		}
		return take(rel)
	})
}

// names returns the paths of the files of which want says yes.
func (t *tree) names(want func(rel string) bool) []string {
	var out []string
	_ = t.walk(func(rel string) error { // what cannot be read is reported when it is read
		if want(rel) {
			out = append(out, rel)
		}
		return nil
	}, func(string, string) {})
	return out
}

// passedOver says why a folder is not read as part of another one; "" if it is.
func passedOver(name string) string {
	switch {
	case strings.HasPrefix(name, "."):
		return "a hidden folder, which is read only if it is named itself"
	case name == "node_modules" || name == "vendor" || name == "testdata":
		return "a folder of dependencies or test data, which is read only if it is named itself"
	}
	return ""
}

// junk is what systems leave in folders and archives for their own ends.
func junk(name string) bool {
	switch name {
	case "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".obsidian":
		return true
	}
	return strings.HasPrefix(name, "._")
}

func markdown(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown", ".mdc":
		return true
	}
	return false
}

// data reports whether a file is of a kind that may hold memories by itself.
func data(name string) bool {
	switch (file{name: name}).ext() {
	case ".jsonl", ".ndjson", ".json", ".db", ".sqlite", ".sqlite3":
		return true
	}
	return false
}

// read hands the files of a tree that are wanted to take, and reports the others.
func (c *carrier) read(t *tree, want func(rel string) bool, take func(rel, text string)) error {
	return t.walk(func(rel string) error {
		if c.ended {
			return fs.SkipAll
		}
		if !want(rel) {
			c.lose(rel, "a file of another kind in a folder of notes", "")
			return nil
		}
		text, err := t.file(rel).whole()
		if err != nil {
			c.bad(rel, err)
			return nil
		}
		take(rel, text)
		return nil
	}, func(rel, reason string) { c.lose(rel, reason, "") })
}
