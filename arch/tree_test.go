package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/tallystick/tallystick"

// goFile is one parsed source file.
type goFile struct {
	path string // from the root, with slashes
	dir  string // the package, as it stands in the table
	test bool
	ast  *ast.File
	src  []byte
}

// imports lists what f imports, our own packages without the module path.
func (f *goFile) imports() []string {
	var out []string
	for _, s := range f.ast.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			panic(err) // the parser has read it
		}
		if own, ok := strings.CutPrefix(p, module+"/"); ok {
			p = ownPrefix + strings.TrimPrefix(own, "internal/")
		}
		out = append(out, p)
	}
	return out
}

// ownPrefix marks imports of our own packages.
const ownPrefix = "our/"

// root is the directory of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tree lists the files of the repository: no dot directories but .ci, nothing built.
func tree(t *testing.T) []string {
	t.Helper()
	base := root(t)
	var out []string
	err := filepath.WalkDir(base, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case d.IsDir() && p != base && (strings.HasPrefix(name, ".") && name != ".ci" || name == "bin" || name == "node_modules"):
			return fs.SkipDir
		case d.Type().IsRegular():
			rel, err := filepath.Rel(base, p)
			if err != nil {
				return err
			}
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// goFiles parses every Go file, whatever its build constraints.
func goFiles(t *testing.T) []*goFile {
	t.Helper()
	parsed.Do(func() { parsed.files = parseAll(t) })
	if parsed.files == nil {
		t.Fatal("the tree could not be parsed")
	}
	return parsed.files
}

// parsed is the tree, which takes a while to read.
var parsed struct {
	sync.Once
	files []*goFile
}

func parseAll(t *testing.T) []*goFile {
	t.Helper()
	base := root(t)
	var out []*goFile
	for _, p := range tree(t) {
		if !strings.HasSuffix(p, ".go") || strings.Contains(p, "/testdata/") {
			continue
		}
		src, err := os.ReadFile(filepath.Join(base, filepath.FromSlash(p)))
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &goFile{
			path: p, dir: strings.TrimPrefix(path.Dir(p), "internal/"), test: strings.HasSuffix(p, "_test.go"),
			ast: tree, src: src,
		})
	}
	if len(out) < 20 {
		t.Fatalf("only %d Go files found in %s", len(out), base)
	}
	return out
}

// packages lists the packages, each once.
func packages(files []*goFile) []string {
	var out []string
	for _, f := range files {
		if !slices.Contains(out, f.dir) {
			out = append(out, f.dir)
		}
	}
	slices.Sort(out)
	return out
}
