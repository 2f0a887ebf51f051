package upkeep

import (
	"context"
	"encoding/json"

	"github.com/tallystick/tallystick/internal/memory"
)

// Account is this node's own.
func (b *Book) Account(ctx context.Context) (Account, error) {
	parked, err := b.store.Parked(ctx)
	if err != nil {
		return Account{}, err
	}
	view := b.store.View()
	a := Account{
		Node: b.core.Node(), Incarnation: b.store.Origin().Incarnation(), Version: b.cfg.Version, Digest: view.Root, LSN: view.LSN,
		Parked: len(parked), StartedAt: b.started, Time: b.core.Now(), Members: []MemberStatus{},
	}
	if b.cfg.Certificate != nil {
		c := b.cfg.Certificate()
		a.Certificate = &c
	}
	for _, p := range b.fed.Status() {
		a.Members = append(a.Members, b.memberStatus(ctx, p))
	}
	return a, nil
}

// Tell is this node's account as members are sent it.
func (b *Book) Tell(ctx context.Context) ([]byte, error) {
	a, err := b.Account(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}

// Accounts are what all members tell of themselves and of the others: this node first,
// then the others by name, as far as they answer.
func (b *Book) Accounts(ctx context.Context) ([]Told, error) {
	own, err := b.Account(ctx)
	if err != nil {
		return nil, err
	}
	out := []Told{{Node: own.Node, Account: &own, At: own.Time}}
	if b.accounts == nil {
		return out, nil
	}
	var names []memory.Node
	for _, m := range b.members() {
		names = append(names, m.Name)
	}
	others, err := b.accounts.of(ctx, names)
	return append(out, others...), err
}
