package node

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/book"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/journal"
	"github.com/tallystick/tallystick/internal/legacy"
	"github.com/tallystick/tallystick/internal/legacy/send"
	"github.com/tallystick/tallystick/internal/mcp"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node/care"
	"github.com/tallystick/tallystick/internal/node/heap"
	"github.com/tallystick/tallystick/internal/node/models"
	"github.com/tallystick/tallystick/internal/pace"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/peer/packing"
	"github.com/tallystick/tallystick/internal/policy"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/rehearsal"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/spool"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/verb"
	"github.com/tallystick/tallystick/internal/webhook"
	"github.com/tallystick/tallystick/internal/wire"
)

// Run runs a node until ctx is done, and then ends it in order: no new requests,
// the running ones finished, what is queued committed. It calls ready once, with
// the node's base URL, when it serves. Logs go to stderr.
func Run(ctx context.Context, cfg Config, ready func(url string)) error {
	return run(ctx, cfg, Parts{}, os.Stderr, ready)
}

// Parts are what a program puts into a node of its own. The zero value changes
// nothing.
type Parts struct {
	// Transport, if set, returns what calls members, given what would.
	Transport func(replicate.Transport) replicate.Transport
	// Program, if set, is this program: its `serve` runs the nodes of rehearsals.
	Program string
	// CatchingUp, if set, is told a few times a second how many ops this node holds of
	// those that members have, until it holds all of them, and at the end.
	CatchingUp func(held, known uint64)
	// BatchOps bounds the ops of one transaction of the store; 0 is its default.
	BatchOps int
}

func (p Parts) transport(calls replicate.Transport) replicate.Transport {
	if p.Transport == nil {
		return calls
	}
	return p.Transport(calls)
}

// RunWith is [Run] with parts of the program's own.
func RunWith(ctx context.Context, cfg Config, parts Parts, ready func(url string)) error {
	return run(ctx, cfg, parts, os.Stderr, ready)
}

