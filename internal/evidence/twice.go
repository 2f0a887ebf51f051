package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

// MaxTwice is how many proofs are kept: one for each key, and nobody has so many.
const MaxTwice = 64

// proofs are those of members that have signed two ops under one of their numbers.
type proofs struct {
	list identity.List[receipt.Twice]

	mu     sync.Mutex
	kept   []receipt.Twice
	frozen map[identity.PublicKey]int // in kept
	// words are what nodes have signed about ops that another one disputes: after it is
	// settled the log no longer has the one that made room.
	words    map[memory.Dot][]receipt.Word
	disputes []memory.Dot // of words, the first of them first
}

// maxDisputed bounds the ops whose words are remembered for members that ask.
const maxDisputed = 256

// load reads the proofs that are in the file.
func (p *proofs) load(b *Book) error {
	p.frozen, p.words = map[identity.PublicKey]int{}, map[memory.Dot][]receipt.Word{}
	if p.list.Path == "" {
		return nil
	}
	list, err := p.list.Load()
	if err != nil {
		return fmt.Errorf("read the proofs in %s: %w", p.list.Path, err)
	}
	for _, t := range list {
		if _, key, err := t.Verify(b.cfg.Roots, b.cfg.Now()); err == nil {
			p.kept = append(p.kept, t)
			p.frozen[key] = len(p.kept) - 1
		}
	}
	return nil
}

// Proofs are those that this node has, of members that have signed two ops under one
// number.
func (b *Book) Proofs() []receipt.Twice {
	b.twice.mu.Lock()
	defer b.twice.mu.Unlock()
	return slices.Clone(b.twice.kept)
}

// ProofSet is a digest of the keys of which this node has proofs; "" if it has none. It
// does not say which proof of a key it is: one is as good as another.
func (b *Book) ProofSet() string {
	b.twice.mu.Lock()
	defer b.twice.mu.Unlock()
	if len(b.twice.frozen) == 0 {
		return ""
	}
	var keys [][]byte
	for key := range b.twice.frozen {
		keys = append(keys, key[:])
	}
	slices.SortFunc(keys, bytes.Compare)
	sum := sha256.Sum256(bytes.Join(keys, nil))
	return hex.EncodeToString(sum[:])
}

// Frozen reports whether what a key signs is not taken any more, because it has signed
// two ops under one number: until an administrator gives its node another key, or
// takes it out of the membership.
func (b *Book) Frozen(key identity.PublicKey) (receipt.Twice, bool) {
	b.twice.mu.Lock()
	defer b.twice.mu.Unlock()
	i, ok := b.twice.frozen[key]
	if !ok {
		return receipt.Twice{}, false
	}
	return b.twice.kept[i], true
}

// Adopt takes proofs that a member has sent: each is checked, and believed for what
// is in it, whoever sent it.
func (b *Book) Adopt(list []receipt.Twice) error {
	var errs []error
	for _, t := range list[:min(len(list), MaxTwice)] {
		errs = append(errs, b.freeze(t)) // one of who is no member any more hides no other
	}
	return errors.Join(errs...)
}

// freeze keeps a proof, if it is one, and takes nothing more from who has signed it.
func (b *Book) freeze(t receipt.Twice) error {
	digests, key, err := t.Verify(b.cfg.Roots, b.cfg.Now())
	if err != nil {
		return err
	}
	node, err := b.cfg.Roster.Admit(t.Member, key)
	if err != nil || node == b.cfg.Self {
		return nil //nolint:nilerr // who is no member is refused in any case, and this node goes on
	}
	if node != t.Dot.Origin.Node() {
		return fmt.Errorf("%s is not an op of %s: %w", t.Dot, node, memory.ErrInvalid)
	}
	p := &b.twice
	p.mu.Lock()
	if _, known := p.frozen[key]; known || len(p.kept) >= MaxTwice {
		p.mu.Unlock()
		return nil
	}
	p.kept = append(p.kept, t)
	p.frozen[key] = len(p.kept) - 1
	if p.list.Path != "" {
		err = p.list.Save(p.kept)
	}
	p.mu.Unlock()
	if b.cfg.Twice != nil {
		b.cfg.Twice(node, t.Dot, digests)
	}
	return err
}

