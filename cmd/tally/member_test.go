package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// founded is a cluster whose first node runs.
type founded struct {
	dir, url, members string
	flags             []string
}

func foundCluster(t *testing.T, flags ...string) founded {
	t.Helper()
	f := founded{dir: filepath.Join(t.TempDir(), "a"), flags: flags}
	members, place := placed(t)
	f.members = members
	f.url = runningNode(t, append(append([]string{"cluster", "init", "--name", "acme", "--node", "a", "--data", f.dir}, place...), flags...)...)
	return f
}

// ok runs a command that must succeed, and returns what it prints.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	got := tally(t, nil, "", args...)
	if got.code != exitOK {
		t.Fatalf("tally %s: %+v", strings.Join(args, " "), got)
	}
	return strings.TrimSpace(got.out)
}

// fails runs a command that must fail, and say why.
func fails(t *testing.T, why string, args ...string) {
	t.Helper()
	if got := tally(t, nil, "", args...); got.code == exitOK || !strings.Contains(got.err, why) {
		t.Errorf("tally %s: %+v, want %q", strings.Join(args, " "), got, why)
	}
}

// join has a node join with a token, and run.
func (f founded) join(t *testing.T, node, token string) (dir, url string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), node)
	_, place := placed(t)
	return dir, runningNode(t, append(append([]string{"join", f.members, token, "--node", node, "--data", dir}, place...), f.flags...)...)
}

// keep has a node not run, after it has joined.
func (f founded) keep(t *testing.T, node, token string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), node)
	_, place := placed(t)
	ok(t, append(append([]string{"join", f.members, token, "--node", node, "--data", dir, "--no-serve"}, place...), f.flags...)...)
	return dir
}

// held writes at a node until so many members hold what was written.
func held(t *testing.T, url, want string) {
	t.Helper()
	eventually(t, "a write that "+want+" hold", func() bool {
		return strings.Contains(tally(t, nil, "", "remember", "--server", url, "--on-conflict", "merge", "held", "text").out, want)
	})
}

