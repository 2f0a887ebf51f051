package peer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Paths of the protocol.
const (
	pathHello    = "/api/v1/sync/hello"
	pathPush     = "/api/v1/sync/push"
	pathPull     = "/api/v1/sync/pull"
	pathDigest   = "/api/v1/sync/digest"
	pathSnapshot = "/api/v1/sync/snapshot"
	pathStatus   = "/api/v1/sync/status"
	pathMembers  = "/api/v1/sync/members"
	pathRenew    = "/api/v1/sync/renew"
	pathHeld     = "/api/v1/sync/held"
	pathWords    = "/api/v1/sync/words"
	pathProofs   = "/api/v1/sync/proofs"
)

// Headers of requests and replies.
const (
	headerProtocol = "X-Fed-Proto"
	headerFrom     = "X-Peer-Id"
	headerTo       = "X-Peer-To"
	headerKey      = "X-Api-Key"
)

// Types of content.
const (
	typeCBOR     = "application/cbor"
	typeJSON     = "application/json"
	typeSnapshot = "application/vnd.tallystick.snapshot"
)

func protocol() string { return strconv.Itoa(wire.Version) }

// problem is the JSON body of every answer that is not 200.
type problem struct {
	Error string `json:"error"`
	Code  string `json:"code"`
}

// route is a message that is answered by another one, for both ends.
type route[Req, Rep any] struct {
	name        string // for errors
	path        string
	encode      func(*Req) ([]byte, error)
	decode      func([]byte) (*Req, error)
	address     func(*Req) (from, to memory.Node)
	encodeReply func(*Rep) ([]byte, error)
	decodeReply func([]byte) (*Rep, error)
	sender      func(*Rep) memory.Node
	replyLimit  int64 // bytes
	// answers says why the reply is not one to the request, or nil.
	answers func(*Req, *Rep) error
}

func pushRoute() route[memory.Push, memory.PushReply] { //nolint:dupl // rows of a table
	return route[memory.Push, memory.PushReply]{
		"push", pathPush,
		wire.EncodePush, wire.DecodePush, func(p *memory.Push) (from, to memory.Node) { return p.From, p.To },
		wire.EncodePushReply, wire.DecodePushReply, func(r *memory.PushReply) memory.Node { return r.From },
		wire.MaxBody, checkRefused,
	}
}

func pullRoute() route[memory.PullRequest, memory.PullReply] {
	return route[memory.PullRequest, memory.PullReply]{
		"pull", pathPull,
		wire.EncodePullRequest, wire.DecodePullRequest, func(r *memory.PullRequest) (from, to memory.Node) { return r.From, r.To },
		wire.EncodePullReply, wire.DecodePullReply, func(r *memory.PullReply) memory.Node { return r.From },
		wire.MaxBody, func(*memory.PullRequest, *memory.PullReply) error { return nil },
	}
}

func digestRoute() route[memory.DigestRequest, memory.DigestReply] { //nolint:dupl // rows of a table
	return route[memory.DigestRequest, memory.DigestReply]{
		"digest", pathDigest,
		wire.EncodeDigestRequest, wire.DecodeDigestRequest, func(r *memory.DigestRequest) (from, to memory.Node) { return r.From, r.To },
		wire.EncodeDigestReply, wire.DecodeDigestReply, func(r *memory.DigestReply) memory.Node { return r.From },
		wire.MaxDigest, checkDigests,
	}
}

// checkRefused makes sure that the refusals are about ops of the push.
func checkRefused(p *memory.Push, r *memory.PushReply) error {
	if len(r.Refused) == 0 {
		return nil
	}
	sent := make(map[memory.Dot]bool, len(p.Ops))
	for _, op := range p.Ops {
		if d, err := wire.DotOf(op.Raw); err == nil {
			sent[d] = true
		}
	}
	for _, f := range r.Refused {
		if !sent[f.Dot] {
			return fmt.Errorf("the reply refuses %s, which was not sent", f.Dot)
		}
	}
	return nil
}

// checkDigests makes sure that the digests are those that were asked for.
func checkDigests(q *memory.DigestRequest, r *memory.DigestReply) error {
	if len(q.Buckets) == 0 {
		if len(r.Sums) != memory.Buckets || len(r.Registers) != 0 {
			return fmt.Errorf("the reply has %d sums and %d registers, want the sums of all buckets", len(r.Sums), len(r.Registers))
		}
		return nil
	}
	if len(r.Sums) != 0 {
		return errors.New("the reply has sums, want registers")
	}
	for _, reg := range r.Registers {
		k, _ := memory.ParseKey(reg.Key)
		if b := memory.Bucket(k); !slices.Contains(q.Buckets, uint16(b)) {
			return fmt.Errorf("the reply has register %q of bucket %d, which was not asked for", reg.Key, b)
		}
	}
	return nil
}
