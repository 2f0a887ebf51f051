package config

import (
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// BookFile is the name of the book of a node, in its data directory.
const BookFile = "legacy.json"

// Book is a file of legacy peers, which is replaced whole.
type Book struct{ Path string }

// Load returns the peers of the book; none if there is no file. They are valid.
func (b Book) Load() ([]Peer, error) {
	list, err := identity.List[Peer]{Path: b.Path}.Load()
	if err != nil {
		return nil, fmt.Errorf("legacy peers: %w", err)
	}
	return list, ValidPeers(list)
}

// Put adds a peer, or replaces the one of its name.
func (b Book) Put(p Peer) error {
	if err := p.Validate(); err != nil {
		return err
	}
	list, err := b.Load()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(list, func(q Peer) bool { return q.Name == p.Name }); i >= 0 {
		list[i] = p
	} else {
		list = append(list, p)
	}
	return identity.List[Peer]{Path: b.Path}.Save(list)
}

// Remove takes a peer away; [memory.ErrNotFound] if there is none of that name.
func (b Book) Remove(name string) error {
	list, err := b.Load()
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(list), func(q Peer) bool { return q.Name == name })
	if len(left) == len(list) {
		return fmt.Errorf("legacy peer %.140s: %w", name, memory.ErrNotFound)
	}
	return identity.List[Peer]{Path: b.Path}.Save(left)
}

// ValidPeers reports the first of the peers that makes no sense, or is there twice.
func ValidPeers(list []Peer) error {
	names := map[string]bool{}
	for i := range list {
		if err := list[i].Validate(); err != nil {
			return err
		}
		if names[list[i].Name] {
			return fmt.Errorf("legacy peer %s is named twice: %w", list[i].Name, memory.ErrInvalid)
		}
		names[list[i].Name] = true
	}
	return nil
}

// Joined returns the peers of both lists; of two with one name that of the second.
func Joined(first, second []Peer) []Peer {
	out := slices.Clone(second)
	for _, p := range first {
		if !slices.ContainsFunc(second, func(q Peer) bool { return q.Name == p.Name }) {
			out = append(out, p)
		}
	}
	return out
}
