package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/doctor"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/identity/receipt"
)

// Found makes a federation of one in a data directory: the authority, and the
// identity of its first node.
func Found(data string, domain identity.Domain, p cluster.Place) (*cluster.Cluster, error) {
	c, err := cluster.Found(filepath.Join(data, IdentityDir), domain, p, time.Now)
	return c, anew(err, data)
}

// anew sets the audit logs of data directories aside in which an identity was made, if
// err is nil: what another key has signed is whole, and nothing that this one goes on with.
func anew(err error, data ...string) error {
	for _, dir := range data {
		log := filepath.Join(dir, AuditFile)
		if err != nil {
			return err
		}
		err = os.Rename(log, strings.TrimSuffix(log, ".log")+time.Now().UTC().Format("-20060102T150405.000000000Z")+".log")
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return err
}

// RequestDir is where a node keeps what it has prepared to become a member by hand, in
// its data directory.
const RequestDir = "identity.request"

// Adopt makes a trusted federation of nodes that know each other by configuration: each
// gets an identity in its data directory, and the first one the authority.
func Adopt(data []string, domain identity.Domain, places []cluster.Place) ([]*cluster.Cluster, error) {
	dirs := make([]string, len(data))
	for i, d := range data {
		dirs[i] = filepath.Join(d, IdentityDir)
	}
	all, err := cluster.FoundAll(dirs, domain, places, time.Now)
	return all, anew(err, data...)
}

// Prepare makes a key for a node that is to become a member by hand, and returns what
// to carry to the authority.
func Prepare(data string, p cluster.Place) (cluster.Application, error) {
	return cluster.Prepare(filepath.Join(data, RequestDir), p)
}

// Accept makes the identity of a node that has prepared itself, with what came back.
func Accept(data string, w cluster.Welcome, root identity.PublicKey) (*cluster.Cluster, error) {
	c, err := cluster.Accept(filepath.Join(data, IdentityDir), filepath.Join(data, RequestDir), w, root, time.Now)
	return c, anew(err, data)
}

// Rotate gives the node of a data directory another key. With a token that the authority
// has made for that, the one before is refused at once; without, the one before says
// so, and is refused a minute later. The node may be running.
func Rotate(ctx context.Context, data, token string) (*cluster.Cluster, error) {
	c, err := OpenIdentity(data)
	if err != nil {
		return nil, err
	}
	a, err := c.Rotation(token)
	if err != nil {
		return nil, err
	}
	w, err := present(ctx, c, a)
	if err != nil {
		return nil, err
	}
	return c, c.Rotated(w)
}

// present hands an application of a member to whoever of the members holds the authority.
func present(ctx context.Context, c *cluster.Cluster, a cluster.Application) (w cluster.Welcome, err error) {
	if c.Authority() != "" {
		w, _, err = c.Welcome(a, "this node")
		return w, err
	}
	body, err := json.Marshal(a)
	if err != nil {
		return w, err
	}
	var all error
	m, _ := c.Membership()
	for _, e := range m.Members {
		if e.URL == "" || e.Node == c.Place().Node {
			continue
		}
		answer, err := apply(ctx, e.URL, body, c.Roots())
		if err == nil {
			return w, json.Unmarshal(answer, &w)
		}
		if e, ok := errors.AsType[*JoinError](err); ok && e.Code != codeNoAuthority {
			return w, err
		}
		all = errors.Join(all, fmt.Errorf("%s: %w", e.Node, err))
	}
	return w, fmt.Errorf("no member that holds the authority has answered: %w", all)
}

// OpenIdentity reads the identity in a data directory, as the node does. It may be
// called while the node runs, which sees what is changed within a second.
func OpenIdentity(data string) (*cluster.Cluster, error) {
	return cluster.Open(filepath.Join(data, IdentityDir), time.Now)
}

// Proofs are those in a data directory that members have signed two ops under one
// number.
func Proofs(data string) ([]receipt.Twice, error) {
	return identity.List[receipt.Twice]{Path: filepath.Join(data, IdentityDir, ProofsFile)}.Load()
}

// JoinFrom is [Join] on the machine of the node with the authority, which must run: with
// a token for this one node.
func JoinFrom(ctx context.Context, data string, authority *cluster.Cluster, p cluster.Place) (*cluster.Cluster, error) {
	token, _, err := authority.Invite(time.Hour, 1, join.Terms{})
	if err != nil {
		return nil, err
	}
	return Join(ctx, data, authority.Place().URL, token, p)
}

// joining bounds each request of a node that joins.
const joining = 15 * time.Second

// Join asks the authority at url to let a node in, and makes the identity in its data
// directory. It says nothing to anybody who cannot show a root with the token's
// fingerprint. An error that the authority has answered is a *[JoinError].
func Join(ctx context.Context, data, url, line string, p cluster.Place) (*cluster.Cluster, error) {
	token, err := join.Parse(line)
	if err != nil {
		return nil, err
	}
	if !time.Now().Before(token.Expires) {
		return nil, identity.Refuse(identity.TokenExpired, "it ended %s; if that is wrong, look at this machine's clock", token.Expires.Format(time.RFC3339))
	}
	if err := cluster.ValidURL(url); err != nil {
		return nil, err
	}
	dir := filepath.Join(data, IdentityDir)
	if err := cluster.Vacant(dir, p); err != nil {
		return nil, err
	}
	root, err := fetchRoot(ctx, url, token)
	if err != nil {
		return nil, err
	}
	key, done, err := joinKey(data, token)
	if err != nil {
		return nil, err
	}
	request, err := ca.NewRequest(p.Name, key, nil)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(cluster.Application{Token: line, Request: request, URL: p.URL})
	if err != nil {
		return nil, err
	}
	domain, err := ca.DomainOf(root)
	if err != nil {
		return nil, err
	}
	roots := ca.Roots{Domain: domain, Certificates: []*x509.Certificate{root}, Skew: cluster.Skew}
	answer, err := apply(ctx, url, body, roots)
	if err != nil {
		return nil, err
	}
	var w cluster.Welcome
	if err := json.Unmarshal(answer, &w); err != nil {
		return nil, fmt.Errorf("join: the answer: %w", err)
	}
	c, err := cluster.Settle(dir, p, key, w, token, time.Now)
	if err != nil {
		return nil, fmt.Errorf("%s is a member now, and not all of that could be kept here; try again with the same token, before it ends: %w", p.Node, err)
	}
	return c, anew(done(), data)
}

// JoinDir is where a node that joins keeps its key, in its data directory, until it has
// joined.
const JoinDir = "identity.join"

// joinKey is the key with which a node joins by a token. It is on the disk before anybody
// hears of it: where the answer is lost, the same key and token get another one. done removes
// it; a key of another token is no longer needed either.
func joinKey(data string, token join.Token) (key identity.Key, done func() error, err error) {
	dir := filepath.Join(data, JoinDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return identity.Key{}, nil, err
	}
	key, err = identity.KeyAt(filepath.Join(dir, token.ID+".key"))
	return key, func() error { return os.RemoveAll(dir) }, err
}

const (
	turnWithin = time.Minute // how long a node waits for its turn
	turnPause  = time.Second
)

// apply hands an application in, again and again while another change of the members
// is under way.
func apply(ctx context.Context, url string, body []byte, roots ca.Roots) ([]byte, error) {
	end := time.Now().Add(turnWithin)
	for {
		answer, err := askAuthority(ctx, http.MethodPost, url, body, func(s tls.ConnectionState) error {
			_, err := roots.Peer(&s, time.Now())
			return err
		})
		if e, ok := errors.AsType[*JoinError](err); !ok || e.Code != codeChanging || time.Now().After(end) {
			return answer, err
		}
		timer := time.NewTimer(turnPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// fetchRoot gets the root from whoever answers, and believes the fingerprint only.
func fetchRoot(ctx context.Context, url string, token join.Token) (*x509.Certificate, error) {
	text, err := askAuthority(ctx, http.MethodGet, url, nil, func(tls.ConnectionState) error { return nil })
	if err != nil {
		return nil, err
	}
	return ca.ReadRoot(text, token.Root)
}

// JoinError is what the authority has answered instead of letting a node in.
type JoinError struct {
	Status int
	Code   string
	Text   string
}

func (e *JoinError) Error() string { return fmt.Sprintf("join: %d: %s", e.Status, e.Text) }

const maxWelcome = 1 << 20

// askAuthority makes a request of the authority over TLS of which verify judges the other side.
func askAuthority(ctx context.Context, method, url string, body []byte, verify func(tls.ConnectionState) error) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, joining)
	defer cancel()
	t := &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, VerifyConnection: verify, //nolint:gosec // verify judges
	}}
	defer t.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, url+JoinPath, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	c := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	if gone, is := errors.AsType[*net.OpError](err); is && gone.Op == "dial" {
		return nil, fmt.Errorf("join: %w", &client.UnreachableError{URL: url, Err: gone})
	}
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxWelcome))
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var p struct{ Error, Code string }
		if json.Unmarshal(data, &p) != nil || p.Code == "" {
			return nil, &JoinError{Status: resp.StatusCode, Text: "no authority answers there"}
		}
		return nil, &JoinError{Status: resp.StatusCode, Code: p.Code, Text: p.Error}
	}
	return data, nil
}

// own is what a node alone knows of itself.
func (c Config) own() []client.Finding {
	return append([]client.Finding{doctor.Listening(c.Listen, c.InsecureListen)}, CheckIdentity(c.Data, c.ExpiredGrace)...)
}

// CheckIdentity judges the certificate in a data directory, and a change of the members
// that has not ended; of a node without an identity it says nothing. Grace is how long
// members believe a certificate that has ended. It may be called while the node runs.
func CheckIdentity(data string, grace time.Duration) []client.Finding {
	return checkIdentity(data, grace, time.Now())
}

func checkIdentity(data string, grace time.Duration, now time.Time) []client.Finding {
	c, err := OpenIdentity(data)
	if err != nil {
		return nil // it has none, or the start of the node says what is wrong there
	}
	out := []client.Finding{doctor.Certificate(c.Self().TLS().Leaf.NotAfter, now, ca.LeafLife, grace)}
	if under, err := c.UnderWay(); err == nil && under {
		out = append(out, doctor.ChangeUnderWay())
	}
	return out
}
