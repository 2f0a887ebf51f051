package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// contrast is one way to lose or to split data.
type contrast struct {
	letter, what string
	kills        bool // it needs a node to die
	signed       bool // it is tried where nodes sign, too
	run          func(ctx context.Context, f *federation, ns string) string
}

func allCases() []contrast {
	return []contrast{
		{"a", "delete on A while C is down; then C is edited", true, false, deletedWhileDown},
		{"b", "C down, a write acknowledged by A, A killed at once, C back", true, false, func(ctx context.Context, f *federation, ns string) string {
			return survives(ctx, f, ns, 0)
		}},
		{"c", "an edit on A and on B at once; then priority 9 is lowered to 1", false, false, editedTwice},
		{"d", "C misses a memory; a link of it is made right after C is back", true, false, linkOfWhatWasMissed},
		{"e", "one title on A and B at once; deleted on A", false, false, oneTitleTwice},
		{"f", "renamed on A, then edited", false, false, renamed},
		{"g", "approved on A and on B at once", false, false, approvedTwice},
		{"h", "as b, but A is killed 6 s after the answer", true, false, func(ctx context.Context, f *federation, ns string) string {
			const late = 6 * time.Second
			return survives(ctx, f, ns, late)
		}},
		{"i", "update, delete, archive and link while C is down", true, true, changedWhileDown},
		{"j", "nobody down: 10 memories stored on A, deleted 1 s later", false, true, storedAndDeleted},
		{"k", "every kind of write on every node, compared row by row", false, true, everyKind},
		{"l", "each node killed in turn, writes on the others, compared row by row", true, true, everyNodeKilled},
		{"m", "a memory with a vector made on a node of each kind", false, true, vectorsTravel},
		{"n", "pushes in the name of a peer, answered by A / B / C", false, true, forged},
	}
}

// cases runs those of the cases that were asked for, one after the other.
func (f *federation) cases(ctx context.Context, letters string) map[string]string {
	out := map[string]string{}
	for _, c := range allCases() {
		if letters != "" && !strings.Contains(letters, c.letter) || f.papers != nil && !c.signed || ctx.Err() != nil {
			continue
		}
		if c.kills && f.nodes[0].process == nil {
			out[c.letter] = "left out: the nodes were started by others"
			continue
		}
		began := time.Now()
		out[c.letter] = strings.ReplaceAll(c.run(ctx, f, "case-"+c.letter), "|", "/")
		fmt.Fprintf(os.Stderr, "%s %s (%s): %s\n", f.layout, c.letter, time.Since(began).Round(time.Second), out[c.letter])
		for _, n := range f.nodes { // whoever is still down
			if n.process != nil && !n.serves(ctx) {
				n.kill()
				if err := n.start(ctx); err != nil {
					fmt.Fprintf(os.Stderr, "%s: %s is not back: %v\n", f.layout, n.name, err)
				}
			}
		}
	}
	return out
}

func (n *node) serves(ctx context.Context) bool {
	status, _ := n.call(ctx, http.MethodGet, "/api/v1/health", "", nil)
	return status == http.StatusOK
}

// on tells what each node has, A/B/C.
func (f *federation) on(what func(*node) string) string {
	var out []string
	for _, n := range f.nodes {
		out = append(out, what(n))
	}
	return strings.Join(out, " / ")
}

// same reports whether all nodes tell the same, and what.
func (f *federation) same(ctx context.Context, want string, what func(*node) string) (string, bool) {
	var got string
	began := time.Now()
	ok := wait(ctx, f.watch, func() bool {
		got = f.on(what)
		for part := range strings.SplitSeq(got, " / ") {
			if want != "" && part != want || want == "" && part != strings.Split(got, " / ")[0] {
				return false
			}
		}
		return true
	})
	if ok {
		return fmt.Sprintf("%s everywhere after %s", strings.Split(got, " / ")[0], time.Since(began).Round(100*time.Millisecond)), true
	}
	return fmt.Sprintf("**%s** after %s", got, f.watch), false
}

func (f *federation) everywhere(ctx context.Context, id string) bool {
	return wait(ctx, f.watch, func() bool {
		for _, n := range f.nodes {
			if n.get(ctx, id) == nil {
				return false
			}
		}
		return true
	})
}

func deletedWhileDown(ctx context.Context, f *federation, ns string) string {
	a, c := f.nodes[0], f.nodes[2]
	id, _ := a.store(ctx, ns, "to be deleted", "one", nil)
	if !f.everywhere(ctx, id) {
		return "the memory does not reach all"
	}
	c.kill()
	a.remove(ctx, id)
	if err := c.start(ctx); err != nil {
		return err.Error()
	}
	life := func(n *node) string {
		if n.get(ctx, id) == nil {
			return "gone"
		}
		return "there"
	}
	first, _ := f.same(ctx, "gone", life)
	status := c.put(ctx, id, object{"content": "two"})
	const settle = 3 * time.Second
	rest(ctx, settle)
	return fmt.Sprintf("%s; an edit on C answers %d, then %s", first, status, f.on(life))
}

