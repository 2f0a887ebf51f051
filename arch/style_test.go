package arch_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func parseText(t *testing.T, name, dir, src string) *goFile {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return &goFile{path: name, dir: dir, test: strings.HasSuffix(name, "_test.go"), ast: f, src: []byte(src)}
}

func TestEveryPackageHasAComment(t *testing.T) {
	files := goFiles(t)
	documented := map[string]bool{}
	for _, f := range files {
		if f.ast.Doc == nil {
			continue
		}
		text := f.ast.Doc.Text()
		if strings.HasPrefix(text, "Package "+f.ast.Name.Name+" ") || f.ast.Name.Name == "main" {
			documented[f.dir] = true
		}
	}
	for _, pkg := range packages(files) {
		if !documented[pkg] {
			t.Errorf("%s has no comment that begins with \"Package %s\"", pkg, path.Base(pkg))
		}
	}
}

func TestFilesStaySmall(t *testing.T) {
	const limit = 500
	for _, f := range goFiles(t) {
		if n := codeLines(f.src); n > limit {
			t.Errorf("%s has %d lines of code, limit %d: find the two things it is about", f.path, n, limit)
		}
	}
	if n := codeLines([]byte("package x\n\n// a comment\nvar s = `\n\n`\n/* more\n*/\n")); n != 4 {
		t.Errorf("counted %d lines, want 4", n)
	}
}

// What the product is measured against is no part of it.
func TestTheProductHasNoControlArm(t *testing.T) {
	words := regexp.MustCompile(`(?i)per-?write\b|no-?lanes|control arm`)
	for _, f := range goFiles(t) {
		ours := f.dir == "replicate" || f.dir == "replicate/core" || f.dir == "node" || f.dir == "store"
		if word := words.Find(f.src); ours && word != nil {
			t.Errorf("%s says %q: the control arm of the benchmark is bench/control", f.path, word)
		}
	}
}

// codeLines counts the lines that hold a token.
func codeLines(src []byte) int {
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && text == "\n" {
			continue
		}
		first := file.Line(pos)
		for i := range strings.Count(text, "\n") + 1 {
			lines[first+i] = true
		}
	}
}

// calls lists what forbidden calls and declarations a file has.
func calls(f *goFile) []string {
	var out []string
	sleeps := f.test && !slices.Contains(f.imports(), "testing/synctest")
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				out = append(out, "init(): return a value from a constructor instead")
			}
		case *ast.SelectorExpr:
			switch x, _ := n.X.(*ast.Ident); {
			case x == nil:
			case x.Name == "time" && n.Sel.Name == "Sleep" && sleeps:
				out = append(out, "time.Sleep in a test: wait for the event, or use testing/synctest")
			case x.Name == "context" && n.Sel.Name == unfinished:
				out = append(out, "an unfinished context: take a ctx parameter")
			}
		}
		return true
	})
	return out
}

func TestThereIsNoHiddenControlFlow(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, c := range calls(f) {
			t.Errorf("%s: %s", f.path, c)
		}
	}
	bad := parseText(t, "x_test.go", "x", "package x\n\nfunc init() { time.Sleep(1); f(context."+unfinished+"()) }\n")
	if got := calls(bad); len(got) != 3 {
		t.Errorf("found %q, want three", got)
	}
}

// The replication core is a value machine: the same events at the same times give
// the same effects, or a failure could not be replayed from its seed.
func TestTheReplicationCoreIsPure(t *testing.T) {
	var found bool
	for _, f := range goFiles(t) {
		if f.dir == "replicate/core" && !f.test {
			found = true
			for _, p := range impurities(f) {
				t.Errorf("%s: %s", f.path, p)
			}
		}
	}
	if !found {
		t.Error("there is no replication core")
	}
	src := "package core\n\nimport (\n\"os\"\n\"math/rand/v2\"\n)\n\nfunc f() { go f(); time.Now(); select {} }\n"
	if got := impurities(parseText(t, "x.go", "replicate/core", src)); len(got) != 5 {
		t.Errorf("found %q, want five", got)
	}
}

