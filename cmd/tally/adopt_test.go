package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/fleet"
)

// TestAnUnsignedFederationBecomesATrustedOne has three nodes that name each other,
// writes, makes a cluster of them, and writes on. Nothing is lost, and all are equal.
func TestAnUnsignedFederationBecomesATrustedOne(t *testing.T) {
	names := []string{"a", "b", "c"}
	places, err := fleet.Places(t.Context(), append(names, "a", "b", "c")...) // for clients, and for members
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	dir := func(i int) string { return filepath.Join(root, names[i]) }
	var stops []func()
	for i := range names {
		_, stop := stoppableNode(t, append([]string{"serve"}, fleet.Flags(places[:3], i, dir(i))...)...)
		stops = append(stops, stop)
	}
	write := func(i int, title string) {
		t.Helper()
		eventually(t, "a write that all hold", func() bool {
			return tally(t, nil, "", "remember", "--server", places[i].URL(), "--durability", "all", "--on-conflict", "merge", title, "text").code == exitOK
		})
	}
	for i := range names {
		write(i, fmt.Sprint("before ", i))
	}
	// One is down, and has not got the last write when it is adopted.
	stops[2]()
	ok(t, "remember", "--server", places[0].URL(), "while c is away", "text")
	stops[0]()
	stops[1]()

	adopt := []string{"cluster", "adopt", "--name", "acme"}
	for i := range names {
		adopt = append(adopt, dir(i)+"="+places[3+i].Addr)
	}
	fails(t, "there is no node", "cluster", "adopt", "--name", "acme", t.TempDir())
	out := ok(t, adopt...)
	if strings.Count(out, "start it with --data") != 3 {
		t.Errorf("%s", out)
	}
	fails(t, "has an identity already", adopt...)
	fails(t, "come from the list", append([]string{"serve"}, fleet.Flags(places[:3], 0, dir(0))...)...)

	// One after the other: what is written meanwhile is delivered.
	serve := func(i int) { runningNode(t, "serve", "--data", dir(i), "--listen", places[i].Addr) }
	serve(0)
	if got := tally(t, nil, "", "remember", "--server", places[0].URL(), "alone", "text"); got.code != exitQuorum {
		t.Errorf("%+v", got)
	}
	serve(1)
	serve(2)
	for i := range names {
		write(i, fmt.Sprint("after ", i))
	}
	want := []string{"before 0", "before 1", "before 2", "while c is away", "alone", "after 0", "after 1", "after 2"}
	for i := range names {
		eventually(t, "all memories on "+names[i], func() bool {
			list := tally(t, nil, "", "list", "--server", places[i].URL(), "--limit", "50").out
			for _, title := range want {
				if !strings.Contains(list, title) {
					return false
				}
			}
			return true
		})
	}
	for _, other := range names[1:] {
		eventually(t, "equal members", func() bool { return tally(t, nil, "", "diff", other, "--server", places[0].URL()).code == exitOK })
	}
	if list := ok(t, "member", "list", "--data", dir(2)); !strings.Contains(list, "epoch 1") || strings.Count(list, "voter") != 3 {
		t.Errorf("%s", list)
	}
}