func survives(ctx context.Context, f *federation, ns string, late time.Duration) string {
	a, c := f.nodes[0], f.nodes[2]
	c.kill()
	id, status := a.store(ctx, ns, "acknowledged", "one", nil)
	rest(ctx, late)
	a.kill()
	if err := c.start(ctx); err != nil {
		return err.Error()
	}
	began := time.Now()
	if wait(ctx, f.watch, func() bool { return c.get(ctx, id) != nil }) {
		return fmt.Sprintf("answered %d; C has it with A still dead, after %s", status, time.Since(began).Round(100*time.Millisecond))
	}
	if err := a.start(ctx); err != nil {
		return err.Error()
	}
	if wait(ctx, f.watch, func() bool { return c.get(ctx, id) != nil }) {
		return fmt.Sprintf("answered %d; **C has it only once A is back**", status)
	}
	return fmt.Sprintf("answered %d; **C never gets it** (%s after A was back)", status, f.watch)
}

func editedTwice(ctx context.Context, f *federation, ns string) string {
	a, b := f.nodes[0], f.nodes[1]
	id, _ := a.store(ctx, ns, "edited twice", "zero", object{"priority": 9})
	if !f.everywhere(ctx, id) {
		return "the memory does not reach all"
	}
	var both sync.WaitGroup
	var first, second int
	both.Go(func() { first = a.put(ctx, id, object{"content": "of A"}) })
	both.Go(func() { second = b.put(ctx, id, object{"content": "of B"}) })
	both.Wait()
	content := func(n *node) string { return fmt.Sprint(n.get(ctx, id)["content"]) }
	what, _ := f.same(ctx, "", content)
	a.put(ctx, id, object{"priority": 1})
	priority, _ := f.same(ctx, "1", func(n *node) string { return fmt.Sprint(n.get(ctx, id)["priority"]) })
	return fmt.Sprintf("%d, %d: %s; priority %s", first, second, what, priority)
}

func linkOfWhatWasMissed(ctx context.Context, f *federation, ns string) string {
	a, c := f.nodes[0], f.nodes[2]
	target, _ := a.store(ctx, ns, "target", "one", nil)
	if !f.everywhere(ctx, target) {
		return "the memory does not reach all"
	}
	c.kill()
	source, _ := a.store(ctx, ns, "missed", "one", nil)
	if err := c.start(ctx); err != nil {
		return err.Error()
	}
	status := a.link(ctx, source, target)
	what, _ := f.same(ctx, "memory and link", func(n *node) string {
		switch {
		case n.get(ctx, source) == nil:
			return "nothing"
		case len(n.links(ctx, source)) == 0:
			return "memory, no link"
		}
		return "memory and link"
	})
	return fmt.Sprintf("link answered %d: %s", status, what)
}

func oneTitleTwice(ctx context.Context, f *federation, ns string) string {
	a, b := f.nodes[0], f.nodes[1]
	var both sync.WaitGroup
	var ids [2]string
	var first, second int
	both.Go(func() { ids[0], first = a.store(ctx, ns, "one title", "of A", nil) })
	both.Go(func() { ids[1], second = b.store(ctx, ns, "one title", "of B", nil) })
	both.Wait()
	const settle = 3 * time.Second
	rest(ctx, settle)
	kept := f.on(func(n *node) string { return strconv.Itoa(len(n.list(ctx, ns))) })
	for id := range a.list(ctx, ns) {
		a.remove(ctx, id)
	}
	left, _ := f.same(ctx, "0", func(n *node) string { return strconv.Itoa(len(n.list(ctx, ns))) })
	return fmt.Sprintf("%d, %d, %d ids; kept %s; after deleting on A what it shows: %s left", first, second, distinct(ids[:]), kept, left)
}

func distinct(list []string) int {
	seen := map[string]bool{}
	for _, s := range list {
		if s != "" {
			seen[s] = true
		}
	}
	return len(seen)
}

func renamed(ctx context.Context, f *federation, ns string) string {
	a := f.nodes[0]
	id, _ := a.store(ctx, ns, "old name", "one", nil)
	if !f.everywhere(ctx, id) {
		return "the memory does not reach all"
	}
	a.put(ctx, id, object{"title": "new name"})
	a.put(ctx, id, object{"content": "two"})
	what, _ := f.same(ctx, "new name, two", func(n *node) string {
		m := n.get(ctx, id)
		return fmt.Sprintf("%v, %v", m["title"], m["content"])
	})
	return what
}

