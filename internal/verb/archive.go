package verb

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	defaultArchive = 50
	archiveAtOnce  = 16 // so that they share fsyncs and round trips
	defaultReason  = "archive"
)

type archive struct{ *deps }

// archiveVerbs are those about the archive.
func archiveVerbs(of *deps) []Verb {
	d := archive{of}
	return []Verb{
		Of(Verb{
			Name: "memory_archive_list", Family: familyArchive, Summary: "list archived memories", Answers: []Answer{Gives(Fine, client.ArchiveList{})},
		}, d.archived),
		Of(Verb{
			Name: "memory_archive", Family: familyArchive, Summary: "archive memories", Access: Change,
			Answers: []Answer{Gives(Fine, client.Archived{}), Gives(Accepted, client.Archived{})},
		}, d.archive),
		Of(Verb{
			Name: "memory_archive_stats", Family: familyArchive, Summary: "count archived memories", Answers: []Answer{Gives(Fine, client.ArchiveStats{})},
		}, d.archiveStats),
		Of(Verb{
			Name: "memory_archive_restore", Family: familyArchive, Summary: "make an archived or deleted memory live again", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.Restored{}, client.Gone{})}, Codes: []client.Code{client.CodeConflict},
		}, d.restore),
		Of(Verb{
			Name: "memory_archive_purge", Family: familyArchive, Summary: "delete what is in the archive", Access: Change,
			Answers: []Answer{Gives(Fine, client.Purged{})},
		}, d.purge),
	}
}

func (d archive) archived(ctx context.Context, c *Call, in *client.ArchiveListInput) (Done, error) {
	f, err := d.listed(c, &in.Filter, &in.ListFilter)
	if err != nil {
		return Done{}, err
	}
	f.Life = memory.Archived
	ctx, left := memory.WithOmissions(ctx)
	recs, next, err := d.books.Query.List(ctx, f, pageOf(in.Paging, defaultArchive))
	if err != nil {
		return Done{}, err
	}
	out := make([]client.ArchivedMemory, len(recs))
	for i := range recs {
		out[i] = ShowArchived(&recs[i], f.Now)
	}
	return Done{Body: client.ArchiveList{Archived: out, Count: len(out), Next: next, Damaged: omitted(left)}}, nil
}

// ShowArchived is an archived record as callers see it.
func ShowArchived(r *memory.Record, now memory.Instant) client.ArchivedMemory {
	_, reason := r.Stands(now)
	return client.ArchivedMemory{
		Memory: ShowMemory(r), LastAccessedAt: optional(r.AccessedAt), ExpiresAt: optional(r.ExpiresAt),
		ArchivedAt: timeOf(r.ArchivedAt()), ArchiveReason: cmp.Or(reason, defaultReason),
	}
}

func (d archive) archive(ctx context.Context, c *Call, in *client.ArchiveInput) (Done, error) {
	for _, id := range in.IDs {
		if err := memory.ValidID(id); err != nil {
			return Done{}, err
		}
	}
	reason := cmp.Or(in.Reason, defaultReason)
	ids := distinct(in.IDs)
	several, err := engine.Begin(ctx, d.books.Core, c.Caller)
	if err != nil {
		return Done{}, err
	}
	outs, errs := d.archiveAll(ctx, several, ids, reason)
	done, err := archiveReply(ids, outs, errs, reason)
	done.Replayed = err == nil && repeats(several, outs)
	return done, err
}

func distinct(ids []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		dup := seen[id]
		seen[id] = true
		return dup
	})
}

// repeats reports whether writes that came to outs, or failed, are answered as a repetition.
func repeats(s engine.Several, outs []engine.Outcome) bool {
	known, fresh := 0, 0
	for i := range outs {
		switch {
		case outs[i].Replayed:
			known++
		case outs[i].Entry != nil:
			fresh++
		}
	}
	return s.Repeats(known, fresh)
}

