package arch_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Files of one package are rooms only if one can say which of them stands on
// which. A tie is two files of which one uses a name of the other. It points back
// up if the one that is used stands above the one that uses it, in the order of
// how much more a file is used than it uses.

// upLimits says, for packages that are larger than a screen, which share of the
// ties may point back up, in percent. Lower one when you can; never raise one.
func upLimits() map[string]int {
	return map[string]int{
		"api":    15,
		"engine": 15,
		"store":  12,

		"bench":     20,
		"cmd/tally": 16,
		"importer":  12,
		"memory":    9,
		"replicate": 29,
		"verb":      20,

		"store/storetest": 52, // the suite names its tests, which use its nodes
	}
}

// defaultUp is the limit of all other packages with at least manyFiles files.
const (
	defaultUp = 16
	bookUp    = 15 // of books, however small
	manyFiles = 12
)

func TestFilesOfAPackageStandOnEachOther(t *testing.T) {
	files := goFiles(t)
	for _, pkg := range packages(files) {
		g := tiesOf(t, files, pkg)
		limit, named := upLimits()[pkg]
		if strings.HasPrefix(pkg, "book/") {
			limit, named = bookUp, true
		}
		if !named {
			if limit = defaultUp; len(g.files) < manyFiles {
				continue
			}
		}
		up := g.up(g.order())
		share := 100 * float64(len(up)) / float64(max(g.count(), 1))
		t.Logf("%-28s %2d files, %3d ties, %2d up: %.0f %%", pkg, len(g.files), g.count(), len(up), share)
		if share > float64(limit) {
			t.Errorf("%s: %d of %d ties between files point back up, %.0f %%; the limit is %d %%:\n\t%s",
				pkg, len(up), g.count(), share, limit, strings.Join(up, "\n\t"))
		}
	}
}

// methodLimits names the types that have more methods than maxMethods. Why they do
// is in docs/decisions/0009-two-types-with-many-methods.md; there is no third.
func methodLimits() map[string]int {
	return map[string]int{
		"replicate/core.Core":   57,
		"store/storetest.Suite": 77, // a method is a test
	}
}

const maxMethods = 40

func TestNoTypeDoesEverything(t *testing.T) {
	n := map[string]int{}
	for _, f := range goFiles(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && !f.test {
				n[f.dir+"."+receiver(fn)]++
			}
		}
	}
	for name, limit := range methodLimits() {
		if n[name] <= maxMethods {
			t.Errorf("%s has %d methods and needs no limit of its own, which is %d", name, n[name], limit)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n)) {
		limit := max(methodLimits()[name], maxMethods)
		if n[name] > limit {
			t.Errorf("%s has %d methods; the limit is %d", name, n[name], limit)
		}
	}
}

// receiver is the name of the type that a method belongs to.
func receiver(fn *ast.FuncDecl) string {
	e := fn.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// graph is the files of a package, and which of them uses names of which.
type graph struct {
	files []string
	uses  [][]bool
}

// count is the number of ties: two files that use each other have one.
func (g *graph) count() int {
	n := 0
	for i := range g.uses {
		for j := range i {
			if g.uses[i][j] || g.uses[j][i] {
				n++
			}
		}
	}
	return n
}

// tiesOf finds the ties of a package. Names of other packages are not resolved:
// they are no ties.
func tiesOf(t *testing.T, files []*goFile, pkg string) *graph {
	t.Helper()
	g := &graph{}
	fset := token.NewFileSet()
	var parsed []*ast.File
	at := map[string]int{}
	for _, f := range files {
		if f.dir != pkg || f.test {
			continue
		}
		a, err := parser.ParseFile(fset, f.path, f.src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		at[f.path] = len(g.files)
		g.files = append(g.files, f.path)
		parsed = append(parsed, a)
	}
	g.uses = make([][]bool, len(g.files))
	for i := range g.uses {
		g.uses[i] = make([]bool, len(g.files))
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: nothing{}, Error: func(error) {}}
	own, _ := conf.Check(pkg, fset, parsed, info) // what is imported is missing, on purpose
	for id, obj := range info.Uses {
		if obj.Pkg() != own || !obj.Pos().IsValid() {
			continue
		}
		from, to := at[fset.Position(id.Pos()).Filename], at[fset.Position(obj.Pos()).Filename]
		if from != to {
			g.uses[from][to] = true
		}
	}
	return g
}

// nothing imports packages without a content.
type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	p.MarkComplete()
	return p, nil
}

// order puts the files into an order, what is used least and uses most first.
func (g *graph) order() []int {
	order := make([]int, len(g.files))
	weight := make([]int, len(g.files))
	for i := range order {
		order[i] = i
		for j := range order {
			if g.uses[i][j] {
				weight[i]--
				weight[j]++
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight[a], weight[b]) })
	return order
}

// up lists the ties that point from a later file to an earlier one.
func (g *graph) up(order []int) []string {
	var out []string
	for i, from := range order {
		for _, to := range order[:i] {
			if g.uses[from][to] {
				out = append(out, g.files[from]+" uses "+g.files[to])
			}
		}
	}
	slices.Sort(out)
	return out
}

// The counter must be able to count.
func TestTiesThatPointUpAreFound(t *testing.T) {
	src := map[string]string{
		"x/a.go": "package x\n\ntype a struct{ b *b }\n\nfunc (a *a) run() { a.b.stop() }\n",
		"x/b.go": "package x\n\nimport \"os\"\n\ntype b struct{ f *os.File }\n\nfunc (b *b) stop() { helper() }\n",
		"x/c.go": "package x\n\nfunc helper() {}\n\nfunc (b *b) back(a *a) { a.run() }\n",
	}
	var files []*goFile
	for _, name := range slices.Sorted(maps.Keys(src)) {
		files = append(files, parseText(t, name, "x", src[name]))
	}
	g := tiesOf(t, files, "x")
	if up := g.up(g.order()); g.count() != 3 || len(up) != 1 {
		t.Errorf("%d ties, up: %q; want 3 and one of them", g.count(), up)
	}
}
