package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// surface is what a recipe has to prepare a command with.
type surface struct {
	t     *testing.T
	nodes []*daemon
	hook  string // where subscriptions may deliver to
	round int
}

// target is the node that the command speaks to, and elsewhere the one on which
// it is prepared: what a command is about comes from another member.
func (s *surface) target() *daemon    { return s.nodes[s.round%len(s.nodes)] }
func (s *surface) elsewhere() *daemon { return s.nodes[(s.round+1)%len(s.nodes)] }

func (s *surface) title(name string) string { return fmt.Sprintf("%s %d", name, s.round) }

func (s *surface) memo(name string) string {
	s.t.Helper()
	return must[client.Outcome](s.elsewhere(), "remember", s.title(name), "text of "+name).ID
}

// brief is a memory that expires.
func (s *surface) brief(name string) string {
	s.t.Helper()
	return must[client.Outcome](s.elsewhere(), "remember", s.title(name), "x", "--ttl", "1h").ID
}

func (s *surface) linked() (source, target string) {
	s.t.Helper()
	source, target = s.memo("source"), s.memo("target")
	s.elsewhere().reads("link", source, target)
	return source, target
}

func (s *surface) proposed() string {
	s.t.Helper()
	ns := s.ruled()
	got := s.elsewhere().tally("remember", s.title("asked"), "x", "-n", ns, "--json")
	if got.code != exitPending {
		s.t.Fatalf("code %d: %s", got.code, got.err)
	}
	return parse[client.Outcome](s.t, got.out).Pending.ID
}

func (s *surface) ruled() string {
	s.t.Helper()
	ns := fmt.Sprint("guarded/", s.round)
	s.elsewhere().reads("namespace", "set", ns, "--governance", `{"write":"approve","approver":"human"}`)
	return ns
}

func (s *surface) subscribed() string {
	s.t.Helper()
	return must[client.Outcome](s.elsewhere(), "subscription", "add", fmt.Sprint(s.hook, "/", s.round)).ID
}

func (s *surface) file(text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "notes.md")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// other is a member that the target is not.
func (s *surface) other() string {
	s.t.Helper()
	return must[client.Status](s.elsewhere(), "status").Node
}