func shownOf(t *testing.T, dir string) (v identityShown) {
	t.Helper()
	if err := json.Unmarshal([]byte(ok(t, "identity", "show", "--data", dir, "--json")), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestKeysOfMembersAreRotated(t *testing.T) {
	a := foundCluster(t)
	dirB, urlB := a.join(t, "b", ok(t, "cluster", "token", "--data", a.dir))
	held(t, a.url, "2 of 2")
	first := shownOf(t, dirB)

	// By itself, asked of the authority; and the authority's own node.
	ok(t, "identity", "rotate", "--data", dirB)
	ok(t, "identity", "rotate", "--data", a.dir)
	second := shownOf(t, dirB)
	if first.Key == second.Key || first.Node != second.Node || first.Root != second.Root {
		t.Errorf("%+v, then %+v", first, second)
	}
	held(t, a.url, "2 of 2")
	held(t, urlB, "2 of 2")

	// With a token, the key before is refused at once.
	token := ok(t, "member", "rotate", "b", "--data", a.dir)
	fails(t, "join_token_malformed", "identity", "rotate", "--data", dirB, "--token", token[:len(token)-6]+"AAAAAA")
	ok(t, "identity", "rotate", "--data", dirB, "--token", token)
	held(t, a.url, "2 of 2")
	list := ok(t, "member", "list", "--data", a.dir, "--json")
	third := shownOf(t, dirB)
	if !strings.Contains(list, third.Key) || !strings.Contains(strings.SplitN(list, `"removed"`, 2)[1], second.Key) {
		t.Errorf("%s", list)
	}
	eventually(t, "both audit logs tell of it", func() bool {
		return strings.Contains(ok(t, "audit", "list", "--data", a.dir), "member_key_changed") &&
			strings.Contains(ok(t, "audit", "list", "--data", dirB), "key_rotated")
	})
	ok(t, "audit", "verify", "--data", dirB)
	ok(t, "audit", "verify", "--data", a.dir)
	fails(t, "no identity", "identity", "rotate", "--data", t.TempDir())
}

func TestAnotherMachineTakesThePlaceOfALostOne(t *testing.T) {
	a := foundCluster(t)
	token := ok(t, "cluster", "token", "--data", a.dir, "--uses", "2")
	_, urlB := a.join(t, "b", token)
	held(t, a.url, "2 of 2")
	a.keep(t, "c", token) // its machine is lost before it ever ran
	replace := ok(t, "member", "replace", "c", "--data", a.dir)
	fails(t, "not_a_member", "member", "replace", "x", "--data", a.dir)
	_, urlD := a.join(t, "d", replace)
	eventually(t, "d counts, and c does not", func() bool {
		list := ok(t, "member", "list", "--data", a.dir)
		return strings.Contains(list, "d ") && !strings.Contains(list, "\nc ") && !strings.Contains(list, "under way")
	})
	held(t, a.url, "of 3")
	for _, url := range []string{urlB, urlD} {
		eventually(t, "the memory everywhere", func() bool {
			return strings.Contains(tally(t, nil, "", "list", "--server", url).out, "held")
		})
	}
}

func TestAMemberIsAddedByHand(t *testing.T) {
	a := foundCluster(t)
	dir, files := filepath.Join(t.TempDir(), "b"), t.TempDir()
	url, place := placed(t)
	request := func() string {
		return ok(t, "identity", "request", "--node", "b", "--data", dir, "--members-listen", place[1], "--members-url", url)
	}
	asked := filepath.Join(files, "b.json")
	if err := os.WriteFile(asked, []byte(request()), 0o600); err != nil {
		t.Fatal(err)
	}
	root := shownOf(t, a.dir).Root
	fails(t, "nothing was asked for", "identity", "accept", asked, "--root", root, "--data", t.TempDir())
	welcome := filepath.Join(files, "welcome.json")
	if err := os.WriteFile(welcome, []byte(ok(t, "member", "add", asked, "--observer", "--data", a.dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, "has this name", "member", "add", asked, "--data", a.dir)
	fails(t, "another key", "identity", "accept", welcome, "--root", shownOf(t, a.dir).Key, "--data", dir)
	ok(t, "identity", "accept", welcome, "--root", root, "--data", dir)
	urlB := runningNode(t, "serve", "--data", dir, "--listen", "127.0.0.1:0")
	ok(t, "remember", "--server", a.url, "by hand", "text")
	eventually(t, "the memory on b", func() bool { return strings.Contains(tally(t, nil, "", "list", "--server", urlB).out, "by hand") })
	if list := ok(t, "member", "list", "--data", a.dir); !strings.Contains(list, "observer") {
		t.Errorf("%s", list)
	}
	ok(t, "member", "set", "b", "--role", "voter", "--data", a.dir)
	held(t, a.url, "2 of 2")
}

func TestARootThatIsOffline(t *testing.T) {
	a := foundCluster(t, "--region", "eu")
	dirB, _ := a.join(t, "b", ok(t, "cluster", "token", "--data", a.dir))
	if v := shownOf(t, dirB); v.Name != "region/eu/b" || v.Authority != "" {
		t.Errorf("%+v", v)
	}
	region, drawer := filepath.Join(t.TempDir(), "eu"), filepath.Join(t.TempDir(), "drawer")
	fails(t, "may sign only for names below", "ca", "issue-intermediate", "--region", "eu", "--permit", "region/us/", "--out", region, "--data", a.dir)
	ok(t, "ca", "issue-intermediate", "--region", "eu", "--permit", "region/eu/", "--out", region, "--data", a.dir)
	fails(t, "ca import", "ca", "issue-intermediate", "--region", "eu", "--out", region+"2", "--data", dirB)
	key := filepath.Join(region, "ca.key")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, "chmod 600", "ca", "import", region, "--data", dirB)
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "ca", "import", region, "--data", dirB)
	if v := shownOf(t, dirB); v.Authority != "region/eu/ca" {
		t.Errorf("%+v", v)
	}
	ok(t, "ca", "export", drawer, "--data", a.dir)
	fails(t, "ca import", "cluster", "token", "--data", a.dir)
	eventually(t, "the audit logs tell of it", func() bool {
		return strings.Contains(ok(t, "audit", "list", "--data", a.dir), "authority_gone") &&
			strings.Contains(ok(t, "audit", "list", "--data", dirB), "region/eu/ca")
	})
	fails(t, "the root says", "cluster", "token", "--data", dirB)
	ok(t, "remember", "--server", a.url, "without the root", "text")
	other := filepath.Join(t.TempDir(), "other")
	_, place := placed(t)
	ok(t, append([]string{"cluster", "init", "--name", "acme", "--node", "x", "--data", other, "--no-serve"}, place...)...)
	foreign := filepath.Join(t.TempDir(), "foreign")
	ok(t, "ca", "export", foreign, "--keep", "--data", other)
	fails(t, "another federation", "ca", "import", foreign, "--data", a.dir)
	ok(t, "ca", "import", drawer, "--data", a.dir)
	fails(t, "is here already", "ca", "import", drawer, "--data", a.dir)
	ok(t, "cluster", "token", "--data", a.dir)
	eventually(t, "the audit log tells of it", func() bool { return strings.Contains(ok(t, "audit", "list", "--data", a.dir), "authority_here") })
}

func TestATokenIsCanceled(t *testing.T) {
	a := foundCluster(t)
	got := tally(t, nil, "", "cluster", "token", "--data", a.dir)
	id := strings.TrimSuffix(strings.Fields(got.err)[1], ",")
	ok(t, "cluster", "token", "--cancel", id, "--data", a.dir)
	fails(t, "there is no token", "cluster", "token", "--cancel", "x", "--data", a.dir)
	_, place := placed(t)
	fails(t, "join_token_expired", append([]string{"join", a.members, strings.TrimSpace(got.out), "--node", "b", "--data", t.TempDir(), "--no-serve"}, place...)...)
}
