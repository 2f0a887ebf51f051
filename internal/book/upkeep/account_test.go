package upkeep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// told is a member that tells what it is set to.
type told struct {
	mu    sync.Mutex
	asked map[memory.Node]int
	say   map[memory.Node]func(context.Context) ([]byte, error)
}

func (t *told) ask(ctx context.Context, n memory.Node) ([]byte, error) {
	t.mu.Lock()
	t.asked[n]++
	say := t.say[n]
	t.mu.Unlock()
	return say(ctx)
}

func says(a Account) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return json.Marshal(a) }
}

func silent(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestMembersAreAskedTogetherAndOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &told{asked: map[memory.Node]int{}, say: map[memory.Node]func(context.Context) ([]byte, error){
			"east": says(Account{Node: "east", LSN: 7}), "west": silent, "south": silent, "liar": says(Account{Node: "east"}),
		}}
		a := newAccounts(m.ask, func() memory.Instant { return memory.InstantOf(time.Now()) })
		names := []memory.Node{"west", "south", "liar", "east"}
		begun := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				got, err := a.of(t.Context(), names)
				if err != nil || len(got) != 4 || got[0].Node != "east" || got[0].Account.LSN != 7 || got[0].At == 0 {
					t.Errorf("got %+v, %v", got, err)
					return
				}
				for _, x := range got[1:] {
					if x.Account != nil || x.Err == "" || x.At != 0 {
						t.Errorf("%s: %+v", x.Node, x)
					}
				}
			})
		}
		all.Wait()
		if took := time.Since(begun); took != accountWait {
			t.Errorf("two silent members took %s, want %s", took, accountWait)
		}
		for n, times := range m.asked {
			if times != 1 {
				t.Errorf("%s was asked %d times", n, times)
			}
		}

		// What was said stays, with its age, when a member falls silent.
		time.Sleep(accountFresh) // of the clock of the test
		m.say["east"] = func(context.Context) ([]byte, error) { return nil, errors.New("connection refused") }
		got, err := a.of(t.Context(), []memory.Node{"east"})
		if err != nil || got[0].Account == nil || got[0].Account.LSN != 7 || got[0].Err != "connection refused" {
			t.Errorf("after it fell silent: %+v, %v", got, err)
		}
		if age := time.Since(got[0].At.Time()); age < accountFresh {
			t.Errorf("what it said is %s old", age)
		}
		if len(a.told) != 1 || len(a.asked) != 1 {
			t.Errorf("members that have gone are remembered: %v", a.told)
		}
	})
}

func TestWhoGoesAwaySaysNothingAboutMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &told{asked: map[memory.Node]int{}, say: map[memory.Node]func(context.Context) ([]byte, error){"east": silent}}
		a := newAccounts(m.ask, func() memory.Instant { return memory.InstantOf(time.Now()) })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := a.of(ctx, []memory.Node{"east"}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		m.say["east"] = says(Account{Node: "east"})
		if got, err := a.of(t.Context(), []memory.Node{"east"}); err != nil || got[0].Err != "" {
			t.Errorf("the next one hears %+v, %v", got, err)
		}
	})
}

func TestAnAccountMayBeLongAndIsBelievedInShort(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	raw, err := json.Marshal(Account{Node: "east", Version: long, Certificate: &Certificate{Key: long}, Members: []MemberStatus{{Name: "west", URL: long, LastError: long, State: long}}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := readAccount(raw, "east")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{a.Version, a.Certificate.Key, a.Members[0].URL, a.Members[0].LastError, a.Members[0].State} {
		if len(s) > maxAccountText+len("…") {
			t.Errorf("%d bytes are kept", len(s))
		}
	}
	many, _ := json.Marshal(Account{Node: "east", Members: make([]MemberStatus, maxAccountMembers+1)})
	for name, raw := range map[string][]byte{
		"of another": []byte(`{"node":"west"}`), "no JSON": []byte("{"), "too many": many, "a name that is none": []byte(`{"node":"east","members":[{"name":"a b"}]}`),
	} {
		if _, err := readAccount(raw, "east"); !errors.Is(err, errAccount) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadAccount(f *testing.F) {
	f.Add([]byte(`{"node":"east","digest":"` + strings.Repeat("0", 64) + `","members":[{"name":"west","state":"ok","owed":3}]}`))
	f.Add([]byte(`{"node":"east","newer":{"a":[1]},"certificate":{"key":"k","until":"2026-11-26T10:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := readAccount(raw, "east")
		if err != nil {
			return
		}
		once, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readAccount(once, "east")
		if err != nil {
			t.Fatalf("its own writing is refused: %v", err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s\nis read as\n%s, %v", once, twice, err)
		}
	})
}