func run(ctx context.Context, cfg Config, parts Parts, logs io.Writer, ready func(url string)) (err error) {
	if err := errors.Join(cfg.Validate(), cfg.ValidQuorum()); err != nil {
		return err
	}
	log, err := newLogger(cfg, logs)
	if err != nil {
		return err
	}
	log = log.With("node", cfg.Node)
	// The address first: a port in use should not cost a migration.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}
	n, err := assemble(ctx, cfg, parts, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	err = n.serve(ctx, listener, ready)
	return errors.Join(err, n.inbound.Close(), n.shown.Close(), n.store.Close())
}

// ShownFile is where a node keeps, in its data directory, what agents were shown.
const ShownFile = "briefings.jsonl"

// ReadersFile is where a node keeps, in its data directory, which agents have read what.
const ReadersFile = "readers.json"

// SpoolDir is where a node puts aside, in its data directory, what readers of exports
// do not take in time.
const SpoolDir = "spool"

// RehearsalDir is where the nodes of a rehearsal keep their data, in the data directory,
// for as long as it lasts.
const RehearsalDir = "rehearsal"

// node is the parts of a running node.
type node struct {
	cfg      Config
	parts    Parts
	log      *slog.Logger
	store    *store.Store
	fed      *replicate.Replicator
	door     *intake.Door
	books    *book.Books
	hooks    *webhook.Runner
	legacy   *send.Lanes
	inbound  *legacy.Side
	traffic  packing.Traffic
	trust    *trust // nil: members have no identity, and talk on loopback only
	agents   *agentkey.Book
	outbound *outbound
	server   *http.Server
	clients  *api.API
	shown    *journal.Journal // what agents were shown
	readers  *journal.Readers // who has read what
	care     *care.Keeper
	practice *rehearsal.Stage
	unused   unused
	taken    *pace.Keeper  // sees to it that what is answered is taken
	aside    *spool.Room   // what is not taken of exports and snapshots
	open     chan struct{} // closed when clients are served
	quit     chan struct{} // closed when the node stops
}

func (n *node) storeConfig(clock *memory.Clock) store.Config {
	return store.Config{
		Dir: n.cfg.Data, Node: n.cfg.Node, Held: true, Clock: clock, Codec: wire.Codec{}, Log: n.log,
		BatchOps: n.parts.BatchOps,
		OnCommit: func(c memory.Committed) {
			n.fed.Committed(c)
			n.books.Committed(c)
			n.trust.committed(c)
		},
		OnWritten: func(own []memory.OwnEntry) { n.fed.Written(own) },
		Early:     func() bool { return len(n.cfg.Members) > 0 || n.trust != nil },
	}
}

// openStore opens the database, and the room beside it for what is read of it.
func (n *node) openStore(ctx context.Context, clock *memory.Clock) (err error) {
	if n.store, err = store.Open(ctx, n.storeConfig(clock)); err != nil {
		return err
	}
	if n.aside, err = spool.Open(filepath.Join(n.cfg.Data, SpoolDir), n.store, spool.Limits{}); err != nil {
		return errors.Join(err, n.store.Close())
	}
	return nil
}

func assemble(ctx context.Context, cfg Config, parts Parts, log *slog.Logger) (_ *node, err error) {
	n := &node{cfg: cfg, parts: parts, log: log, open: make(chan struct{}), quit: make(chan struct{}), taken: pace.New(pace.Limits{}, log)}
	clock := memory.NewClock(n.now, cfg.MaxSkew)
	if err = n.openStore(ctx, clock); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.store.Close())
		}
	}()
	if n.trust, err = openTrust(ctx, cfg, n.store, log); err != nil {
		return nil, err
	}
	guard, err := n.openOutbound()
	if err != nil {
		return nil, err
	}
	insecure, err := n.openAgents(ctx)
	if err != nil {
		return nil, err
	}
	link := n.link()
	var names []memory.Node
	var members []upkeep.Member
	for _, m := range cfg.Members {
		link.Members[m.Name] = m.URL
		names = append(names, m.Name)
		members = append(members, upkeep.Member(m))
	}
	if err := link.Validate(); err != nil {
		return nil, err
	}
	if n.trust != nil {
		link.Trust, link.OnRefusal, names = n.trust.link(), n.trust.refused, n.trust.names()
	}
	n.door = intake.New(intake.Config{
		Node: cfg.Node, Members: names, Current: n.trust.namesNow(), Bounds: cfg.Bounds, Decode: wire.DecodeEntry, Clock: clock, Log: log,
		Reading:  func() memory.View { return n.fed.View() },
		Heard:    func(from memory.Node, v memory.View, at time.Time) { n.fed.Heard(from, v, at) },
		Disputed: n.trust.disputed(),
		Inspect:  func(ctx context.Context, e *memory.Entry) error { return n.books.Core.Inspect(ctx, e) },
	}, n.store)
	replication, err := n.replication(names)
	if err != nil {
		return nil, err
	}
	calls := peer.NewClient(link)
	transport := parts.transport(calls)
	n.fed, err = replicate.New(ctx, replication,
		replicate.Storage{Log: n.store, Door: mending{n.door, n}, Numbers: n.store, Cursors: n.store, Digests: n.store}, transport, log)
	if err != nil {
		return nil, err
	}
	known := models.Open(ctx, models.Config{Data: cfg.Data, Source: n.store, Log: log, Calls: n.outbound.toModels()})
	n.books = book.New(book.Config{
		Node: cfg.Node, Members: members, Current: n.trust.membersNow(), Legacy: n.legacyStatus, LegacyTold: n.legacyTold, AskAccount: calls.Account, Certificate: n.trust.certificate(), Door: n.door, Version: Version(), QuorumTimeout: cfg.QuorumTimeout,
		Now: n.now, Warnings: func() []string { return append(n.concerns(), insecure...) },
		Recall:  recall.Config{File: filepath.Join(cfg.Data, "recall.index"), Arms: known.Arms(), Projections: known.Projections()},
		Models:  known.Status,
		History: cfg.HistoryKeep, Versions: cfg.HistoryVersions, CheckWebhook: guard.CheckURL, Signers: n.signers, DefaultTier: cfg.DefaultTier, Log: log, Found: n.trust.found, Evidence: n.trust.evidence(),
	}, n.store, n.fed)
	n.hooks = n.newWebhooks(guard)
	if err := n.newLegacy(); err != nil {
		return nil, err
	}
	if err := n.newServer(link, parts.Program); err != nil { //nolint:contextcheck // what is bound here is called with the contexts of requests
		return nil, err
	}
	n.trust.connect(calls, peer.NewHandler(link, n.door, log), n.fed, n.taken)
	return n, nil
}

