package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// UpkeepAPI is what keeps a node's memories in order, and counts them.
type UpkeepAPI struct{ c *Client }

// Upkeep is what keeps a node's memories in order, and counts them.
func (c *Client) Upkeep() UpkeepAPI { return UpkeepAPI{c} }

// Stats counts what the node keeps.
func (u UpkeepAPI) Stats(ctx context.Context) (*Stats, error) {
	return read[Stats](ctx, u.c, http.MethodGet, "/stats", nil)
}

// Capabilities says what the node can do.
func (u UpkeepAPI) Capabilities(ctx context.Context) (*Capabilities, error) {
	return read[Capabilities](ctx, u.c, http.MethodGet, "/capabilities", nil)
}

// Quota says what the caller keeps, by namespace.
func (u UpkeepAPI) Quota(ctx context.Context, in QuotaInput) (*Quota, error) {
	return read[Quota](ctx, u.c, http.MethodPost, "/quota/status", in)
}

// Collect drops history that is no longer kept.
func (u UpkeepAPI) Collect(ctx context.Context, with ...With) (*Collected, error) {
	out, _, err := change[Collected](ctx, u.c, http.MethodPost, "/gc", nil, with)
	return out, err
}

// Forget archives what matches, as far as the caller may.
func (u UpkeepAPI) Forget(ctx context.Context, in ForgetInput, with ...With) (*Forgotten, error) {
	out, _, err := change[Forgotten](ctx, u.c, http.MethodPost, "/forget", in, with)
	return out, err
}

// ArchiveStats counts what is in the archive.
func (u UpkeepAPI) ArchiveStats(ctx context.Context) (*ArchiveStats, error) {
	return read[ArchiveStats](ctx, u.c, http.MethodGet, "/archive/stats", nil)
}

// Purge deletes what is in the archive, as far as the caller may.
func (u UpkeepAPI) Purge(ctx context.Context, in PurgeInput, with ...With) (*Purged, error) {
	k, err := asked(http.MethodDelete, "/archive", in, with)
	if err != nil {
		return nil, err
	}
	out := &Purged{}
	return out, u.c.do(ctx, k, out)
}

// Import takes in an export of ai-memory, in parts of 1,000 memories.
func (u UpkeepAPI) Import(ctx context.Context, in ImportInput, with ...With) (*Imported, error) {
	out, _, err := change[Imported](ctx, u.c, http.MethodPost, "/import", in, with)
	return out, err
}

// Archived returns archived memories, the expired included.
func (u UpkeepAPI) Archived(ctx context.Context, s Selection) ([]Memory, error) {
	page, err := u.ArchivePage(ctx, s)
	if err != nil {
		return nil, err
	}
	return page.Memories, nil
}

// ArchivePage is [UpkeepAPI.Archived] with where the next page begins, and what was left
// out of this one.
func (u UpkeepAPI) ArchivePage(ctx context.Context, s Selection) (*Page, error) {
	var b struct {
		Page

		Archived []Memory `json:"archived"`
	}
	if err := u.c.do(ctx, call{method: http.MethodGet, path: "/archive", query: s.query()}, &b); err != nil {
		return nil, err
	}
	b.Memories = b.Archived
	return &b.Page, nil
}

// Diff compares the node with a member, now.
func (u UpkeepAPI) Diff(ctx context.Context, member string) (*Diff, error) {
	out := &Diff{}
	err := u.c.do(ctx, call{method: http.MethodGet, path: "/diff", query: url.Values{"member": {member}}}, out)
	return out, err
}

// Repair makes the node fetch from a member what they differ in, and returns
// the comparison after it.
func (u UpkeepAPI) Repair(ctx context.Context, member string) (*Diff, error) {
	out := &Diff{}
	err := u.c.do(ctx, call{method: http.MethodPost, path: "/repair", query: url.Values{"member": {member}}}, out)
	return out, err
}