// Disputed is told of entries that a member has, before the log decides between them
// and those under the same numbers here. If the node that numbered them has signed
// both, it is frozen.
func (b *Book) Disputed(ctx context.Context, member memory.Node, theirs []receipt.Op) {
	for _, op := range theirs {
		here, err := b.store.Digests(ctx, memory.Range{Origin: op.Dot.Origin, From: op.Dot.Seq, To: op.Dot.Seq})
		if err != nil || here[0] == op.Digest || op.Dot.Origin.Node() == b.cfg.Self {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, asking)
		defer cancel()
		_, _ = b.wordsOn(ctx, op.Dot, true)
		words, err := b.cfg.AskWords(ctx, member, op.Dot)
		if err != nil {
			b.cfg.Log.WarnContext(ctx, "a member does not show who signed what it holds", "member", member, "op", op.Dot, "err", err)
		}
		b.contradict(ctx, op, words)
		return // one proof is enough, and the rest are of the same node
	}
}

// contradict looks for a word of the node of op that says something else than one of
// others, and reports whether that is a proof.
func (b *Book) contradict(ctx context.Context, op receipt.Op, others []receipt.Word) bool {
	mine, err := b.wordsOn(ctx, op.Dot, true)
	if err != nil {
		b.cfg.Log.WarnContext(ctx, "no word of the node of a disputed op is here", "op", op.Dot, "err", err)
	}
	words := slices.Concat(mine, others[:min(len(others), maxWords)])
	now := b.cfg.Now()
	for i, w := range words {
		digest, by, err := w.Open(op.Dot, b.cfg.Roots, now)
		if err != nil {
			continue
		}
		for _, other := range words[i+1:] {
			second, _, err := other.Open(op.Dot, b.cfg.Roots, now)
			if err != nil || second == digest {
				continue
			}
			t := receipt.Twice{Dot: op.Dot, Member: by.Name, Words: [2]receipt.Word{w, other}}
			if b.freeze(t) == nil {
				return true
			}
		}
	}
	return false
}

// maxWords bounds the words about one op.
const maxWords = 4

// Words are what the node of an op has signed about it, as this node knows: also of
// one that has made room since; [memory.ErrNotFound] if that is nothing.
func (b *Book) Words(ctx context.Context, d memory.Dot) ([]receipt.Word, error) {
	return b.wordsOn(ctx, d, false)
}

// wordsOn is Words. Of a disputed op, what it returns is remembered: its entry may make room.
func (b *Book) wordsOn(ctx context.Context, d memory.Dot, disputed bool) ([]receipt.Word, error) {
	if err := b.settled(ctx); err != nil {
		return nil, err
	}
	w, found, err := b.word(ctx, d)
	if err != nil {
		return nil, err
	}
	p := &b.twice
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.words[d]
	if found && len(list) < maxWords && !slices.ContainsFunc(list, func(x receipt.Word) bool { return slices.Equal(x.Body, w.Body) }) {
		list = append(slices.Clone(list), w)
		if disputed {
			p.remember(d, list)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nothing that its node has signed about %s: %w", d, memory.ErrNotFound)
	}
	return list, nil
}

// remember keeps words about an op, and forgets those about the op that was disputed first.
func (p *proofs) remember(d memory.Dot, list []receipt.Word) {
	if _, known := p.words[d]; !known {
		if len(p.disputes) >= maxDisputed {
			delete(p.words, p.disputes[0])
			p.disputes = p.disputes[1:]
		}
		p.disputes = append(p.disputes, d)
	}
	p.words[d] = list
}

// word is what the node of an op has signed about it as it is in the log.
func (b *Book) word(ctx context.Context, d memory.Dot) (receipt.Word, bool, error) {
	list, err := b.store.Statements(ctx, d)
	if err != nil {
		return receipt.Word{}, false, err
	}
	for _, s := range slices.Backward(list) {
		if s.Member != d.Origin.Node() {
			continue
		}
		digests, err := b.store.Digests(ctx, s.Run)
		if err != nil {
			continue
		}
		ops, err := b.store.ByDot(ctx, []memory.Dot{d})
		if err != nil {
			return receipt.Word{}, false, err
		}
		w := receipt.Word{Signed: receipt.Signed{
			Statement: s.Signed, Signature: s.Signature, Credential: s.Credential, Chain: s.Chain, Digests: receipt.Digests(digests),
		}}
		if len(ops) == 1 {
			w.Body = ops[0].Raw
		}
		_, _, err = w.Open(d, b.cfg.Roots, b.cfg.Now())
		if err != nil { // a hollow form is not the body
			w.Body = nil
			_, _, err = w.Open(d, b.cfg.Roots, b.cfg.Now())
		}
		if err == nil {
			return w, true, nil
		}
	}
	return receipt.Word{}, false, nil
}