// link is how this node talks with members, who are not in it yet.
func (n *node) link() peer.Config {
	return peer.Config{
		Self: n.cfg.Node, Origin: n.store.Origin, APIKey: n.cfg.APIKey, Members: map[memory.Node]string{}, AnyAddress: n.cfg.InsecureMembers,
		Compress: n.cfg.Compress, Traffic: &n.traffic,
		AllowOutbound: n.outbound.toMember, AllowAddress: n.outbound.address(policy.Push, policy.Pull),
		Account: func(ctx context.Context) ([]byte, error) { return n.books.Upkeep.Tell(ctx) },
	}
}

// replication is how this node replicates with members.
func (n *node) replication(members []memory.Node) (replicate.Config, error) {
	roster, err := n.trust.roster()
	return replicate.Config{
		Self: n.cfg.Node, Members: members, W: n.cfg.WriteQuorum, QuorumTimeout: n.cfg.QuorumTimeout,
		Seed: seed(n.cfg.Node), Now: n.now, Lead: n.cfg.MaxSkew / 4,
		Roster: roster, OnEnded: n.trust.onEnded(), OnOvertaken: n.trust.onOvertaken(),
	}, err
}

// mending is the door, behind which the index of words does not see what a repair
// mends: that is not new in the log.
type mending struct {
	*intake.Door
	node *node
}

// Accept implements [replicate.Door].
func (m mending) Accept(ctx context.Context, from memory.Source, ops []memory.Shipment) (memory.Accepted, error) {
	a, err := m.Door.Accept(ctx, from, ops)
	if from.Route == memory.RouteRepair {
		m.node.books.Words.Rebuild()
	}
	return a, err
}

// now is the wall clock of the node.
func (n *node) now() time.Time { return time.Now().Add(n.cfg.ClockOffset) }

// seed gives each node a jitter of its own.
func seed(name memory.Node) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

func (n *node) newServer(link peer.Config, program string) error {
	if err := warnOfOpenDir(n.cfg.Data, n.log); err != nil {
		return err
	}
	key, file, err := operatorKey(n.cfg.Data, n.log)
	if err != nil {
		return err
	}
	if n.shown, err = journal.Open(filepath.Join(n.cfg.Data, ShownFile), 0, n.log); err != nil {
		return err
	}
	n.readers = journal.OpenReaders(filepath.Join(n.cfg.Data, ReadersFile), n.now, n.log)
	if n.practice, err = rehearsal.New(rehearsal.Config{Program: program, Dir: filepath.Join(n.cfg.Data, RehearsalDir), Log: n.log}); err != nil {
		return err
	}
	reg := newRegistry(n.store)
	exportCounters(reg, &n.fed.Counters)
	exportWebhooks(reg, &n.hooks.Counters)
	exportLegacy(reg, n.legacy, func() uint64 { return n.store.View().LSN })
	n.inbound.Export(reg)
	exportTraffic(reg, &n.traffic)
	exportTaken(reg, n.taken)
	n.care = care.New(care.Config{
		Data: n.cfg.Data, BackupDir: n.cfg.BackupDir, MaxSkew: n.cfg.MaxSkew, Version: Version(), Now: n.now, Log: n.log,
		Dump: n.books.Upkeep.Dump, Book: n.books.Query, Writes: func() (uint64, float64, float64) { return writeTimes(reg) }, Own: n.cfg.own,
	})
	n.clients = api.New(api.Config{
		Now:   n.now,
		Books: n.books, Log: n.log, Metrics: reg, Version: Version(), APIKey: n.cfg.APIKey, Keys: n.agents, Exposed: exposed(n.cfg.Listen), Federated: len(n.cfg.Members) > 0 || n.trust != nil,
		Full:      n.store.Full,
		KeepShort: n.cfg.WhenShort == ShortLocal, Hosts: n.cfg.hosts(), OperatorKey: key, OperatorKeyFile: file, Quit: n.quit, Journal: n.shown, Readers: n.readers, Care: n.care, Audit: n.auditLog(), Settings: n.cfg.Settings, Occurred: n.trust.occurred, Rehearsal: n.practice, KeyRing: n.agents, Members: n.trust.roll(), Spool: n.aside,
		Agents: func(table []verb.Verb) http.Handler {
			return mcp.Handler(mcp.Config{Version: Version(), Log: n.log, Changed: n.books.Feed.Changed, Quit: n.quit}, table)
		},
	})
	members := n.inbound.Serve(peer.NewHandler(link, n.door, n.log))
	n.server = &http.Server{
		Handler: n.clients.Gate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/v1/sync/") {
				members.ServeHTTP(w, r)
				return
			}
			select {
			case <-n.open:
			case <-r.Context().Done():
				return
			}
			n.clients.ServeHTTP(w, r)
		})),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         n.unused.note,
		ConnContext:       n.taken.Context,
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	return nil
}