// EraseDamaged is [Client.Erase], also of a memory that is damaged on the disk of the
// node, so that nothing tells whose it is. It wants the operator's key.
func (u UpkeepAPI) EraseDamaged(ctx context.Context, id string, with ...With) (*Outcome, error) {
	return write(ctx, u.c, call{method: http.MethodPost, path: "/memories" + seg(id) + "/erase", query: url.Values{"damaged": {"true"}}, with: one(with)}, nil)
}

// StatusAll returns what all members say of themselves and of each other, as far as
// they answer within two seconds.
func (u UpkeepAPI) StatusAll(ctx context.Context) (*StatusAll, error) {
	out := &StatusAll{}
	err := u.c.do(ctx, call{method: http.MethodGet, path: "/status/all"}, out)
	return out, err
}

// Scrub makes the node read its whole log to find damage, and tells report, if it
// is not nil, how far it is. What is damaged it fetches from members by itself.
func (u UpkeepAPI) Scrub(ctx context.Context, report func(Scrubbing)) (*Scrubbing, error) {
	sum := &Scrubbing{}
	for !sum.Done {
		var part Scrubbing
		q := url.Values{"after": {strconv.FormatUint(sum.After, 10)}}
		if err := u.c.do(ctx, call{method: http.MethodPost, path: "/scrub", query: q}, &part); err != nil {
			return sum, err
		}
		part.Entries += sum.Entries
		*sum = part
		if report != nil {
			report(part)
		}
	}
	return sum, nil
}

// Parked returns the parked ops.
func (u UpkeepAPI) Parked(ctx context.Context) ([]Parked, error) {
	var b struct {
		Parked []Parked `json:"parked"`
	}
	err := u.c.do(ctx, call{method: http.MethodGet, path: "/parked"}, &b)
	return b.Parked, err
}

// RetryParked offers parked ops again: those named, or all. It returns how many.
func (u UpkeepAPI) RetryParked(ctx context.Context, dots []string) (int, error) {
	var b Retried
	err := u.c.do(ctx, call{method: http.MethodPost, path: "/parked/retry", body: RetryInput{Dots: dots}}, &b)
	return b.Retried, err
}

// TryParked says what would become of parked ops if they were offered again, and
// offers none.
func (u UpkeepAPI) TryParked(ctx context.Context, dots []string) ([]Prospect, error) {
	var b Retried
	err := u.c.do(ctx, call{method: http.MethodPost, path: "/parked/retry", body: RetryInput{Dots: dots, DryRun: true}}, &b)
	return b.Ops, err
}

// Checkup makes the node look for what is wrong with itself, its files and its backup.
func (u UpkeepAPI) Checkup(ctx context.Context) (*Checkup, error) {
	return read[Checkup](ctx, u.c, http.MethodGet, "/checkup", nil)
}

// Backups returns what is in the node's backup, and what is done with it.
func (u UpkeepAPI) Backups(ctx context.Context) (*Backups, error) {
	return read[Backups](ctx, u.c, http.MethodGet, "/backups", nil)
}

// BackUp makes the node add to its backup what was logged since, or with base its whole
// log. It returns at once: Backups says how far it is.
func (u UpkeepAPI) BackUp(ctx context.Context, base bool) (*Backups, error) {
	out := &Backups{}
	q := url.Values{}
	if base {
		q.Set("base", "true")
	}
	err := u.c.do(ctx, call{method: http.MethodPost, path: "/backups", query: q}, out)
	return out, err
}

// VerifyBackup makes the node read its backup. It returns at once: Backups says how far
// it is.
func (u UpkeepAPI) VerifyBackup(ctx context.Context) (*Backups, error) {
	return read[Backups](ctx, u.c, http.MethodPost, "/backups/verify", nil)
}

// Measured returns what the node has measured of itself last, and before that.
func (u UpkeepAPI) Measured(ctx context.Context) (*Measurements, error) {
	return read[Measurements](ctx, u.c, http.MethodGet, "/measurement", nil)
}

// Measure makes the node measure for a few seconds how fast it is.
func (u UpkeepAPI) Measure(ctx context.Context) (*Measurements, error) {
	return read[Measurements](ctx, u.c, http.MethodPost, "/measurement", nil)
}
