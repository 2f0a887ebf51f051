package node

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/evidence"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/attest"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/identity/replay"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/pace"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/store"
)

// Files of the trust of a node, in its data directory.
const (
	IdentityDir = "identity"
	AuditFile   = "audit.log"
	ProofsFile  = "equivocations.json" // in the directory of the identity
)

// aheadAtStart is how far ahead the clocks of senders are taken to be after a start
// that lost the replay ledger: what they created until then may be a replay.
const aheadAtStart = 5 * time.Second

// trust is a node's part in a federation with identities: it answers members on an
// address of their own, keeps the certificate fresh and the membership current.
type trust struct {
	*cluster.Cluster
	clock   func() time.Time
	log     *slog.Logger
	audit   *audit.Log
	fold    *audit.Fold
	ledger  *replay.Ledger
	proofs  *evidence.Book
	adopted sync.Map // memory.Node → the set of its proofs that was looked at
	grace   grace
	store   *store.Store
	entries chan memory.Dot // of this node that the audit log is to have

	calls      *peer.Client
	server     *http.Server
	unused     unused
	taken      *pace.Keeper // sees to it that what is answered is taken
	setMembers func(replicate.Roster)
	held       func(memory.Dot) []memory.Node // who has an op on disk

	endings chan uint64        // epochs of changes that have ended
	hurry   chan struct{}      // somebody goes by a newer membership
	last    cluster.Membership // that the audit log knows of
	key     identity.Key       // that signs it
	holds   identity.Name      // the authority that is here
}

// openTrust returns nil if the node has no identity: then members, if there are
// any, talk on loopback addresses only.
func openTrust(ctx context.Context, cfg Config, st *store.Store, log *slog.Logger) (_ *trust, err error) {
	dir := filepath.Join(cfg.Data, IdentityDir)
	clock := func() time.Time { return time.Now().Add(cfg.ClockOffset) }
	c, err := cluster.Open(dir, clock)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no identity is no error
	}
	if err != nil {
		return nil, err
	}
	c.Forbear(cfg.ExpiredGrace)
	switch place := c.Place(); {
	case place.Node != cfg.Node:
		return nil, fmt.Errorf("the identity in %s is of node %s, and this is %s", dir, place.Node, cfg.Node)
	case len(cfg.Members) > 0:
		return nil, errors.New("members are named in the configuration, and this node has an identity: they come from the list that the root has signed")
	}
	t := &trust{
		Cluster: c, log: log, clock: clock, fold: audit.NewFold(time.Minute), store: st, entries: make(chan memory.Dot, toAudit),
		ledger: replay.New(replay.Config{Start: time.Now(), Skew: aheadAtStart}), key: c.Self().Key(),
		endings: make(chan uint64, 1), hurry: make(chan struct{}, 1),
	}
	if t.proofs, err = evidence.New(evidence.Config{
		Proofs: filepath.Join(dir, ProofsFile), Twice: t.twice,
		AskWords: func(ctx context.Context, member memory.Node, d memory.Dot) ([]receipt.Word, error) {
			return t.calls.Words(ctx, member, d)
		},
		Wrong: func(from memory.Node, err error) {
			t.event(audit.Event{Kind: audit.Refusal, Actor: string(from), Tag: "statement_not_right", Detail: err.Error()})
		},
		Origin: st.Origin,
		Self:   cfg.Node, Name: c.Place().Name, Roots: c.Roots().Credentials(), Roster: roster{c}, Signer: c.Self(), Log: log,
		Holds: func(member memory.Node, d memory.Dot) bool { return slices.Contains(t.held(d), member) },
		Ask: func(ctx context.Context, member memory.Node, d memory.Dot) (receipt.Signed, error) {
			return t.calls.Held(ctx, member, d)
		},
	}, st); err != nil {
		return nil, err
	}
	t.last, _ = c.Membership()
	t.holds = c.Authority()
	if t.audit, err = openAudit(filepath.Join(cfg.Data, AuditFile), c); err != nil {
		return nil, err
	}
	if err := t.ledger.Load(ctx, marks{st}); err != nil {
		log.WarnContext(ctx, "requests from before the start are refused", "err", err)
	}
	return t, nil
}

// evidence makes receipts of what members have signed; nil if they sign nothing.
func (t *trust) evidence() func(context.Context, memory.Dot, int) ([]byte, error) {
	if t == nil {
		return nil
	}
	return t.proofs.Receipt
}

