package node

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
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
		key, err = newOperatorKey(dir, file)
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

// newOperatorKey makes a key, and the file as a whole or not at all.
func newOperatorKey(dir, file string) (key string, err error) {
	raw := make([]byte, operatorBytes)
	_, _ = rand.Read(raw) // it never fails
	key = operatorPrefix + base64.RawURLEncoding.EncodeToString(raw)
	tmp, err := os.CreateTemp(dir, ".operator-*") // of mode 0600
	if err != nil {
		return "", fmt.Errorf("operator key: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.WriteString(key + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", fmt.Errorf("operator key: %w", err)
	}
	if err = os.Rename(tmp.Name(), file); err != nil {
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
// off whoever still uses one that has ended, until ctx is done.
func (n *node) followAgents(ctx context.Context) {
	tick := time.NewTicker(lookAtAgents)
	defer tick.Stop()
	file := filepath.Join(n.cfg.Data, AgentsFile)
	var last os.FileInfo
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now, err := os.Stat(file); err == nil && !unchanged(last, now) {
			if err := n.agents.Reload(); err != nil {
				n.log.ErrorContext(ctx, "the keys of agents cannot be read; those that were known stay", "err", err)
			}
			last = now
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			n.log.ErrorContext(ctx, "the keys of agents cannot be read; those that were known stay", "err", err)
		}
		n.clients.CutDead()
	}
}

// unchanged reports whether a file that is replaced as a whole is the same one.
func unchanged(last, now os.FileInfo) bool {
	return last != nil && os.SameFile(last, now) && last.ModTime().Equal(now.ModTime()) && last.Size() == now.Size()
}
