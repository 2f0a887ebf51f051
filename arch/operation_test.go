package arch_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// steering are the ops that nobody asks for: those of the approval itself, where what
// may be voted or resolved is decided by the proposal and not by the rules for records,
// and what a node writes because of a read.
func steering(k memory.Kind) bool {
	return k == memory.KindPropose || k == memory.KindDecide || k == memory.KindResolve || k == memory.KindTouch
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
		if f.dir != "engine" && f.dir != "verb" && !strings.HasPrefix(f.dir, "book/") || f.test {
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
			t.Errorf("no book, engine or verb makes a memory.%s", name)
		}
	}
}

// What the engine and the books can do, a surface must offer or a book use; what the client package can do,
// the command line must offer.
func TestWhatCanBeDoneCanBeAskedFor(t *testing.T) {
	files := goFiles(t)
	books := []string{"book/governance", "book/graph", "book/inbox", "book/query", "book/records", "book/feed", "book/upkeep"}
	for _, tt := range []struct {
		pkg, receiver string
		surfaces      []string
		but           []string // those for programs only
	}{
		{"engine", "Engine", append(books, "book", "verb", "api", "node"), nil},
		{"book/query", "Book", append(books, "book", "verb", "api"), nil},
		{"book/records", "Book", append(books, "book", "verb"), []string{"Kinds", "Redo"}},
		{"book/graph", "Book", []string{"verb", "api"}, []string{"Kinds", "Redo"}},
		{"book/governance", "Book", []string{"book", "node", "verb"}, []string{"Kinds", "Redo"}},
		{"book/inbox", "Book", []string{"verb"}, nil},
		{"book/feed", "Book", []string{"book", "verb", "api", "webhook"}, nil},
		{"book/upkeep", "Book", []string{"book", "verb", "api"}, []string{"Tell"}},
		{"client", "Client", []string{"cmd/tally"}, []string{"CloseIdle", "CreateAll", "Events"}},
	} {
		// A book's own uses do not count: there a name may be that of the op.
		used := selectors(files, slices.DeleteFunc(slices.Clone(tt.surfaces), func(s string) bool { return s == tt.pkg }))
		methods := exportedMethods(files, tt.pkg, tt.receiver)
		if len(methods) < 4 {
			t.Errorf("only %d methods of %s.%s were found", len(methods), tt.pkg, tt.receiver)
		}
		for _, m := range methods {
			if !used[m] && !slices.Contains(tt.but, m) {
				t.Errorf("%s.%s.%s is offered by none of %v", tt.pkg, tt.receiver, m, tt.surfaces)
			}
		}
	}
}

// What a part of the client can do, the command line must offer, too.
func TestWhatPartsOfTheClientCanDoIsACommand(t *testing.T) {
	// Those for programs only: agents ask for them in their own protocol, or a command
	// does the same in another way.
	forPrograms := map[string][]string{
		"Agents":     {"CaptureTurn", "Inbox", "List", "LoadFamily", "Notify", "Register", "Share", "SmartLoad", "StartSession"},
		"Graph":      {"Contradictions", "Duplicate", "EntityByAlias", "Invalidate", "Paths", "Reach", "RegisterEntity", "Taxonomy", "Timeline", "Verify"},
		"Upkeep":     {"ArchiveStats", "Capabilities", "Collect", "Forget", "Purge", "Quota", "Stats"},
		"Governance": {"Proposal"},
	}
	files := goFiles(t)
	used := partsUsed(files, "cmd/tally", "carry", "selftest") // commands, and what they are made of
	parts := 0
	for _, part := range exportedMethods(files, "client", "Client") {
		methods := exportedMethods(files, "client", part+"API")
		if len(methods) > 0 {
			parts++
		}
		for _, m := range methods {
			switch said := slices.Contains(forPrograms[part], m); {
			case !said && !used[part+"."+m]:
				t.Errorf("%sAPI.%s of package client is offered by no command", part, m)
			case said && used[part+"."+m]:
				t.Errorf("%sAPI.%s is said to be for programs only, and a command uses it", part, m)
			}
		}
	}
	if parts < 5 {
		t.Errorf("only %d parts of the client were found", parts)
	}
}

// partsUsed are the calls of the form x.Part().Method in packages, as Part.Method.
func partsUsed(files []*goFile, pkgs ...string) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		if f.test || !slices.Contains(pkgs, f.dir) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			method, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if call, ok := method.X.(*ast.CallExpr); ok {
				if part, ok := call.Fun.(*ast.SelectorExpr); ok {
					out[part.Sel.Name+"."+method.Sel.Name] = true
				}
			}
			return true
		})
	}
	return out
}

// selectors are the names behind a dot in the product code of some packages.
func selectors(files []*goFile, pkgs []string) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		if f.test || !slices.Contains(pkgs, f.dir) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				out[sel.Sel.Name] = true
			}
			return true
		})
	}
	return out
}

func exportedMethods(files []*goFile, pkg, receiver string) []string {
	var out []string
	for _, f := range files {
		if f.dir != pkg || f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || !fn.Name.IsExported() {
				continue
			}
			typ := fn.Recv.List[0].Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			if id, ok := typ.(*ast.Ident); ok && id.Name == receiver {
				out = append(out, fn.Name.Name)
			}
		}
	}
	return out
}

// What others wrote comes in by one door, and what callers want changed by another.
func TestTheStoreHasTwoDoors(t *testing.T) {
	doors := map[string]string{"Take": "intake", "AdoptHeads": "intake", "LogForeign": "intake", "Submit": "engine"} // method: who may call it
	found := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test || f.dir == "store" || f.dir == "store/storetest" || f.dir == "sim" {
			continue
		}
		for method := range selectors([]*goFile{f}, []string{f.dir}) {
			door, is := doors[method]
			switch {
			case !is || f.dir == "identity/attest": // whose Take is that of a ledger
			case f.dir != door:
				t.Errorf("%s calls %s, which only %s may", f.path, method, door)
			default:
				found[method] = true
			}
		}
	}
	for method, door := range doors {
		if !found[method] {
			t.Errorf("%s does not call %s", door, method)
		}
	}
}
