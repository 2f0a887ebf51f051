package memory

import "testing"

// Records that embed an op are none: whoever logs one logs the op in it.
func TestRecordsThatEmbedAnOpAreNone(t *testing.T) {
	pending, standard := &Pending{}, &Standard{}
	pending.isOp(notAnOp{})
	standard.isOp(notAnOp{})
	for _, v := range []any{pending, standard} {
		if _, is := v.(Op); is {
			t.Errorf("%T is an op", v)
		}
	}
}
