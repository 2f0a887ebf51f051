package evidence

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

// asking is how long members are waited for whose statement is not here.
const asking = 2 * time.Second

// Receipt makes a receipt of an op: the statements of all members that have signed
// that they hold it, under one membership. It says that a writer waits for quorum
// members, and may have fewer statements. An op that is no longer in the log is
// [memory.ErrTruncated].
func (b *Book) Receipt(ctx context.Context, d memory.Dot, quorum int) ([]byte, error) {
	digests, err := b.store.Digests(ctx, memory.Range{Origin: d.Origin, From: d.Seq, To: d.Seq})
	if err != nil {
		return nil, err
	}
	if err := b.settled(ctx); err != nil {
		return nil, err
	}
	r := receipt.Receipt{Dot: d, Digest: digests[0], Quorum: quorum, Issued: b.cfg.Now().Unix(), Statements: []receipt.Signed{}}
	list, err := b.store.Statements(ctx, d)
	if err != nil {
		return nil, err
	}
	if node := d.Origin.Node(); node != b.cfg.Self && !b.cfg.Holds(node, d) {
		list = slices.DeleteFunc(list, func(s memory.Statement) bool { return s.Member == node })
	}
	epoch, members := b.cfg.Roster.Now()
	found := byEpoch(list)
	if len(found[epoch]) < len(members) && len(best(found)) < max(quorum, len(members)) {
		list = append(list, b.ask(ctx, d, found[epoch], members)...)
		found = byEpoch(list)
	}
	for _, s := range best(found) {
		digests, err := b.store.Digests(ctx, s.Run)
		if err != nil {
			continue // parts of the run are no longer in the log
		}
		r.Statements = append(r.Statements, receipt.Signed{
			Statement: s.Signed, Signature: s.Signature, Credential: s.Credential, Chain: s.Chain, Digests: receipt.Digests(digests),
		})
	}
	r.Credential, r.Chain = b.cfg.Signer.Credential()
	r.Issue(b.cfg.Signer.Key())
	return r.Encode()
}

// settled waits until what members have signed before now is kept.
func (b *Book) settled(ctx context.Context) error {
	seen := make(chan struct{})
	select {
	case b.inbox <- letter{seen: seen}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-seen:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// byEpoch returns the newest statement of each member under each membership.
func byEpoch(list []memory.Statement) map[uint64]map[memory.Node]memory.Statement {
	out := map[uint64]map[memory.Node]memory.Statement{}
	for _, s := range list {
		if out[s.Epoch] == nil {
			out[s.Epoch] = map[memory.Node]memory.Statement{}
		}
		out[s.Epoch][s.Member] = s
	}
	return out
}

// best returns the statements of the membership under which most members have signed,
// by member; of two, those of the later one.
func best(found map[uint64]map[memory.Node]memory.Statement) []memory.Statement {
	var most uint64
	for epoch, by := range found {
		if n := len(found[most]); len(by) > n || len(by) == n && epoch > most {
			most = epoch
		}
	}
	var out []memory.Statement
	for _, s := range found[most] {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b memory.Statement) int { return cmp.Compare(a.Member, b.Member) })
	return out
}

// ask asks those members that have not signed for d under the present membership, this
// node included, and keeps what they sign.
func (b *Book) ask(ctx context.Context, d memory.Dot, have map[memory.Node]memory.Statement, members []memory.Node) []memory.Statement {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	var mu sync.Mutex
	var out []memory.Statement
	var all sync.WaitGroup
	for _, m := range members {
		if _, ok := have[m]; ok {
			continue
		}
		all.Go(func() {
			sign := func(ctx context.Context, _ memory.Node, d memory.Dot) (receipt.Signed, error) { return b.Prove(ctx, d) }
			if m != b.cfg.Self {
				sign = b.cfg.Ask
			}
			s, err := sign(ctx, m, d)
			var rows []memory.Statement
			if err == nil {
				rows, err = b.checked(ctx, m, s)
			}
			if err != nil {
				b.cfg.Log.DebugContext(ctx, "a member has not signed", "member", m, "op", d, "err", err)
			}
			mu.Lock()
			defer mu.Unlock()
			out = append(out, rows...)
		})
	}
	all.Wait()
	out = slices.DeleteFunc(out, func(s memory.Statement) bool {
		return s.Run.Origin != d.Origin || d.Seq < s.Run.From || d.Seq > s.Run.To
	})
	if err := b.store.KeepStatements(ctx, out); err != nil {
		b.cfg.Log.WarnContext(ctx, "statements of members were not kept", "err", err)
	}
	return out
}
