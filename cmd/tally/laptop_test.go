package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestALaptopIsReachedByItsOwnCalls has a node join that others cannot call.
func TestALaptopIsReachedByItsOwnCalls(t *testing.T) {
	a := foundCluster(t)
	token := ok(t, "cluster", "token", "--data", a.dir)
	dir := filepath.Join(t.TempDir(), "laptop")
	_, place := placed(t)
	place[3] = unreachable
	laptop := processNode(t, nil, append([]string{"join", a.members, token, "--node", "laptop", "--data", dir}, place...)...)
	urlB := laptop.URL()
	held(t, a.url, "2 of 2")
	held(t, urlB, "2 of 2")
	eventually(t, "it says that it has caught up", func() bool { return strings.Contains(laptop.Logs(), "caught up: ") })
	eventually(t, "status says how it is reached", func() bool {
		got := ok(t, "status", "--server", a.url)
		return strings.Contains(got, "reached by its own calls") && !strings.Contains(got, "backoff") && strings.Contains(got, allWell)
	})
	// From now on what is written at a is fetched in time for the writer, again and again.
	for _, title := range []string{"one", "two", "three"} {
		if got := tally(t, nil, "", "remember", "--server", a.url, title, "text"); got.code != exitOK || !strings.Contains(got.out, "2 of 2") {
			t.Errorf("%s: %+v", title, got)
		}
		eventually(t, title, func() bool { return strings.Contains(ok(t, "list", "--server", urlB), title) })
	}
	noErrors(t, laptop)
	if list := ok(t, "member", "list", "--data", dir); !strings.Contains(list, "calls the others") {
		t.Errorf("%s", list)
	}
}
