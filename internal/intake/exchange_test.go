package intake_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
)

// viewed is a store of which nothing but the last reading is asked: whatever else is, is
// a call of a nil interface.
type viewed struct {
	intake.Store
	asked int
}

// View implements [intake.Taker].
func (v *viewed) View() memory.View {
	v.asked++
	return memory.View{Heads: memory.Heads{"a.1": {Seq: 3}}, LSN: 3}
}

// An exchange of heads alone costs the member that is called no statement and no fsync:
// it answers with the reading that the last commit left in memory.
func TestAnExchangeOfHeadsAsksNothingOfTheDatabase(t *testing.T) {
	n := open(t)
	st := &viewed{}
	var heard memory.View
	n.cfg.Heard = func(_ memory.Node, v memory.View, _ time.Time) { heard = v }
	door := intake.New(n.cfg, st)
	for i := range 3 {
		said := memory.View{Heads: memory.Heads{"b.1": {Seq: uint64(i)}}, LSN: uint64(i)}
		reply, err := door.AcceptPush(t.Context(), memory.Source{Member: "b", Route: memory.RoutePush}, &memory.Push{From: "b", To: "a", View: said})
		if err != nil || reply.View.Heads["a.1"].Seq != 3 || heard.LSN != said.LSN {
			t.Fatalf("%+v, %v, heard %+v", reply, err, heard)
		}
	}
	if st.asked != 3 {
		t.Errorf("the reading was asked for %d times", st.asked)
	}
}