// archiveAll archives ids, each as an op of its own. After the first failure of
// the node or of the quorum no further one is begun.
func (d archive) archiveAll(ctx context.Context, s engine.Several, ids []string, reason string) ([]engine.Outcome, []error) {
	outs, errs := make([]engine.Outcome, len(ids)), make([]error, len(ids))
	var g errgroup.Group
	g.SetLimit(archiveAtOnce)
	var stopped atomic.Bool
	for i, id := range ids {
		g.Go(func() error {
			if stopped.Load() {
				errs[i] = errNotBegun
				return nil
			}
			var as engine.Caller
			if as, errs[i] = records.ArchiveAs(ctx, d.books.Records, s, id); errs[i] == nil {
				outs[i], errs[i] = d.books.Records.Archive(ctx, as, id, reason)
			}
			if errs[i] != nil && !missingMemory(errs[i]) {
				stopped.Store(true)
			}
			return nil
		})
	}
	_ = g.Wait() // each error is in errs
	return outs, errs
}

var errNotBegun = errors.New("not begun, because of another failure")

// missingMemory reports whether err says no more than that the caller has no
// such memory.
func missingMemory(err error) bool {
	_, refused := errors.AsType[*engine.ForbiddenError](err)
	return refused || errors.Is(err, memory.ErrNotFound) || errors.Is(err, memory.ErrAmbiguous)
}

func archiveReply(ids []string, outs []engine.Outcome, errs []error, reason string) (Done, error) {
	v := client.Archived{Archived: []string{}, Missing: []string{}, Reason: reason, Receipts: []*client.Receipt{}}
	var failed error
	for i, err := range errs {
		switch {
		case err == nil && outs[i].Pending != nil:
			v.Pending = append(v.Pending, outs[i].Pending.ID)
		case err == nil:
			v.Archived = append(v.Archived, ids[i])
			v.Receipt = ShowReceipt(outs[i].Receipt)
			if v.Receipt != nil { // else it was only tried
				v.Receipts = append(v.Receipts, v.Receipt)
			}
		case missingMemory(err):
			v.Missing = append(v.Missing, ids[i])
		default:
			failed = worse(failed, err)
		}
	}
	v.Count = len(v.Archived)
	if e, missed := errors.AsType[*engine.QuorumError](failed); missed {
		p := QuorumProblem(e)
		p.Extra["archived"], p.Extra["missing"] = v.Archived, v.Missing
		return Done{}, p
	}
	if failed != nil {
		return Done{}, failed
	}
	done := Done{Body: v}
	if len(v.Pending) > 0 && v.Count == 0 {
		done.How = Accepted
	}
	return done, nil
}

// worse keeps what matters among the errors of parallel work: a missed quorum
// before others, any before what was not begun because of them.
func worse(a, b error) error {
	_, missed := errors.AsType[*engine.QuorumError](b)
	if a == nil || missed || errors.Is(a, errNotBegun) {
		return b
	}
	return a
}

func (d archive) restore(ctx context.Context, c *Call, in *client.ChangeInput) (Done, error) {
	id, err := idOf(in.ByID)
	if err != nil {
		return Done{}, err
	}
	out, err := d.books.Records.Restore(ctx, c.Caller, id)
	if errors.Is(err, memory.ErrNotFound) {
		return Done{}, NotFound("not found in archive")
	}
	return shown(out, err, Fine, func() any {
		return client.Restored{Restored: true, ID: Subject(out), Memory: showNow(out), Receipt: ShowReceipt(out.Receipt)}
	})
}

func (d archive) archiveStats(ctx context.Context, c *Call, _ *client.NoInput) (Done, error) {
	counts, err := d.books.Query.Spaces(ctx, memory.Filter{Viewer: c.Agent, Now: d.now(), Life: memory.Archived})
	if err != nil {
		return Done{}, err
	}
	v := client.ArchiveStats{ByNamespace: namespaceCounts(counts)}
	for _, n := range counts {
		v.Total += n
	}
	return Done{Body: v}, nil
}

func (d archive) purge(ctx context.Context, c *Call, in *client.PurgeInput) (Done, error) {
	before := memory.InstantOf(d.clock().Add(-time.Duration(in.OlderThanDays) * 24 * time.Hour))
	ctx, left := memory.WithOmissions(ctx)
	n, again, err := d.books.Records.Purge(ctx, c.Caller, before+1)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Purged{Purged: n, Scope: string(c.Agent), DryRun: in.DryRun, Damaged: omitted(left)}, Replayed: again}, nil
}
