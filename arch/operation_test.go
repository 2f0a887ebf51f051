package arch_test

import (
	"fmt"
	"go/ast"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// steering are the ops of the approval itself: what may be voted or resolved is
// decided by the proposal, not by the rules for records.
func steering(k memory.Kind) bool {
	return k == memory.KindPropose || k == memory.KindDecide || k == memory.KindResolve
}

// An op without a rule is refused to everybody, which is safe, and useless.
func TestEveryOpHasARuleOfPolicy(t *testing.T) {
	anybody := policy.Subject{Namespace: "global", Rules: policy.DefaultRules()}
	for _, k := range memory.Kinds() {
		c := policy.Context{Subjects: []policy.Subject{anybody, anybody}}
		d := policy.Decide(policy.Actor{ID: memory.Anonymous}, memory.New(k), c)
		if refused := d.Verdict == policy.Refuse; refused != steering(k) {
			t.Errorf("%s of records that nobody owns: refused is %v (%s)", k, refused, d.Reason)
		}
	}
}

// An op that is never made is a change that no surface can ask for.
func TestEveryOpCanBeIssued(t *testing.T) {
	issued := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.dir != "engine" && f.dir != "api" || f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok {
				if sel, ok := lit.Type.(*ast.SelectorExpr); ok {
					issued[sel.Sel.Name] = true
				}
			}
			return true
		})
	}
	for _, k := range memory.Kinds() {
		var name string
		if _, err := fmt.Sscanf(fmt.Sprintf("%T", memory.New(k)), "*memory.%s", &name); err != nil {
			t.Fatal(err)
		}
		if !issued[name] {
			t.Errorf("neither engine nor api makes a memory.%s", name)
		}
	}
}
