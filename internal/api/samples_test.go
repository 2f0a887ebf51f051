package api

import (
	"go/ast"
	"go/parser"
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// Every sample is of an operation that there is, and calls a method that the client has.
func TestSamplesAreOfWhatThereIs(t *testing.T) {
	doc, err := describer{&API{routes: routes()}}.describe()
	if err != nil {
		t.Fatal(err)
	}
	ops := map[string]bool{}
	for _, p := range doc.Paths {
		for _, op := range p.Operations {
			ops[op.ID] = true
			if len(op.Samples) == 0 || !strings.HasPrefix(op.Samples[0].Source, "curl -s") {
				t.Errorf("%s has no command", op.ID)
			}
		}
	}
	for id, say := range inWords() {
		if !ops[id] {
			t.Errorf("there is no operation %s", id)
		}
		code, err := parser.ParseExpr("func() { " + say.call + " }")
		if err != nil {
			t.Errorf("%s: %q is no Go: %v", id, say.call, err)
			continue
		}
		ast.Inspect(code, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				receiver(t, id, call)
			}
			return true
		})
	}
}

// receiver returns the type of what a call of the client, or of a part of it, gives.
func receiver(t *testing.T, id string, call *ast.CallExpr) reflect.Type {
	t.Helper()
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	of := reflect.TypeFor[*client.Client]()
	switch x := method.X.(type) {
	case *ast.CallExpr:
		if of = receiver(t, id, x); of == nil {
			return nil
		}
	case *ast.Ident:
		if x.Name != "c" {
			return nil
		}
	}
	m, ok := of.MethodByName(method.Sel.Name)
	if !ok {
		t.Errorf("%s: %s has no method %s", id, of, method.Sel.Name)
		return nil
	}
	if m.Type.NumOut() == 0 {
		return nil
	}
	return m.Type.Out(0)
}
