package arch_test

import (
	"go/ast"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

const maxReads = 8 // methods of one interface that a package asks others for

// What a package asks another for is an interface of its own, small, and each of its
// methods says what the one who calls may rely on.
func TestEveryMethodThatIsAskedForHasItsPromise(t *testing.T) {
	n := 0
	for _, f := range goFiles(t) {
		if f.test || !asks(f.dir) {
			continue
		}
		found, problems := promiseProblems(f)
		n += found
		for _, p := range problems {
			t.Error(p)
		}
	}
	if n < 60 {
		t.Errorf("only %d methods of interfaces were found", n)
	}
	bad := "package x\n\ntype X interface {\n\tA()\n\t// B does.\n\tB()\n\tc()\n\tD() // does\n}\n"
	if n, problems := promiseProblems(parseText(t, "x.go", "engine", bad)); n != 4 || len(problems) != 1 {
		t.Errorf("%d methods, problems %q, want 4 and one", n, problems)
	}
}

// asks reports whether a package is one of those that are plugged together.
func asks(dir string) bool {
	switch dir {
	case "book", "engine", "intake", "peer", "policy", "replicate", "store", "verb", "webhook":
		return true
	}
	return strings.HasPrefix(dir, "book/")
}

func promiseProblems(f *goFile) (methods int, problems []string) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		face, ok := spec.Type.(*ast.InterfaceType)
		if !ok {
			return true
		}
		own := 0
		for _, m := range face.Methods.List {
			if len(m.Names) == 0 {
				continue // another interface
			}
			own++
			if m.Doc == nil && m.Comment == nil && m.Names[0].IsExported() && len(face.Methods.List) > 1 {
				problems = append(problems, f.path+": "+spec.Name.Name+"."+m.Names[0].Name+" has no comment that says what may be relied on")
			}
		}
		if own > maxReads {
			problems = append(problems, f.path+": "+spec.Name.Name+" asks for "+strconv.Itoa(own)+" methods, limit "+strconv.Itoa(maxReads))
		}
		methods += own
		return true
	})
	return methods, problems
}

// The code of an error is a constant of package client, whose table says its status
// and its exit code. Who spells one writes down a code that no table knows.
func TestCodesOfErrorsAreSpelledOnce(t *testing.T) {
	known := map[string]bool{}
	for _, row := range client.Codes() {
		known[string(row.Code)] = true
	}
	if len(known) < 20 {
		t.Fatalf("only %d codes", len(known))
	}
	for _, f := range goFiles(t) {
		if f.test || f.dir == "client" || f.dir == "legacy/receive" { // which has the words of ai-memory
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && known[text] {
				t.Errorf("%s spells the code %s: use the constant of package client", f.path, text)
			}
			return true
		})
	}
}
