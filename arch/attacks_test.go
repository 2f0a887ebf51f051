package arch_test

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What docs/trust.md says is tried is tried: every test that it names is there.
func TestAttacksOfTheDocumentAreTests(t *testing.T) {
	raw, err := os.ReadFile("../docs/trust.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(raw), "## Attacks that are tried")
	if !ok {
		t.Fatal("docs/trust.md has no section of attacks")
	}
	there := map[string]bool{}
	for _, f := range goFiles(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				there[fn.Name.Name] = true
			}
		}
	}
	names := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(section, -1)
	for _, m := range names {
		if !there[m[1]] {
			t.Errorf("docs/trust.md names %s, which is no test", m[1])
		}
	}
	if len(names) < 30 {
		t.Errorf("docs/trust.md names %d tests", len(names))
	}
}
