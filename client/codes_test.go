package client_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// A constant without a row would be a code without a status.
func TestEveryCodeHasARow(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(f, func(node ast.Node) bool {
		spec, is := node.(*ast.ValueSpec)
		if !is || spec.Type == nil {
			return true
		}
		word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if _, listed := client.Code(word).Row(); !listed {
			t.Errorf("%s has no row in Codes", spec.Names[0].Name)
		}
		return true
	})
	if rows := client.Codes(); n != len(rows) {
		t.Errorf("%d constants, %d rows", n, len(rows))
	} else if !slices.IsSortedFunc(rows, func(x, y client.CodeRow) int { return x.Status - y.Status }) {
		t.Error("the rows are not in the order of their statuses")
	}
}
