package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/receipt"
)

// signedReceipt asks a node for the receipt of an op, until as many members have signed.
func signedReceipt(t *testing.T, r *running, authority *cluster.Cluster, dot string, holders int) []byte {
	t.Helper()
	var text []byte
	waitFor(t, 20*time.Second, fmt.Sprintf("a receipt that %d members have signed", holders), func() (string, bool) {
		var out struct {
			Signed receipt.Receipt `json:"signed"`
		}
		_, err := call(http.MethodGet, r.url+"/api/v1/receipts/"+dot+"?signed=true", nil, &out)
		if err == nil {
			text, err = out.Signed.Encode()
		}
		if err != nil {
			return err.Error(), false
		}
		v := out.Signed.Verify(authority.Roots().Credentials(), time.Now())
		return fmt.Sprintf("%+v", v), len(v.Holders) == holders && len(v.Refused) == 0
	})
	return text
}

func writeOp(t *testing.T, r *running, title string) held {
	t.Helper()
	var out created
	if code, err := call(http.MethodPost, r.url+"/api/v1/memories", memo(title), &out); err != nil || code != http.StatusCreated {
		t.Fatalf("%d %+v %v", code, out, err)
	}
	return out.Receipt
}

// A receipt is what members have signed as they took the write: it can be had after a
// restart, and when all others are gone.
func TestAReceiptOfRealMembersIsProof(t *testing.T) {
	t.Parallel()
	a, aCfg, authority := founded(t)
	writeOp(t, a, "alone")
	b, c := joined(t, authority, "b"), joined(t, authority, "c")
	for _, r := range []*running{a, b, c} {
		waitForMembers(t, r, 3)
	}
	op := writeOp(t, a, "to be proven")
	text := signedReceipt(t, a, authority, op.Dot, 3)
	// Any other node can ask for it, too: the members sign for whoever is one.
	signedReceipt(t, b, authority, op.Dot, 3)

	b.stop()
	c.stop()
	a.stop()
	again := inProcess(t, aCfg)
	// The statements may be about longer runs of entries by now, and are as good.
	var all, alone receipt.Receipt
	err := errors.Join(json.Unmarshal(text, &all), json.Unmarshal(signedReceipt(t, again, authority, op.Dot, 3), &alone))
	if err != nil || alone.Dot != all.Dot || alone.Digest != all.Digest || alone.Quorum != all.Quorum || len(alone.Statements) != len(all.Statements) {
		t.Errorf("%+v when all are there, %+v when the others are gone (%v)", all, alone, err)
	}

	file := filepath.Join(t.TempDir(), "receipt.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("there is no python3 here: the second implementation is not tried")
		return
	}
	root := authority.Roots().Credentials().Keys["root"]
	verify := func(name string) error {
		out, err := exec.CommandContext(t.Context(), python, "../../docs/receipt_verify.py", name, "acme", root[0].String()).CombinedOutput()
		t.Logf("%s", out)
		return err
	}
	if err := verify(file); err != nil {
		t.Errorf("python: %v", err)
	}
	bad := bytes.Clone(text)
	bad[bytes.Index(bad, []byte(`"digest": "`))+len(`"digest": "`)] ^= 1
	if err := os.WriteFile(file, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := verify(file); err == nil {
		t.Error("python takes another digest")
	}
}
