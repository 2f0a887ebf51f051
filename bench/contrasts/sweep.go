package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// sweep is what is written on one node, and looked for on all.
type sweep struct {
	n      *node
	ns     string
	ids    map[string]string // by what was done
	failed []string          // what the node answered with an error
}

func (s *sweep) did(what string, status int) {
	if status < 200 || status > 299 {
		s.failed = append(s.failed, fmt.Sprintf("%s on %s: %d", what, s.n.name, status))
	}
}

func (s *sweep) store(ctx context.Context, what string) string {
	id, status := s.n.store(ctx, s.ns, what+" of "+s.n.name, "one", nil)
	s.did(what, status)
	s.ids[what] = id
	return id
}

// write makes every kind of change on the node.
func (s *sweep) write(ctx context.Context) {
	n := s.n
	s.store(ctx, "store")
	s.did("update", n.put(ctx, s.store(ctx, "update"), object{"content": "two", "tags": []string{"x"}}))
	s.did("rename", n.put(ctx, s.store(ctx, "rename"), object{"title": "renamed of " + n.name}))
	s.did("lower", n.put(ctx, s.store(ctx, "lower"), object{"priority": 1}))
	_, status := n.store(ctx, s.ns, "store of "+n.name, "merged", object{"on_conflict": "merge"})
	s.did("merge", status)
	source, target := s.store(ctx, "link"), s.store(ctx, "target")
	s.did("link", n.link(ctx, source, target))
	s.did("archive", n.archive(ctx, s.store(ctx, "archive")))
	back := s.store(ctx, "restore")
	s.did("archive before restore", n.archive(ctx, back))
	s.did("restore", n.restore(ctx, back))
	s.did("delete", n.remove(ctx, s.store(ctx, "delete")))
	one, two := s.store(ctx, "part 1"), s.store(ctx, "part 2")
	status, got := n.call(ctx, http.MethodPost, "/api/v1/consolidate", alice, object{
		"ids": []string{one, two}, "title": "both of " + n.name, "summary": "one and two", "namespace": s.ns,
	})
	s.did("consolidate", status)
	s.ids["both"], _ = got["id"].(string)
	status, _ = n.call(ctx, http.MethodPost, "/api/v1/namespaces/"+s.ns+"/standard", alice, object{"id": s.ids["store"]})
	s.did("standard", status)
	status, _ = n.call(ctx, http.MethodPost, "/api/v1/memories/bulk", alice, []object{
		{"namespace": s.ns, "title": "bulk 1 of " + n.name, "content": "b", "tier": "long", "scope": "collective"},
		{"namespace": s.ns, "title": "bulk 2 of " + n.name, "content": "b", "tier": "long", "scope": "collective"},
	})
	s.did("bulk", status)
	status, _ = n.call(ctx, http.MethodPost, "/api/v1/notify", alice, object{
		"target_agent_id": "bob", "title": s.ns + ": message from " + n.name, "payload": "hello",
	})
	s.did("notify", status)
	status, _ = n.call(ctx, http.MethodPost, "/api/v1/agents", alice, object{"agent_id": "agent-" + strings.ToLower(n.name), "agent_type": "human"})
	s.did("register", status)
}

// change makes some changes of what was written before; with a new round each time.
func (s *sweep) change(ctx context.Context, round string) {
	n := s.n
	s.store(ctx, "new "+round)
	s.did("update", n.put(ctx, s.ids["update"], object{"content": round}))
	s.did("rename", n.put(ctx, s.ids["rename"], object{"title": "renamed " + round + " of " + n.name}))
	s.did("link", n.link(ctx, s.ids["store"], s.ids["target"]))
	s.did("delete", n.remove(ctx, s.store(ctx, "gone "+round)))
	s.did("archive", n.archive(ctx, s.store(ctx, "away "+round)))
}

