package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/identity/cred"
)

// forgery is a way to push in the name of a peer.
type forgery struct {
	what     string
	unsigned bool
	other    bool   // another signs
	again    bool   // with the nonce of the first one
	change   string // what is signed beside the bytes that are sent
}

func forgeries() []forgery {
	return []forgery{{what: "signed by the peer"}, {what: "the same again", again: true}, {what: "signed by another", other: true}, {what: "other bytes", change: " "}, {what: "unsigned", unsigned: true}}
}

// forged pushes to each node in the name of a peer, and tells the answers of A, B and C.
func forged(ctx context.Context, f *federation, _ string) string {
	if f.papers == nil {
		return ""
	}
	var report []string
	nonces := []string{rand.Text(), rand.Text(), rand.Text()}
	for k, x := range forgeries() {
		var got []string
		for i := range f.nodes {
			nonce := nonces[i]
			if k > 0 && !x.again {
				nonce = rand.Text()
			}
			got = append(got, f.forge(ctx, i, x, nonce))
		}
		report = append(report, x.what+" "+strings.Join(got, " / "))
	}
	return strings.Join(report, "; ")
}

// forge pushes nothing to node i in the name of one of its peers.
func (f *federation) forge(ctx context.Context, i int, x forgery, nonce string) string {
	as, by := f.peersOf(i)
	if !x.other {
		by = as
	}
	body, err := json.Marshal(object{"sender_agent_id": f.papers.names[as], "memories": []any{}, "dry_run": false})
	if err != nil {
		return err.Error()
	}
	h := http.Header{}
	h.Set(aimemory.HeaderPeer, f.papers.names[as])
	if !x.unsigned {
		h.Set(aimemory.HeaderNonce, nonce)
		h.Set(aimemory.HeaderSignature, aimemory.Sign(f.papers.keys[by], append([]byte(x.change), body...), nonce))
		if len(f.papers.creds) > 0 {
			h.Set(cred.HeaderCredential, f.papers.creds[by])
		}
		if f.papers.chain != "" {
			h.Set(cred.HeaderChain, f.papers.chain)
		}
	}
	status, _ := f.nodes[i].send(ctx, http.MethodPost, "/api/v1/sync/push", "", body, h)
	return strconv.Itoa(status)
}

// peersOf returns a node that node i knows as a legacy peer, and the third one.
func (f *federation) peersOf(i int) (as, other int) {
	for j := range f.nodes {
		if j != i && (f.nodes[i].real || f.nodes[j].real) {
			as = j
		}
	}
	return as, len(f.nodes) - as - i // of 0, 1 and 2
}