// roster is what evidence knows of the membership.
type roster struct{ *cluster.Cluster }

// Now implements [evidence.Roster].
func (r roster) Now() (epoch uint64, members []memory.Node) {
	m, _ := r.Membership()
	for _, s := range m.Voters() { // who does not count proves nothing to a quorum
		members = append(members, s.Node)
	}
	return m.Epoch, members
}

// marks are the signed requests that had an effect, as the store has them.
type marks struct{ *store.Store }

// Marks implements [replay.Storage].
func (m marks) Marks(ctx context.Context) iter.Seq2[identity.Mark, error] {
	return func(yield func(identity.Mark, error) bool) {
		for k, err := range m.Store.Marks(ctx, memory.InstantOf(time.Now())) {
			if !yield(identity.Mark{Signer: identity.KeyID(k.Signer), Nonce: k.Nonce, Created: k.Created.Time(), Expires: k.Expires.Time()}, err) {
				return
			}
		}
	}
}

// link is what members are called and answered with.
func (t *trust) link() *peer.Trust {
	return &peer.Trust{
		Evidence: t.proofs, Witness: t.proofs, Self: t.Self(), Roots: t.Roots(), Contact: t.Contact, Now: t.clock,
		Verifier: attest.NewVerifier(attest.Config{
			Self: t.Place().Node, Roots: t.Roots(), Roster: believed{t.Cluster, t.proofs}, Ledger: t.ledger, Window: httpsig.Window{}, Now: t.clock,
			Ended: t.forborne,
		}),
		Membership: func() []byte {
			_, doc := t.Membership()
			return doc
		},
		Renew: func(name identity.Name, key identity.PublicKey) ([]byte, error) {
			g, err := t.Again(name, key)
			if errors.Is(err, cluster.ErrNoAuthority) {
				return nil, fmt.Errorf("%w: %w", err, memory.ErrInvalid)
			}
			if err != nil {
				return nil, err
			}
			t.note(audit.Event{Kind: audit.KeyChange, Actor: string(name), Tag: "certificate_renewed"})
			return json.Marshal(g)
		},
	}
}

// certificate says which certificate members are shown now; nil if they are shown none.
func (t *trust) certificate() func() upkeep.Certificate {
	if t == nil {
		return nil
	}
	return func() upkeep.Certificate {
		c := upkeep.Certificate{Key: string(t.Self().Key().Public().ID())}
		if leaf := t.Self().TLS().Leaf; leaf != nil {
			c.Until = memory.InstantOf(leaf.NotAfter)
		}
		return c
	}
}

// members are the others, for people.
func (t *trust) members() []upkeep.Member {
	list, _ := t.Membership()
	var out []upkeep.Member
	for _, m := range list.Members {
		if m.Node != t.Place().Node {
			out = append(out, upkeep.Member{Name: m.Node, URL: m.URL})
		}
	}
	return out
}

// namesNow and membersNow say who the others are now; nil if that never changes.
func (t *trust) namesNow() func() []memory.Node {
	if t == nil {
		return nil
	}
	return t.names
}

func (t *trust) membersNow() func() []upkeep.Member {
	if t == nil {
		return nil
	}
	return t.members
}

func (t *trust) names() []memory.Node {
	var out []memory.Node
	for _, m := range t.members() {
		out = append(out, m.Name)
	}
	return out
}

// connect says how members are called and answered, and who is to know them.
func (t *trust) connect(calls *peer.Client, sync http.Handler, fed *replicate.Replicator, taken *pace.Keeper) {
	if t == nil {
		return
	}
	t.taken = taken
	t.calls, t.setMembers = calls, fed.SetMembers
	t.held = func(d memory.Dot) []memory.Node { return fed.Held(d, 0).HeldBy }
	mux := http.NewServeMux()
	mux.Handle("/api/v1/sync/", sync)
	mux.HandleFunc("GET "+JoinPath, t.showRoot)
	mux.HandleFunc("POST "+JoinPath, t.welcome)
	t.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ConnState: t.unused.note, ConnContext: t.taken.Context,
		ErrorLog: slog.NewLogLogger(t.log.Handler(), slog.LevelDebug),
	}
}

