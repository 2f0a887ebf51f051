package api

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tallystick/tallystick/internal/verb"
)

func TestBodiesAreReadAsTheyWereSent(t *testing.T) {
	for _, size := range []int{0, 1, 4 << 10, 16<<10 - 1, 16 << 10, 100_000, 2 << 20} {
		want := bytes.Repeat([]byte{'x'}, size)
		for _, announced := range []int64{int64(size), -1} {
			r := newRoom()
			got, taken, err := r.read(httptest.NewRecorder(), bytes.NewReader(want), announced, time.Minute)
			if err != nil || !bytes.Equal(got, want) || size <= 8<<10 && taken != 0 || int64(cap(got)) > taken+freeBody {
				t.Errorf("%d bytes, announced %d: %d came, %d taken for %d, %v", size, announced, len(got), taken, cap(got), err)
			}
			r.leave(taken)
			if !r.free.TryAcquire(maxBodies) {
				t.Errorf("%d bytes: not all was given back", size)
			}
		}
	}
}

func TestLargeBodiesTogetherAreBounded(t *testing.T) {
	r := newRoom()
	held := int64(0)
	refused := false
	for range 100 {
		b, taken, err := r.read(httptest.NewRecorder(), io.LimitReader(endlessly{}, 1_900_000), 2_000_000, time.Minute)
		if err == nil {
			held += int64(cap(b))
			continue
		}
		p, is := errors.AsType[*verb.Problem](err)
		refused = is && strings.Contains(p.Text, "too many large")
		r.leave(taken)
	}
	if !refused || held > maxBodies+100*freeBody {
		t.Errorf("%d bytes are held, refused: %v", held, refused)
	}
	if _, taken, err := r.read(httptest.NewRecorder(), strings.NewReader(`{"title":"small"}`), -1, time.Minute); err != nil || taken != 0 {
		t.Errorf("a small body finds no room: %v", err)
	}
}

func TestABodyThatBreaksOffGivesItsRoomBack(t *testing.T) {
	r := newRoom()
	_, taken, err := r.read(httptest.NewRecorder(), io.MultiReader(io.LimitReader(endlessly{}, 1<<20), iotest.ErrReader(io.ErrUnexpectedEOF)), -1, time.Minute)
	if err == nil || taken == 0 {
		t.Errorf("%v, %d taken", err, taken)
	}
	r.leave(taken)
	if !r.free.TryAcquire(maxBodies) {
		t.Error("not all was given back")
	}
}

type endlessly struct{}

func (endlessly) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}
