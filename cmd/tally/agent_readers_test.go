package main

import (
	"testing"

	"github.com/tallystick/tallystick/client"
)

func TestOnTheNodesMachineAllReadersAreListed(t *testing.T) {
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	made := must[client.Outcome](d, "remember", "Gate code", "It is 4711.")
	d.reads("get", made.ID, "--agent", "ann")
	for _, args := range [][]string{{"agent", "readers"}, {"agent", "readers", made.ID}} {
		if got := must[client.Readers](d, args...); got.Count != 1 || got.Readers[0].AgentID != "ann" {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if got := must[client.Readers](d, "agent", "readers", "--by", "ann"); got.Count != 1 || got.Read[0].ID != made.ID || got.Read[0].How != client.ReadByID {
		t.Errorf("by ann: %+v", got)
	}
	if got := must[client.Readers](d, "agent", "readers", "--by", "ben"); got.Count != 0 {
		t.Errorf("by ben: %+v", got)
	}
}