// listen takes the address for members. It comes before the node says that it serves:
// who hears that may join it.
func (t *trust) listen(ctx context.Context) (l net.Listener, err error) {
	if t == nil {
		return nil, nil //nolint:nilnil // no identity is no error
	}
	if l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", t.Place().Listen); err != nil {
		return nil, fmt.Errorf("listen for members on %s: %w", t.Place().Listen, err)
	}
	return l, nil
}

// run serves the members on l until ctx is done.
func (t *trust) run(ctx context.Context, l net.Listener) error {
	if t == nil {
		return nil
	}
	t.log.InfoContext(ctx, "serving members", "url", t.Place().URL, "listen", l.Addr().String(), "authority", t.Authority())
	var all errgroup.Group
	all.Go(func() error {
		if err := t.server.Serve(tls.NewListener(t.taken.Listen(l), ca.ServerTLS(t.Self().TLS))); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve members: %w", err)
		}
		return nil
	})
	all.Go(func() error {
		t.Self().Run(ctx, t.renew, func(err error, left time.Duration) {
			t.log.ErrorContext(ctx, "the certificate was not renewed", "err", err, "left", left.Round(time.Minute))
		})
		return nil
	})
	all.Go(func() error { t.follow(ctx); return nil })
	all.Go(func() error { t.ask(ctx); return nil })
	all.Go(func() error { return t.proofs.Run(ctx) })
	all.Go(func() error { t.followEntries(ctx); return nil })
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), draining)
	defer cancel()
	t.unused.close()
	err := errors.Join(t.server.Shutdown(stop), all.Wait())
	t.note(t.fold.Due(time.Now().Add(time.Hour))...)
	return errors.Join(err, t.audit.Close())
}

// renew asks an authority for a new certificate: this node itself, or whoever of
// the members holds it.
func (t *trust) renew(ctx context.Context) (*ca.Grant, error) {
	g, err := t.signed(ctx)
	if err != nil {
		return nil, err
	}
	t.log.InfoContext(ctx, "certificate renewed", "until", g.Certificates[0].NotAfter)
	return g, t.Renew(g)
}

func (t *trust) signed(ctx context.Context) (*ca.Grant, error) {
	if t.Authority() != "" {
		return t.Again(t.Place().Name, t.Self().Key().Public())
	}
	var all error
	for _, m := range t.names() {
		data, err := t.calls.Renew(ctx, m)
		if err == nil {
			return ca.ParseGrant(data)
		}
		all = errors.Join(all, err)
	}
	return nil, fmt.Errorf("no member has signed: %w", all)
}

const (
	lookAgain = time.Second     // for what the command line has changed here
	askAround = 2 * time.Second // for what others know
)

// askMembers asks all at once for what they know of the membership.
func (t *trust) askMembers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askAround)
	defer cancel()
	var all errgroup.Group
	for _, m := range t.names() {
		all.Go(func() error {
			doc, proofs, err := t.calls.Membership(ctx, m)
			if err != nil {
				return nil //nolint:nilerr // the lanes say who cannot be reached
			}
			if _, err := t.Adopt(doc); err != nil {
				t.log.WarnContext(ctx, "a member has sent a membership that is none", "peer", m, "err", err)
			}
			t.adoptProofs(ctx, m, proofs) // of members that are known by now
			return nil
		})
	}
	_ = all.Wait()
}

// refused notes who was not believed; a flood becomes one line a minute.
func (t *trust) refused(claimed, address string, err error) {
	t.event(audit.Event{Kind: audit.AuthFailure, Actor: hostOf(address), Subject: claimed, Tag: string(identity.TagOf(err)), Detail: err.Error()})
}

// hostOf is the host of an address that a request came from.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// found notes that a memory held secrets. What repeats becomes one line a minute.
func (t *trust) found(f engine.Found) {
	t.event(audit.Event{Kind: audit.Secret, Actor: f.By, Subject: f.Namespace + " " + f.Memory, Tag: f.Outcome, Detail: strings.Join(f.Kinds, ", ")})
}

// event notes what this node did, or somebody at it. What repeats becomes one line a
// minute.
func (t *trust) event(e audit.Event) {
	if t == nil {
		return
	}
	e.At = time.Now()
	if e.Actor == "" {
		e.Actor = string(t.Place().Node)
	}
	t.note(t.fold.Add(e)...)
}

func (t *trust) note(events ...audit.Event) {
	if len(events) == 0 {
		return
	}
	if err := t.audit.Append(events...); err != nil {
		t.log.Error("the audit log cannot be written", "err", err)
	}
}
