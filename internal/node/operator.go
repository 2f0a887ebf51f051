package node

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node/auditing"
)

const (
	operatorFile   = "operator.key"
	operatorPrefix = "tallyop_" // by which people and scanners know what it is
	operatorBytes  = 32
)

// operatorKey returns the key of the node's operator and the file in which it
// lies. It is made when the directory has none; the lock of the store must be
// held. Whoever can read the file is the operator: its mode is 0600, and is made
// so if it is another.
func operatorKey(dir string, log *slog.Logger) (key, file string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", "", fmt.Errorf("operator key: %w", err)
	}
	file = filepath.Join(dir, operatorFile)
	raw, err := os.ReadFile(file) //nolint:gosec // a file of our own
	if errors.Is(err, fs.ErrNotExist) {
		key, err = newOperatorKey(file)
		return key, file, err
	}
	if err != nil {
		return "", "", fmt.Errorf("operator key: %w", err)
	}
	key = strings.TrimSpace(string(raw))
	if secret, is := strings.CutPrefix(key, operatorPrefix); !is || len(secret) < operatorBytes {
		return "", "", fmt.Errorf("operator key: %s does not hold one: delete the file, and the node makes a new key", file)
	}
	return key, file, closeFile(file, log)
}

// closeFile takes a file away from everybody but its owner.
func closeFile(file string, log *slog.Logger) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("operator key: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 || runtime.GOOS == "windows" {
		return nil
	}
	log.Warn("others could read the operator's key: delete the file and start again if they may have", "file", file, "mode", info.Mode().Perm().String())
	if err := os.Chmod(file, 0o600); err != nil {
		return fmt.Errorf("operator key: %w", err)
	}
	return nil
}

// warnOfOpenDir says so if others than the owner may write to the data directory:
// they could put other files in the place of the node's.
func warnOfOpenDir(dir string, log *slog.Logger) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		log.Warn("others can replace what is in the data directory: chmod 700 it", "directory", dir, "mode", info.Mode().Perm().String())
	}
	return nil
}

// newOperatorKey makes a key, and the file as a whole or not at all.
func newOperatorKey(file string) (key string, err error) {
	raw := make([]byte, operatorBytes)
	_, _ = rand.Read(raw) // it never fails
	key = operatorPrefix + base64.RawURLEncoding.EncodeToString(raw)
	if err := identity.WritePrivate(file, []byte(key+"\n")); err != nil {
		return "", fmt.Errorf("operator key: %w", err)
	}
	return key, nil
}

// AgentsFile is where the keys of agents are kept, in the data directory: their
// hashes, and what they are for.
const AgentsFile = "agents.json"

// OpenAgents reads the keys of the agents of a node. It may be called, and the keys
// may be changed, while the node runs, which goes by the change within half a second.
func OpenAgents(data string) (*agentkey.Book, error) {
	return agentkey.Open(identity.List[agentkey.Record]{Path: filepath.Join(data, AgentsFile)})
}

// openAgents reads who may call the node, and returns, having logged it, what of the
// node is not protected.
func (n *node) openAgents(ctx context.Context) (insecure []string, err error) {
	if n.agents, err = OpenAgents(n.cfg.Data); err != nil {
		return nil, err
	}
	if insecure = n.cfg.insecure(n.trust != nil); len(insecure) > 0 {
		n.log.WarnContext(ctx, "this node is not protected as it could be", "why", insecure)
	}
	return insecure, nil
}

// lookAtAgents is how often a node looks for changes of its agents' keys.
const lookAtAgents = 250 * time.Millisecond

// followAgents goes by what the command line does to the keys of agents, and cuts
// off whoever still uses one that has ended, until ctx is done. What is in noted, the
// audit log has: a change over HTTP is in the book before it is seen here.
func (n *node) followAgents(ctx context.Context, noted []agentkey.Record) {
	tick := time.NewTicker(lookAtAgents)
	defer tick.Stop()
	look := agentsFile{path: filepath.Join(n.cfg.Data, AgentsFile), reload: n.agents.Reload, log: n.log}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if look.again(ctx) {
			keys := n.agents.Records()
			n.trust.keysChanged(noted, keys)
			noted = keys
		}
		n.clients.CutDead()
	}
}

// agentsFile is the file of the keys of agents, as it was when it was last read.
type agentsFile struct {
	path   string
	reload func() error
	log    *slog.Logger
	last   os.FileInfo
	failed bool
}