// recipes say how to run each command, below its name, so that a command that
// changes something does. They do not say which commands there are.
func recipes() map[string]func(*surface) []string {
	alone := func(*surface) []string { return nil } // speaks to no node, or starts its own
	none := func(*surface) []string { return []string{} }
	about := func(name string, more ...string) func(*surface) []string {
		return func(s *surface) []string { return append([]string{s.memo(name)}, more...) }
	}
	return map[string]func(*surface) []string{
		"remember": func(s *surface) []string { return []string{s.title("new"), "x"} },
		"update":   about("update", "new text"),
		"forget":   about("forget"),
		"archive":  about("archive"),
		"delete":   about("delete"),
		"keep":     func(s *surface) []string { return []string{s.brief("keep")} },
		"resolve":  about("resolve"),
		"erase":    about("erase", "--yes"),
		"consolidate": func(s *surface) []string {
			return []string{s.memo("first"), s.memo("second"), "--title", s.title("both")}
		},
		"restore": func(s *surface) []string {
			id := s.memo("restore")
			s.elsewhere().reads("archive", id)
			return []string{id}
		},
		"handoff": func(s *surface) []string { return []string{s.title("handed over"), "half done"} },
		"link":    func(s *surface) []string { return []string{s.memo("from"), s.memo("to")} },
		"unlink": func(s *surface) []string {
			a, b := s.linked()
			return []string{a, b}
		},
		"import": func(s *surface) []string { return []string{s.file("# " + s.title("imported") + "\n\ntext\n")} },
		"sync": func(s *surface) []string {
			return []string{s.file(blockBegin + "\n" + s.title("rule") + "\n" + blockEnd + "\n")}
		},
		"namespace set": func(s *surface) []string {
			return []string{fmt.Sprint("set/", s.round), "--governance", `{"write":"any"}`}
		},
		"namespace clear": func(s *surface) []string { return []string{s.ruled()} },
		"pending approve": func(s *surface) []string { return []string{s.proposed(), "--agent", "judge"} },
		"pending reject":  func(s *surface) []string { return []string{s.proposed(), "--agent", "judge"} },

		"team create": func(s *surface) []string { return []string{fmt.Sprint("team-", s.round), "alice"} },
		"team add":    func(s *surface) []string { return []string{fmt.Sprint("other-", s.round), "alice", "bob"} },
		"team remove": func(s *surface) []string {
			name := fmt.Sprint("ended-", s.round)
			s.elsewhere().reads("team", "create", name, "alice")
			return []string{name}
		},
		"policy outbound set": func(s *surface) []string { return []string{fmt.Sprintf("deny webhook http://h%d.invalid", s.round)} },

		"subscription add":    func(s *surface) []string { return []string{fmt.Sprint(s.hook, "/", s.round)} },
		"subscription adopt":  func(s *surface) []string { return []string{s.subscribed()} },
		"subscription remove": func(s *surface) []string { return []string{s.subscribed()} },
		"subscription replay": func(s *surface) []string { return []string{s.subscribed(), "--since", "1h", "--deliver"} },
		"selftest":            func(*surface) []string { return []string{"--cluster"} },

		"get":                       about("get"),
		"history":                   about("history"),
		"team list":                 none,
		"policy outbound list":      none,
		"list":                      none,
		"recall":                    func(*surface) []string { return []string{"text"} },
		"export":                    none,
		"briefing":                  none,
		"mcp":                       none, // nothing comes on stdin: tools are verbs, which the routes are tried for
		"namespace get":             func(s *surface) []string { return []string{s.ruled()} },
		"namespace list":            none,
		"pending list":              none,
		"subscription list":         none,
		"subscription dead-letters": none,
		"duplicates":                none,
		"parked list":               none,
		"parked retry":              func(*surface) []string { return []string{"--all"} },
		"status":                    none,
		"doctor": func(s *surface) []string {
			s.settled() // or it finds fault with nodes that have only just met
			return []string{}
		},
		"scrub":  none,
		"diff":   func(s *surface) []string { return []string{s.other()} },
		"repair": func(s *surface) []string { return []string{s.other()} },
		"receipt": func(s *surface) []string {
			return []string{must[client.Outcome](s.elsewhere(), "remember", s.title("held"), "x").Receipt.Dot}
		},

		"receipt get":      alone, // of members with an identity: it has a test of its own
		"policy check":     alone,
		"legacy take-over": alone,

		"receipt verify":       alone,
		"backup":               alone,
		"verify":               alone,
		"measure":              alone,
		"agent list":           alone,
		"agent readers":        alone,
		"agent add":            alone,
		"agent revoke":         alone,
		"agent rotate":         alone,
		"cluster init":         alone,
		"cluster token":        alone,
		"join":                 alone,
		"member list":          alone,
		"member equivocations": alone,
		"member remove":        alone,
		"member add":           alone,
		"member replace":       alone,
		"member rotate":        alone,
		"member set":           alone,
		"cluster adopt":        alone,

		"identity show": alone, "identity rotate": alone, "identity listen": alone, "identity request": alone, "identity accept": alone,
		"ca issue-intermediate": alone, "ca export": alone, "ca import": alone,
		"audit list":    alone,
		"audit verify":  alone,
		"audit export":  alone,
		"legacy add":    alone,
		"legacy check":  alone,
		"legacy list":   alone,
		"legacy remove": alone,

		"setup":       alone,
		"hook":        alone, // captures by importing, which is tried
		"serve":       alone,
		"demo":        alone,
		"bench":       alone,
		"eval":        alone,
		"config show": alone,
		"console":     alone,
		"man":         alone,

		"model list":   alone,
		"model add":    alone,
		"model remove": alone,
		"model status": none,
		"version":      alone,
	}
}

