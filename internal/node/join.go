package node

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
)

// JoinPath is where a node that joins gets the root, and then what it needs.
const JoinPath = "/api/v1/join"

const (
	maxApplication = 16 << 10

	codeChanging    = "members_changing" // one change of the members at a time
	codeNoAuthority = "no_authority"
	// CodeMemberTaken says that a member has the name, the address or the key of who asks to join.
	CodeMemberTaken = "member_taken"
)

// showRoot answers with the root. It is no secret; who asks checks its fingerprint.
func (t *trust) showRoot(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(ca.EncodeCertificates([]*x509.Certificate{t.Root()}))
}

// welcome lets a node in that has a token.
func (t *trust) welcome(w http.ResponseWriter, r *http.Request) {
	host := hostOf(r.RemoteAddr)
	welcome, member, err := t.judge(w, r, host)
	if err != nil {
		t.refused("a node that joins", r.RemoteAddr, err)
		t.log.WarnContext(r.Context(), "a node was not let in", "address", host, "err", err)
		failJoin(w, err)
		return
	}
	t.log.InfoContext(r.Context(), "a node has joined", "peer", member.Node, "url", member.URL)
	t.note(audit.Event{
		Kind: audit.Membership, Actor: host, Subject: string(member.Name), Tag: "let_in",
		Detail: "key " + string(member.Key.ID()) + " at " + member.URL,
	})
	answer(w, http.StatusOK, welcome)
}

func (t *trust) judge(w http.ResponseWriter, r *http.Request, host string) (cluster.Welcome, cluster.Member, error) {
	var a cluster.Application
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(joining)) // whoever it is
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxApplication))
	if err == nil {
		err = json.Unmarshal(body, &a)
	}
	if err != nil {
		return cluster.Welcome{}, cluster.Member{}, errors.Join(memory.ErrInvalid, err)
	}
	return t.Welcome(a, host)
}

// failJoin answers with the reason, as the rest of the API does.
func failJoin(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, "internal"
	switch r, ok := errors.AsType[*identity.Refusal](err); {
	case ok:
		status, code = r.Tag.Status(), string(r.Tag)
		if r.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(r.RetryAfter.Seconds())+1))
		}
	case errors.Is(err, cluster.ErrUnderWay):
		status, code = http.StatusServiceUnavailable, codeChanging
		w.Header().Set("Retry-After", "1")
	case errors.Is(err, cluster.ErrTaken):
		status, code = http.StatusConflict, CodeMemberTaken
	case errors.Is(err, cluster.ErrNoAuthority):
		status, code = http.StatusNotFound, codeNoAuthority
	case errors.Is(err, memory.ErrInvalid):
		status, code = http.StatusBadRequest, "invalid"
	}
	answer(w, status, map[string]string{"error": err.Error(), "code": code})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