const (
	// greeting is how long clients wait at the start for this node to know which
	// numbers are its own. Reads are served then in any case; writes go on waiting.
	greeting = 2 * time.Second
	// draining is how long running requests have at the end.
	draining = 15 * time.Second
)

// serve runs all parts until ctx is done or one of them fails. Each stops after
// those that need it: requests wait for replication, replication for the store.
func (n *node) serve(ctx context.Context, listener net.Listener, ready func(url string)) error {
	heap.Collect()
	scheme := "http://"
	if n.cfg.tls() {
		scheme = "https://"
	}
	url := scheme + authority(listener)
	listener, err := n.secured(ctx, n.taken.Listen(listener))
	if err != nil {
		return err
	}
	toMembers, err := n.trust.listen(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	keys := n.agents.Records() // nobody is answered yet
	background := context.WithoutCancel(ctx)
	storeCtx, stopStore := context.WithCancel(background)
	defer stopStore()
	workCtx, stopWork := context.WithCancel(background)
	defer stopWork()
	all, failed := errgroup.WithContext(ctx)
	storage := make(chan struct{})
	all.Go(func() error {
		defer close(storage)
		return n.store.Run(storeCtx)
	})
	var work errgroup.Group
	work.Go(func() error { return n.fed.Run(workCtx) })
	work.Go(func() error { return n.books.Run(workCtx) })
	work.Go(func() error { return n.hooks.Run(workCtx) })
	work.Go(func() error { return n.legacy.Run(workCtx) })
	work.Go(func() error { return heap.Follow(workCtx) })
	work.Go(func() error { n.outbound.follow(workCtx, n.books.Governance.Outbound); return nil })
	work.Go(func() error { return n.inbound.Run(workCtx) })
	work.Go(func() error { return n.practice.Run(workCtx) })
	work.Go(func() error { return n.readers.Run(workCtx) })
	work.Go(func() error { return n.care.Run(workCtx) })
	work.Go(func() error { return n.taken.Run(workCtx) })
	work.Go(func() error { n.catchUp(workCtx); return nil })
	all.Go(func() error { return n.trust.run(failed, toMembers) })
	all.Go(func() error {
		if err := n.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	all.Go(func() error { return n.notify(failed) })
	all.Go(func() error { n.followAgents(failed, keys); return nil })
	all.Go(func() error {
		n.greet(failed)
		close(n.open)
		if failed.Err() == nil {
			w, of := n.fed.Quorum()
			n.log.InfoContext(ctx, "serving", "url", url, "write_quorum", w, "members", of, "origin", n.store.Origin(), "version", Version())
			ready(url)
		}
		<-failed.Done()
		n.log.InfoContext(ctx, "draining")
		err := n.stopServing(background)
		stopWork()
		err = errors.Join(err, work.Wait())
		stopStore()
		<-storage
		return err
	})
	if err := all.Wait(); err != nil {
		return err
	}
	n.log.InfoContext(ctx, "stopped")
	return nil
}

// greet waits until writes are taken, or long enough.
func (n *node) greet(ctx context.Context) {
	timer := time.NewTimer(greeting)
	defer timer.Stop()
	select {
	case <-n.fed.Greeted():
	case <-timer.C:
	case <-ctx.Done():
	}
}

// stopServing takes no new requests, ends the streams and waits for the rest.
func (n *node) stopServing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, draining)
	defer cancel()
	close(n.quit)
	n.unused.close()
	err := n.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests still running after %s were cut off: %w", draining, err), n.server.Close())
	}
	return err
}

// authority is where a listener is called on this machine.
func authority(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// concerns are what every status says of this node.
func (n *node) concerns() []string {
	out := n.trust.concerns()
	if n.store.Full() {
		out = append(out, client.WarningFull)
	}
	if n.store.Broken() {
		out = append(out, client.WarningBroken)
	}
	if w, of := n.fed.Quorum(); n.cfg.WriteQuorum > w {
		out = append(out, fmt.Sprintf("a write quorum of %d is asked for, and %d count here: a write waits for as many as there are", n.cfg.WriteQuorum, of))
	}
	return out
}