// again reads the file if it has changed, or could not be read the last time: what stood in
// the way, as a mode, need not show in its times. It reports whether it was read.
func (f *agentsFile) again(ctx context.Context) bool {
	now, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false // as before there were any
	}
	if err == nil {
		if !f.failed && unchanged(f.last, now) {
			return false
		}
		err = f.reload()
	}
	if err != nil {
		f.log.ErrorContext(ctx, "the keys of agents cannot be read; those that were known stay", "err", err)
		f.failed = true
		return false
	}
	if f.failed {
		f.log.InfoContext(ctx, "the keys of agents can be read again")
	}
	f.last, f.failed = now, false
	return true
}

// unchanged reports whether a file that is replaced as a whole is the same one.
func unchanged(last, now os.FileInfo) bool {
	return last != nil && os.SameFile(last, now) && last.ModTime().Equal(now.ModTime()) && last.Size() == now.Size()
}

// auditLog is the audit log, for the operator; nil if there is none.
func (n *node) auditLog() api.Audit {
	if n.trust == nil {
		return nil
	}
	return auditing.New(filepath.Join(n.cfg.Data, AuditFile), n.trust.audit)
}

// occurred notes who was refused here, and who has taken everything along.
func (t *trust) occurred(o api.Occurrence) {
	e := audit.Event{Kind: audit.Refusal, Actor: string(o.Agent), Subject: o.What, Tag: string(o.Code), Detail: o.Address + ": " + o.Why}
	switch {
	case o.Code == "":
		e.Kind, e.Tag, e.Detail = audit.Export, "export_of_all", o.Address
	case o.Authentication():
		e.Kind = audit.AuthFailure
	}
	t.event(e)
}

// keysChanged notes what has become of the keys of agents, each of them: they are made
// and ended by the operator, and are no flood.
func (t *trust) keysChanged(before, after []agentkey.Record) {
	if t == nil {
		return
	}
	was, is := byID(before), byID(after)
	note := func(tag string, r agentkey.Record) {
		t.note(audit.Event{At: time.Now(), Kind: audit.KeyChange, Actor: string(t.Place().Node), Subject: fmt.Sprintf("key %s of %s", r.ID, r.Agent), Tag: tag})
	}
	for _, id := range slices.Sorted(maps.Keys(is)) {
		old, known := was[id]
		now := is[id]
		if !known {
			note("agent_key_added", now)
			old.Expires = now.Expires
		}
		switch {
		case old.Revoked.IsZero() && !now.Revoked.IsZero():
			note("agent_key_revoked", now)
		case !old.Expires.Equal(now.Expires):
			note("agent_key_ends_otherwise", now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		if _, still := is[id]; !still {
			note("agent_key_removed", was[id])
		}
	}
}

func byID(records []agentkey.Record) map[string]agentkey.Record {
	out := map[string]agentkey.Record{}
	for _, r := range records {
		out[r.ID] = r
	}
	return out
}

// toAudit bounds the entries that wait to be noted.
const toAudit = 4096

// committed hands on those entries of this node that the audit log has: erasures, and
// what was decided about proposals. It does not block.
func (t *trust) committed(c memory.Committed) {
	if t == nil {
		return
	}
	for _, e := range c.Own {
		if !slices.Contains([]memory.Kind{memory.KindErase, memory.KindDecide, memory.KindResolve}, e.Kind) {
			continue
		}
		select {
		case t.entries <- e.Dot:
		default:
			t.log.Error("an erasure or a decision is not in the audit log: too many at once", "op", e.Dot)
		}
	}
}

// followEntries notes what committed has handed on, until ctx is done.
func (t *trust) followEntries(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			for {
				select {
				case d := <-t.entries:
					t.noteEntry(context.WithoutCancel(ctx), d)
				default:
					return
				}
			}
		case d := <-t.entries:
			t.noteEntry(ctx, d)
		}
	}
}

func (t *trust) noteEntry(ctx context.Context, d memory.Dot) {
	entry, err := t.store.Entry(ctx, d)
	if err != nil {
		t.event(audit.Event{Kind: audit.Decision, Subject: d.String(), Tag: "unreadable", Detail: err.Error()})
		return
	}
	about := entry.Op.About()
	e := audit.Event{
		Kind: audit.Decision, Actor: string(entry.Actor), Subject: d.String(), Tag: entry.Op.Kind().String(), Detail: "proposal " + about.Proposal,
	}
	switch vote, isVote := entry.Op.(*memory.Decide); {
	case entry.Op.Kind() == memory.KindErase:
		e.Kind, e.Detail = audit.Erasure, "memory "+about.Main()
	case isVote:
		e.Detail += fmt.Sprintf(": approve %t", vote.Approve)
	}
	t.event(e)
}

// signers returns the public keys with which an agent may sign its memories now.
func (n *node) signers(agent memory.AgentID) [][]byte { return n.agents.Signers(agent, n.now()) }