// leaves lists the commands that do something, by their names below the root.
func leaves(c *cobra.Command, name string) map[string]*cobra.Command {
	out := map[string]*cobra.Command{}
	for _, sub := range c.Commands() {
		path := sub.Name()
		if name != "" {
			path = name + " " + path
		}
		takes := strings.Contains(sub.Use, " ") // arguments of its own: it is no mere group
		if sub.Runnable() && (!sub.HasSubCommands() || takes) {
			out[path] = sub
		}
		maps.Copy(out, leaves(sub, path))
	}
	return out
}

// changes reports whether a command says that it changes memories: all that do
// so let the caller choose how far to wait, or are marked.
func changes(c *cobra.Command) bool {
	return c.Flags().Lookup("durability") != nil || c.Annotations[changesState] != ""
}

// TestEveryCommandThatChangesStateReachesAllMembers takes the commands from the
// command tree: one that is new fails here until somebody says how to run it.
func TestEveryCommandThatChangesStateReachesAllMembers(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	nodes := federation(t, 3, "--webhook-allow", "127.0.0.0/8")
	known := recipes()
	tree := leaves(newRoot(&app{stdio: stdio{out: io.Discard}}), "")
	round := 0
	for name, cmd := range tree {
		recipe, ok := known[name]
		delete(known, name)
		if !ok {
			t.Errorf("tally %s: no recipe says how to run it", name)
			continue
		}
		round++
		t.Run(name, func(t *testing.T) {
			s := &surface{t: t, nodes: nodes, hook: hook.URL, round: round}
			for _, d := range nodes {
				d.t = t
			}
			args := recipe(s)
			if args == nil {
				if changes(cmd) {
					t.Error("it changes state, and is not run")
				}
				return
			}
			s.try(append(strings.Fields(name), args...), changes(cmd), cmd.Flags().Lookup("dry-run") != nil)
		})
	}
	for name := range known {
		t.Errorf("there is a recipe for tally %s, and no such command", name)
	}
	for _, d := range nodes {
		d.t = t
	}
}

// try runs a command, first without effect if it can.
func (s *surface) try(args []string, changes, dry bool) {
	s.t.Helper()
	before := s.equal()
	if dry {
		if got := s.target().tally(append(args, "--dry-run")...); got.code != exitOK {
			s.t.Errorf("with --dry-run: code %d: %s", got.code, got.err)
		}
		if s.equal() != before {
			s.t.Error("with --dry-run it changes state")
		}
	}
	vote := args[0] == "pending" && changes
	if got := s.target().tally(args...); got.code != exitOK && (!vote || got.code != exitPending) {
		s.t.Fatalf("code %d: %s%s", got.code, got.out, got.err)
	}
	if vote { // it was counted here; the home of the proposal settles it, later
		eventually(s.t, "the proposal is settled", func() bool {
			return len(mustAll[client.Pending](s.target(), "pending", "pending", "list")) == 0
		})
	}
	changed := must[client.Status](s.target(), "status").Digest != before
	if changed != changes {
		s.t.Errorf("it changed the state of its node: %v, and says so: %v", changed, changes)
	}
	if after := s.equal(); (after != before) != changes {
		s.t.Errorf("the members have the state %s, before it was %s", after, before)
	}
}

// settled waits until the target is on good terms with all members.
func (s *surface) settled() {
	s.t.Helper()
	eventually(s.t, "all members are well", func() bool {
		members := must[client.Status](s.target(), "status").Members
		return !slices.ContainsFunc(members, func(m client.Member) bool { return m.State != "ok" || m.LastError != "" || m.ProvenEqualAt.IsZero() })
	})
}

// equal waits until all nodes have one digest and owe nothing, and returns it.
func (s *surface) equal() string {
	s.t.Helper()
	digest := ""
	eventually(s.t, "all nodes are equal", func() bool {
		for i, d := range s.nodes {
			st := must[client.Status](d, "status")
			if i == 0 {
				digest = st.Digest
			}
			if st.Digest != digest || slices.ContainsFunc(st.Members, func(m client.Member) bool { return m.Owed > 0 }) {
				return false
			}
		}
		return true
	})
	return digest
}