func approvedTwice(ctx context.Context, f *federation, ns string) string {
	a, b := f.nodes[0], f.nodes[1]
	a.call(ctx, http.MethodPost, "/api/v1/namespaces/"+ns+"/standard", alice, object{
		"governance": object{"write": "approve", "promote": "any", "delete": "owner", "approver": "human"},
	})
	if _, ok := f.same(ctx, "rules", func(n *node) string {
		if n.standard(ctx, ns) == "" {
			return "none"
		}
		return "rules"
	}); !ok {
		return "the rules do not reach all"
	}
	_, got := a.call(ctx, http.MethodPost, "/api/v1/memories", "mallory", object{
		"namespace": ns, "title": "governed", "content": "wants approval", "tier": "long", "scope": "collective",
	})
	id, _ := got["pending_id"].(string)
	if !wait(ctx, f.watch, func() bool { return b.pends(ctx, id) }) {
		return "the proposal does not reach B"
	}
	var both sync.WaitGroup
	var first, second int
	both.Go(func() { first, _ = a.approve(ctx, id, alice) })
	both.Go(func() { second, _ = b.approve(ctx, id, "bob") })
	both.Wait()
	made := func(n *node) string {
		for id, m := range n.list(ctx, ns) {
			if m["title"] == "governed" {
				return id
			}
		}
		return "none"
	}
	what, ok := f.same(ctx, "", made)
	if ok && !strings.HasPrefix(what, "none") {
		what = "one id everywhere"
	}
	return fmt.Sprintf("%d, %d: %s", first, second, what)
}

func (n *node) pends(ctx context.Context, id string) bool {
	_, got := n.call(ctx, http.MethodGet, "/api/v1/pending?limit=1000", alice, nil)
	rows, _ := got["pending"].([]any)
	for _, r := range rows {
		if m, ok := r.(object); ok && m["id"] == id {
			return true
		}
	}
	_, got = n.call(ctx, http.MethodGet, "/api/v1/pending?limit=1000", "mallory", nil)
	rows, _ = got["pending"].([]any)
	for _, r := range rows {
		if m, ok := r.(object); ok && m["id"] == id {
			return true
		}
	}
	return false
}

func changedWhileDown(ctx context.Context, f *federation, ns string) string {
	a, c := f.nodes[0], f.nodes[2]
	ids := map[string]string{}
	for _, what := range []string{"update", "delete", "archive", "link", "target"} {
		ids[what], _ = a.store(ctx, ns, what, "one", nil)
	}
	for _, id := range ids {
		if !f.everywhere(ctx, id) {
			return "the memories do not reach all"
		}
	}
	c.kill()
	a.put(ctx, ids["update"], object{"content": "two"})
	a.remove(ctx, ids["delete"])
	a.archive(ctx, ids["archive"])
	a.link(ctx, ids["link"], ids["target"])
	if err := c.start(ctx); err != nil {
		return err.Error()
	}
	arrived := func() (yes, no []string) {
		for _, x := range []struct {
			what string
			ok   bool
		}{
			{"update", fmt.Sprint(c.get(ctx, ids["update"])["content"]) == "two"},
			{"delete", c.get(ctx, ids["delete"]) == nil},
			{"archive", c.get(ctx, ids["archive"]) == nil},
			{"link", len(c.links(ctx, ids["link"])) > 0},
		} {
			if x.ok {
				yes = append(yes, x.what)
			} else {
				no = append(no, x.what)
			}
		}
		return yes, no
	}
	began := time.Now()
	if wait(ctx, f.watch, func() bool { _, no := arrived(); return len(no) == 0 }) {
		return fmt.Sprintf("all four arrive on C, after %s", time.Since(began).Round(100*time.Millisecond))
	}
	yes, no := arrived()
	return fmt.Sprintf("**%s never** (%s); %s", strings.Join(no, ", "), f.watch, strings.Join(yes, ", "))
}

func storedAndDeleted(ctx context.Context, f *federation, ns string) string {
	a := f.nodes[0]
	var ids []string
	const many = 10
	for i := range many {
		id, _ := a.store(ctx, ns, fmt.Sprintf("short-lived %d", i), "one", nil)
		ids = append(ids, id)
	}
	rest(ctx, time.Second)
	for _, id := range ids {
		a.remove(ctx, id)
	}
	left := func(n *node) string { return strconv.Itoa(len(n.list(ctx, ns))) }
	const soon = 2 * time.Second
	rest(ctx, soon)
	first := f.on(left)
	rest(ctx, f.watch)
	return fmt.Sprintf("left after 2 s: %s; %s later: %s", first, f.watch, f.on(left))
}