func impurities(f *goFile) []string {
	var out []string
	for _, p := range f.imports() {
		switch first, _, _ := strings.Cut(p, "/"); first {
		case "os", "net", "io", "context", "sync", "database", "log", "syscall":
			out = append(out, "imports "+p)
		}
		if strings.HasPrefix(p, "math/rand") || p == "crypto/rand" {
			out = append(out, "imports "+p)
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			out = append(out, "starts a goroutine")
		case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
			out = append(out, "uses channels")
		case *ast.SelectorExpr:
			x, _ := n.X.(*ast.Ident)
			reads := []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Sleep", "Tick"}
			if x != nil && x.Name == "time" && slices.Contains(reads, n.Sel.Name) {
				out = append(out, "reads the clock: time."+n.Sel.Name)
			}
		}
		return true
	})
	return out
}

// The word is put together so that this file does not hold it; so are those below.
const unfinished = "TO" + "DO"

// Text that says that something is not finished, or not meant to be here.
func leftovers() *regexp.Regexp {
	words := []string{
		unfinished, "FIX" + "ME", "X" + "XX", "HA" + "CK", "not implemented" + " yet",
		"<<<<" + "<<<", ">>>>" + ">>>", "BEGIN [A-Z ]*PRIVATE" + " KEY",
	}
	return regexp.MustCompile(`(^|[^.A-Za-z])(` + strings.Join(words, "|") + `)([^A-Za-z]|$)`)
}

func TestNothingIsLeftOver(t *testing.T) {
	base, re := root(t), leftovers()
	for _, p := range tree(t) {
		if strings.Contains(p, "/testdata/") || strings.HasSuffix(p, ".sum") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(base, filepath.FromSlash(p)))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b, 0) >= 0 {
			continue // something built
		}
		if !re.Match(b) {
			continue
		}
		for i, line := range strings.Split(string(b), "\n") {
			if m := re.FindString(line); m != "" {
				t.Errorf("%s:%d: %q is left over", p, i+1, m)
			}
		}
	}
	if !re.MatchString("// " + unfinished + ": later") {
		t.Error("the pattern finds nothing")
	}
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	base := root(t)
	link := regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	for _, p := range tree(t) {
		if !strings.HasSuffix(p, ".md") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(base, filepath.FromSlash(p)))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], ":") {
				continue // to somewhere else
			}
			if _, err := os.Stat(filepath.Join(base, filepath.FromSlash(path.Join(path.Dir(p), m[1])))); err != nil {
				t.Errorf("%s links to %s, which is not there", p, m[1])
			}
		}
	}
}

func TestTheReadmeFitsOnAFewScreens(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\n"); n >= 120 {
		t.Errorf("README.md has %d lines, want fewer than 120", n)
	}
}

// Every library is a decision: it is in the table, and written down with its reason.
func TestEveryDirectDependencyIsAccountedFor(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(filepath.Join(root(t), "docs", "decisions", "0002-dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	require := regexp.MustCompile(`(?m)^(?:require )?\s*([a-z][\w.-]*\.[\w./-]+) v\S+( // indirect)?$`)
	for _, m := range require.FindAllStringSubmatch(string(mod), -1) {
		if m[2] != "" {
			continue
		}
		if _, ok := libraries()[m[1]]; !ok {
			t.Errorf("%s is in go.mod and not in the table of libraries", m[1])
		}
		if !strings.Contains(string(doc), m[1]) {
			t.Errorf("%s is in go.mod and not in docs/decisions/0002-dependencies.md", m[1])
		}
	}
}

// Inputs and answers are those of the public package: a struct that JSON shows has
// no place in the binding to HTTP.
func TestAnswersLiveOnce(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.dir != "api" || f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if field, is := n.(*ast.Field); is && field.Tag != nil && strings.Contains(field.Tag.Value, "json:") {
				t.Errorf("%s: a field with a json tag: its struct belongs into package client", f.path)
			}
			return true
		})
	}
}
