package importer

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// exported reports whether a file has the name of an export of a program that is
// known here.
func exported(name string) bool {
	base := strings.ToLower(path.Base(name))
	for _, form := range []string{"conversations*.json", "memories.json", "memories.jsonl.gz", "memory.jsonl", "memory.json"} {
		if ok, _ := path.Match(form, base); ok {
			return true
		}
	}
	return false
}

// exports are the files of a tree that have such names: in a folder those at its
// top, in an archive wherever they are.
func (t *tree) exports() []string {
	var list []string
	if t.packed {
		list = t.names(exported)
	} else if entries, err := fs.ReadDir(t.fsys, "."); err == nil {
		for _, e := range entries {
			if e.Type().IsRegular() && exported(e.Name()) {
				list = append(list, e.Name())
			}
		}
	}
	full := slices.ContainsFunc(list, func(name string) bool { return path.Base(name) == "memories.json" })
	return slices.DeleteFunc(list, func(name string) bool { // the other one says it better
		return full && path.Base(name) == "memories.jsonl.gz"
	})
}

// filesOf tells a folder by the first of its exports that is somebody's; the
// others must be of the same.
func filesOf(want Format) func(*tree) ([]file, bool) {
	return func(t *tree) ([]file, bool) {
		var files []file
		names := t.exports()
		for _, name := range names {
			files = append(files, t.file(name))
		}
		for i, name := range names {
			if f := t.kind(name, files[i]); f != JSON && f != JSONL && f != "" {
				return files, f == want
			}
		}
		return nil, false
	}
}

// kind is the format of an export, which is looked at once.
func (t *tree) kind(name string, f file) Format {
	if kind, ok := t.kinds[name]; ok {
		return kind
	}
	var kind Format
	if in, err := f.text(); err == nil {
		kind = told(in, f.ext(), JSON)
		_ = in.Close()
	}
	if t.kinds == nil {
		t.kinds = map[string]Format{}
	}
	t.kinds[name] = kind
	return kind
}

func (t *tree) has(name string) bool {
	info, err := fs.Stat(t.fsys, name)
	return err == nil && info.Mode().IsRegular()
}

func hasMemoryIndex(t *tree) ([]file, bool) { return nil, t.has("MEMORY.md") }

// hasPermalinks tells folders of basic-memory, which gives each note a permanent
// name: most of the first notes have one.
func hasPermalinks(t *tree) ([]file, bool) {
	const look = 50
	found := 0
	names := t.names(markdown)
	names = names[:min(len(names), look)]
	for _, name := range names {
		if text, err := t.file(name).whole(); err == nil {
			if front, _, _ := frontOf(clean(text)); front["permalink"] != nil {
				found++
			}
		}
	}
	return nil, 2*found > len(names)
}

func (t *tree) hasFolder(name string) bool {
	info, err := fs.Stat(t.fsys, name)
	return err == nil && info.IsDir()
}