// facts are what a node shows of a namespace, one line for each row, link and rule.
func facts(ctx context.Context, n *node, spaces []string) map[string]string {
	out := map[string]string{}
	for _, ns := range spaces {
		rows := n.list(ctx, ns)
		for id, m := range rows {
			out["memory "+fmt.Sprint(m["title"])] = id + " " + shown(m)
			for _, l := range n.links(ctx, id) {
				out["link "+l] = "there"
			}
		}
		out["rules of "+ns] = n.standard(ctx, ns)
	}
	_, got := n.call(ctx, http.MethodGet, "/api/v1/inbox?agent_id=bob&limit=100", "bob", nil)
	messages, _ := got["messages"].([]any)
	for _, m := range messages {
		if m, ok := m.(object); ok {
			out["message "+fmt.Sprint(m["title"])] = fmt.Sprint(m["payload"])
		}
	}
	return out
}

// agree waits until all nodes show the same, and tells what differs if they do not.
func (f *federation) agree(ctx context.Context, spaces []string) string {
	var all []map[string]string
	began := time.Now()
	ok := wait(ctx, f.watch, func() bool {
		all = nil
		for _, n := range f.nodes {
			all = append(all, facts(ctx, n, spaces))
		}
		return maps.Equal(all[0], all[1]) && maps.Equal(all[0], all[2])
	})
	if ok {
		return fmt.Sprintf("%d rows, links, rules and messages, equal on all three after %s", len(all[0]), time.Since(began).Round(100*time.Millisecond))
	}
	keys := map[string]bool{}
	for _, one := range all {
		for k := range one {
			keys[k] = true
		}
	}
	var differ []string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if all[0][k] != all[1][k] || all[0][k] != all[2][k] {
			differ = append(differ, fmt.Sprintf("%s: %s", k, f.compare(all, k)))
		}
	}
	const few = 12
	more := ""
	if len(differ) > few {
		more = fmt.Sprintf("; and %d more", len(differ)-few)
		differ = differ[:few]
	}
	return fmt.Sprintf("%d of %d alike; **differ after %s**: %s%s", len(keys)-len(differ), len(keys), f.watch, strings.Join(differ, "; "), more)
}

func (f *federation) compare(all []map[string]string, key string) string {
	var out []string
	for i, one := range all {
		text := one[key]
		if text == "" {
			text = "–"
		}
		const long = 60
		if r := []rune(text); len(r) > long {
			text = string(r[:long]) + "…"
		}
		out = append(out, f.nodes[i].name+" "+text)
	}
	return strings.Join(out, ", ")
}

func everyKind(ctx context.Context, f *federation, ns string) string {
	return f.sweeps(ctx, ns, false)
}

func everyNodeKilled(ctx context.Context, f *federation, ns string) string {
	return f.sweeps(ctx, ns, true)
}

// sweeps writes on every node, each in a namespace of its own, and compares; then, if
// asked, kills each node in turn while the others go on.
func (f *federation) sweeps(ctx context.Context, ns string, kill bool) string {
	var all []*sweep
	var spaces, failed []string
	for _, n := range f.nodes {
		s := &sweep{n: n, ns: ns + "-" + strings.ToLower(n.name), ids: map[string]string{}}
		all, spaces = append(all, s), append(spaces, s.ns)
		s.write(ctx)
	}
	report := []string{f.agree(ctx, spaces)}
	for i := 0; kill && i < len(all); i++ {
		f.nodes[i].kill()
		for j, s := range all {
			if j != i {
				s.change(ctx, "while "+f.nodes[i].name+" was down")
			}
		}
		if err := f.nodes[i].start(ctx); err != nil {
			return err.Error()
		}
		report = append(report, f.nodes[i].name+" was down: "+f.agree(ctx, spaces))
	}
	for _, s := range all {
		failed = append(failed, s.failed...)
	}
	if len(failed) > 0 {
		report = append(report, "refused: "+strings.Join(failed, ", "))
	}
	return strings.Join(report, "; ")
}
