package store_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

func TestTheLogKnowsWhenItHadComeHowFar(t *testing.T) {
	n := suite().Open(t, "reader", t.TempDir())
	n.Put(storetest.Create("one", "text"))
	first := n.View().LSN
	n.Put(storetest.Create("two", "text"))
	top := n.View().LSN
	early, err := n.Reached(t.Context(), first)
	late, err2 := n.Reached(t.Context(), top)
	if errors.Join(err, err2) != nil || early == 0 || late < early {
		t.Errorf("%s and %s, %v", early, late, errors.Join(err, err2))
	}
	execute(t, n.Dir(), `DELETE FROM log WHERE lsn <= `+strconv.FormatUint(first, 10))
	for what, lsn := range map[string]uint64{"not kept": first, "of the future": top + 1} {
		if at, err := n.Reached(t.Context(), lsn); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %s, %v", what, at, err)
		}
	}
}
