package upkeep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Certificate is what a node shows to members.
type Certificate struct {
	Key   string         `json:"key"` // the id of the key that it is for
	Until memory.Instant `json:"until"`
}

// Account is what a node tells members of how it gets on with each of them.
type Account struct {
	Node        memory.Node    `json:"node"`
	Incarnation string         `json:"incarnation"`
	Version     string         `json:"version"`
	Digest      memory.Digest  `json:"digest"`
	LSN         uint64         `json:"lsn"`
	Parked      int            `json:"parked"`
	StartedAt   memory.Instant `json:"started_at,omitzero"`
	Time        memory.Instant `json:"time,omitzero"` // of its clock
	Certificate *Certificate   `json:"certificate,omitempty"`
	Members     []MemberStatus `json:"members"`
}

// Bounds of what is believed of an account: a member may say anything.
const (
	maxAccountMembers = 1024
	maxAccountText    = 256
)

var errAccount = errors.New("it is no account of that member")

// readAccount reads what a member has sent as its account. Fields that are not known
// are those of a newer program; texts are shortened.
func readAccount(raw []byte, of memory.Node) (*Account, error) {
	var a Account
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("%w: %w", errAccount, err)
	}
	if a.Node != of || len(a.Members) > maxAccountMembers {
		return nil, errAccount
	}
	short := func(texts ...*string) {
		for _, s := range texts {
			*s = memory.Shorten(*s, maxAccountText)
		}
	}
	short(&a.Incarnation, &a.Version)
	if a.Certificate != nil {
		short(&a.Certificate.Key)
	}
	for i := range a.Members {
		m := &a.Members[i]
		if err := m.Name.Valid(); err != nil {
			return nil, fmt.Errorf("%w: %w", errAccount, err)
		}
		short(&m.URL, &m.State, &m.LastError)
	}
	return &a, nil
}

// Told is what a member has said of itself and of the others, and when.
type Told struct {
	Node memory.Node
	// Account is the last one; nil if it has told none since this node was started.
	Account *Account
	At      memory.Instant // when it told it, by the clock of this node
	Err     string         // why it tells nothing now; Account is what it said before then
}

const (
	accountWait  = 2 * time.Second // for the members to answer, all at once
	accountFresh = 2 * time.Second // how long an answer, or none, is not asked for again
)

// accounts are those that members have told, the last one of each. However many ask,
// each member is asked once in a while, and never twice at a time.
type accounts struct {
	ask func(context.Context, memory.Node) ([]byte, error)
	now func() memory.Instant

	turn  chan struct{} // holds one: whoever has it may use what follows
	told  map[memory.Node]*Told
	asked map[memory.Node]memory.Instant
}

func newAccounts(ask func(context.Context, memory.Node) ([]byte, error), now func() memory.Instant) *accounts {
	return &accounts{ask: ask, now: now, turn: make(chan struct{}, 1), told: map[memory.Node]*Told{}, asked: map[memory.Node]memory.Instant{}}
}

// of returns what some members tell, by name. It waits for those that answer in time.
func (a *accounts) of(ctx context.Context, members []memory.Node) ([]Told, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	answers := a.askAll(ctx, members)
	if err := ctx.Err(); err != nil {
		return nil, err // that nobody has answered in time says nothing
	}
	for n, t := range answers {
		if old := a.told[n]; old != nil && t.Err != "" {
			t.Account, t.At = old.Account, old.At
		}
		a.told[n], a.asked[n] = t, a.now()
	}
	out := make([]Told, 0, len(members))
	for _, n := range members {
		out = append(out, *a.told[n])
	}
	for n := range a.told {
		if !slices.Contains(members, n) {
			delete(a.told, n)
			delete(a.asked, n)
		}
	}
	slices.SortFunc(out, func(x, y Told) int { return strings.Compare(string(x.Node), string(y.Node)) })
	return out, nil
}

// askAll asks those members of whom nothing was heard lately.
func (a *accounts) askAll(ctx context.Context, members []memory.Node) map[memory.Node]*Told {
	ctx, cancel := context.WithTimeout(ctx, accountWait)
	defer cancel()
	answers := map[memory.Node]*Told{}
	var all sync.WaitGroup
	for _, n := range members {
		if at, ok := a.asked[n]; ok && a.now().Time().Sub(at.Time()).Abs() < accountFresh {
			continue
		}
		t := &Told{Node: n}
		answers[n] = t
		all.Go(func() {
			if t.Account, t.Err = a.askOne(ctx, n); t.Account != nil {
				t.At = a.now()
			}
		})
	}
	all.Wait()
	return answers
}

func (a *accounts) askOne(ctx context.Context, n memory.Node) (*Account, string) {
	raw, err := a.ask(ctx, n)
	if err == nil {
		var account *Account
		if account, err = readAccount(raw, n); err == nil {
			return account, ""
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, "no answer within " + accountWait.String()
	}
	return nil, memory.Shorten(err.Error(), maxAccountText)
}
