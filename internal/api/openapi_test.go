package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestTheWholeTableCanBeDescribed(t *testing.T) {
	if _, err := (&API{}).describe(); err != nil {
		t.Errorf("give each field a word in the lists of words.go, and each type that writes itself a schema in schemas():\n%v", err)
	}
}

func TestNoWordIsSaidTwice(t *testing.T) {
	n := 0
	for _, list := range wordLists() {
		n += len(list)
	}
	if all := words(); len(all) != n {
		seen := map[string]bool{}
		for _, list := range wordLists() {
			for w := range list {
				if seen[w] {
					t.Errorf("%q is in two lists: make it \"Component.field\" in one of them", w)
				}
				seen[w] = true
			}
		}
	}
}

// source is the code of this package, to be asked what it reads.
type source struct {
	t     *testing.T
	funcs map[string]*ast.FuncDecl // by name, or by receiver and name
	all   []ast.Node
	words map[string]string // constants
}

func readSource(t *testing.T) *source {
	t.Helper()
	s := &source{t: t, funcs: map[string]*ast.FuncDecl{}, words: map[string]string{}}
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.all = append(s.all, f)
		for _, d := range f.Decls {
			if fn, is := d.(*ast.FuncDecl); is {
				s.funcs[receiver(fn)+fn.Name.Name] = fn
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, is := n.(*ast.ValueSpec); is && len(spec.Names) == len(spec.Values) {
				for i, name := range spec.Names {
					if v, ok := s.text(spec.Values[i]); ok {
						s.words[name.Name] = v
					}
				}
			}
			return true
		})
	}
	return s
}

// receiver is the type of a method and a dot, or "".
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	x := fn.Recv.List[0].Type
	if star, is := x.(*ast.StarExpr); is {
		x = star.X
	}
	if id, is := x.(*ast.Ident); is {
		return id.Name + "."
	}
	return ""
}

// text is the value of a string literal or constant.
func (s *source) text(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		v, err := strconv.Unquote(x.Value)
		return v, err == nil && x.Kind == token.STRING
	case *ast.Ident:
		v, ok := s.words[x.Name]
		return v, ok
	}
	return "", false
}

// reads lists the parameters and headers that a function asks a request for,
// itself and through what it calls.
func (s *source) reads(fn *ast.FuncDecl, found map[string]bool, seen map[*ast.FuncDecl]bool) {
	if fn == nil || seen[fn] || fn.Body == nil {
		return
	}
	seen[fn] = true
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IndexExpr: // q.query["tags"]
			if isField(n.X, "q", "query") {
				s.named(fn, n.Index, found)
			}
		case *ast.CallExpr:
			s.call(fn, n, found, seen)
		}
		return true
	})
}

func (s *source) call(fn *ast.FuncDecl, call *ast.CallExpr, found map[string]bool, seen map[*ast.FuncDecl]bool) {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		s.reads(s.funcs[f.Name], found, seen)
	case *ast.SelectorExpr:
		name := f.Sel.Name
		accessor := isIdent(f.X, "q") && slices.Contains([]string{"text", "number", "flag", "list"}, name)
		raw := (name == "Get" || name == "Has" || name == "Values") && (isField(f.X, "q", "query") || isField(f.X, "q", "Header"))
		switch {
		case accessor || raw:
			s.named(fn, call.Args[0], found)
		case isIdent(f.X, "a"):
			s.reads(s.funcs["API."+name], found, seen)
		case isIdent(f.X, "q"):
			s.reads(s.funcs["request."+name], found, seen)
		default: // a method of something else: any that is called so
			for key, m := range s.funcs {
				if strings.HasSuffix(key, "."+name) && !strings.HasPrefix(key, "API.") && !strings.HasPrefix(key, "request.") {
					s.reads(m, found, seen)
				}
			}
		}
	}
}

// named notes the name of a parameter: a literal, or what a loop over literals
// gives it.
func (s *source) named(fn *ast.FuncDecl, x ast.Expr, found map[string]bool) {
	if v, ok := s.text(x); ok {
		found[v] = true
		return
	}
	known := false
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		loop, is := n.(*ast.RangeStmt)
		if !is {
			return true
		}
		lit, is := loop.X.(*ast.CompositeLit)
		if !is || !sameIdent(loop.Key, x) && !sameIdent(loop.Value, x) {
			return true
		}
		for _, e := range lit.Elts {
			if kv, is := e.(*ast.KeyValueExpr); is {
				if e = kv.Value; sameIdent(loop.Key, x) {
					e = kv.Key
				}
			}
			if v, ok := s.text(e); ok {
				found[v] = true
				known = true
			}
		}
		return true
	})
	if !known {
		s.t.Errorf("%s asks for a parameter whose name cannot be told: use a literal, or a loop over literals", fn.Name.Name)
	}
}

func isIdent(x ast.Expr, name string) bool {
	id, is := x.(*ast.Ident)
	return is && id.Name == name
}

func sameIdent(a, b ast.Expr) bool {
	x, is := a.(*ast.Ident)
	return is && isIdent(b, x.Name)
}

func isField(x ast.Expr, of, name string) bool {
	sel, is := x.(*ast.SelectorExpr)
	return is && sel.Sel.Name == name && isIdent(sel.X, of)
}

// handlerOf is the code of a handler, or nil if it has no name.
func (s *source) handlerOf(rt *route) *ast.FuncDecl {
	name := runtime.FuncForPC(reflect.ValueOf(rt.handle).Pointer()).Name()
	_, method, _ := strings.Cut(name, ".(*API).")
	return s.funcs["API."+method]
}

func TestParametersAreThoseThatHandlersRead(t *testing.T) {
	s := readSource(t)
	several := 0
	for _, rt := range routes() {
		fn := s.handlerOf(&rt)
		if fn == nil {
			continue // answers that it is not there
		}
		read := map[string]bool{}
		s.reads(fn, read, map[*ast.FuncDecl]bool{})
		if len(read) > 1 {
			several++
		}
		declared := map[string]bool{}
		for _, p := range rt.parameters() {
			if p.in == "path" { // which wins over a parameter of that name
				delete(read, p.name)
				continue
			}
			declared[p.name] = true
		}
		for name := range read {
			if !declared[name] && name != "Accept" { // which OpenAPI leaves to the media types of answers
				t.Errorf("%s %s reads %q: say so in `query` of its row", rt.method, rt.path, name)
			}
		}
		for name := range declared {
			if !read[name] && name != "agent_id" && name != "as_agent" { // which are read for all routes
				t.Errorf("%s %s does not read %q, which its row names", rt.method, rt.path, name)
			}
		}
	}
	if several < 10 {
		t.Errorf("only %d handlers were found to read several parameters", several)
	}
}

func TestTheCodesOfRoutesAreInTheTable(t *testing.T) {
	for _, rt := range routes() {
		for _, c := range rt.codes {
			if _, listed := c.Row(); !listed {
				t.Errorf("%s %s may answer %s, which is not in client.Codes()", rt.method, rt.path, c)
			}
		}
	}
}
