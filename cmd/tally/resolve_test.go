package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// disputed makes a memory with two versions in conflict: each of two nodes has
// edited it while the other was down.
func disputed(t *testing.T, a, b *daemon, id string) {
	t.Helper()
	eventually(t, "both have it", func() bool {
		return b.tally("get", id).code == exitOK && must[client.Status](a, "status").Digest == must[client.Status](b, "status").Digest
	})
	after := fmt.Sprint(", after version ", must[client.History](a, "history", id).Revisions[0].Memory.Version) // else it may be what is there
	b.terminate()
	a.reads("update", id, "from a"+after)
	a.terminate()
	b.start()
	b.reads("update", id, "from b"+after)
	a.start()
	for _, d := range []*daemon{a, b} {
		eventually(t, "both have both versions", func() bool { return must[client.History](d, "history", id).Conflicts == 1 })
	}
}

func TestConflictsAreSeenAndSettled(t *testing.T) {
	nodes := federation(t, 2, "--write-quorum", "1")
	a, b := nodes[0], nodes[1]
	const id = "gate-code"
	settled := func(content string) {
		t.Helper()
		for _, d := range nodes {
			eventually(t, "it is settled", func() bool {
				past := must[client.History](d, "history", id)
				return past.Conflicts == 0 && past.Revisions[0].Memory.Content == content
			})
		}
		if list := must[client.Page](a, "list", "--conflicts"); list.Count != 0 {
			t.Errorf("still listed: %+v", list)
		}
	}

	a.reads("remember", "Gate code", "1", "--id", id)
	a.reads("remember", "Other", "gate")
	disputed(t, a, b, id)
	if list := must[client.Page](a, "list", "--conflicts"); list.Count != 1 || list.Memories[0].ID != id {
		t.Errorf("listed: %+v", list)
	}
	for _, args := range [][]string{{"list"}, {"recall", "gate", "code"}, {"get", id}, {"status"}} {
		if text := a.reads(args...); !strings.Contains(text, "conflict") {
			t.Errorf("%v says nothing of it: %s", args, text)
		}
	}
	past := must[client.History](b, "history", id)
	var lost client.Revision
	for _, r := range past.Revisions {
		if r.Conflict {
			lost = r
		}
	}
	if lost.Memory == nil {
		t.Fatalf("no version in conflict: %+v", past)
	}
	b.reads("resolve", id, "--take", lost.Dot)
	settled(lost.Memory.Content)

	disputed(t, a, b, id)
	current := must[client.History](a, "history", id).Revisions[0].Memory.Content
	a.reads("resolve", id)
	settled(current)

	disputed(t, a, b, id)
	b.reads("resolve", id, "of my own")
	settled("of my own")

	for want, args := range map[string][]string{
		"not both":                 {"resolve", id, "text", "--take", lost.Dot},
		"has no version \"a.1.1\"": {"resolve", id, "--take", "a.1.1"},
	} {
		if got := a.tally(args...); got.code != exitUsage || !strings.Contains(got.err, want) {
			t.Errorf("%v: %+v, want %q", args, got, want)
		}
	}
}
