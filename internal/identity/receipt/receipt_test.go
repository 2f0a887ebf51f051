package receipt_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

var update = flag.Bool("update", false, "write golden files anew")

func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

func root(tb testing.TB) *ca.Authority {
	tb.Helper()
	a, err := ca.NewRoot("acme", identitytest.Key(tb, "root"), now())
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func trust(a *ca.Authority) cred.Roots {
	return ca.Roots{Domain: "acme", Certificates: []*x509.Certificate{a.Certificate()}, Skew: time.Minute}.Credentials()
}

// op is the op that receipts are about.
func op() receipt.Held {
	return receipt.Held{Dot: memory.Dot{Origin: "a.1", Seq: 7}, Digest: memory.Digest{1, 2, 3}}
}

// says is a member's statement, of an hour ago, about our op and another.
func says(tb testing.TB, by *ca.Authority, member identity.Name, change func(*receipt.Statement)) receipt.Signed {
	tb.Helper()
	s := receipt.Statement{
		Domain: "acme", Member: member, Epoch: 3, Members: 3, At: now().Add(-time.Hour),
		Held: []receipt.Held{{Dot: memory.Dot{Origin: "a.1", Seq: 6}, Digest: memory.Digest{9}}, op()},
	}
	change(&s)
	data, err := s.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	g, err := by.Issue(member, identitytest.Key(tb, string(member)).Public(), nil, now().Add(-2*time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	out := receipt.Signed{Statement: data, Signature: receipt.Sign(identitytest.Key(tb, string(member)), data)}
	if out.Credential, err = g.Credential.Header(); err != nil {
		tb.Fatal(err)
	}
	if out.Chain, err = g.Chain.Header(); err != nil {
		tb.Fatal(err)
	}
	return out
}

func same(*receipt.Statement) {}

func of(statements ...receipt.Signed) receipt.Receipt {
	return receipt.Receipt{Version: 1, Dot: op().Dot, Digest: op().Digest, Quorum: 2, Statements: statements}
}

func TestAReceiptProvesWhoHoldsAnOp(t *testing.T) {
	top := root(t)
	eu, err := top.Intermediate("region/eu", identitytest.Key(t, "eu"), now().Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	text, err := of(says(t, top, "a", same), says(t, eu, "region/eu/b", same)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{"now": now(), "in nine years": now().AddDate(9, 0, 0)} {
		v := r.Verify(trust(top), at)
		if !slices.Equal(v.Holders, []identity.Name{"a", "region/eu/b"}) || v.Members != 3 || v.Epoch != 3 || !v.Enough || !v.Majority || len(v.Refused) > 0 {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := of(says(t, top, "a", same)).Verify(trust(top), now()); v.Enough || v.Majority || len(v.Holders) != 1 {
		t.Errorf("one of three: %+v", v)
	}
}

func TestStatementsThatProveNothing(t *testing.T) {
	top := root(t)
	stranger, err := ca.NewRoot("acme", identitytest.Key(t, "stranger"), now())
	if err != nil {
		t.Fatal(err)
	}
	good := says(t, top, "a", same)
	b := says(t, top, "b", same)
	for name, tt := range map[string]struct {
		bad receipt.Signed
		tag identity.Tag // "" is memory.ErrInvalid
	}{
		"the same again":              {good, ""},
		"another op":                  {says(t, top, "b", func(s *receipt.Statement) { s.Held[1].Dot.Seq = 8 }), ""},
		"another digest":              {says(t, top, "b", func(s *receipt.Statement) { s.Held[1].Digest[0]++ }), ""},
		"another epoch":               {says(t, top, "b", func(s *receipt.Statement) { s.Epoch = 4 }), ""},
		"more members":                {says(t, top, "b", func(s *receipt.Statement) { s.Members = 5 }), ""},
		"another domain":              {says(t, top, "b", func(s *receipt.Statement) { s.Domain = "other" }), identity.CredentialDomain},
		"another name":                {says(t, top, "b", func(s *receipt.Statement) { s.Member = "c" }), identity.SenderMismatch},
		"of tomorrow":                 {says(t, top, "b", func(s *receipt.Statement) { s.At = now().Add(10 * time.Minute) }), identity.SignatureFuture},
		"before its credential":       {says(t, top, "b", func(s *receipt.Statement) { s.At = now().Add(-3 * time.Hour) }), identity.CredentialNotYet},
		"after its credential":        {says(t, top, "b", func(s *receipt.Statement) { s.At = now().Add(23 * time.Hour) }), identity.CredentialExpired},
		"of another root":             {says(t, stranger, "b", same), identity.CredentialSignature},
		"with another's credential":   {receipt.Signed{Statement: b.Statement, Signature: b.Signature, Credential: good.Credential}, identity.SenderMismatch},
		"with another's signature":    {receipt.Signed{Statement: b.Statement, Signature: good.Signature, Credential: b.Credential}, identity.SignatureBad},
		"with no signature":           {receipt.Signed{Statement: b.Statement, Credential: b.Credential}, identity.SignatureBad},
		"with no credential":          {receipt.Signed{Statement: b.Statement, Signature: b.Signature}, identity.CredentialMissing},
		"signed for something else":   {receipt.Signed{Statement: b.Statement, Signature: identitytest.Key(t, "b").Sign(b.Statement), Credential: b.Credential}, identity.SignatureBad},
		"bytes that are no statement": {receipt.Signed{Statement: []byte{0xa0}, Signature: b.Signature, Credential: b.Credential}, ""},
	} {
		v := of(good, tt.bad).Verify(trust(top), now())
		if len(v.Holders) != 1 || v.Enough || v.Majority || len(v.Refused) != 1 {
			t.Errorf("%s: %+v", name, v)
			continue
		}
		if err := v.Refused[0]; identity.TagOf(err) != tt.tag || tt.tag == "" && !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v, want %q", name, err, tt.tag)
		}
	}
}

func TestFilesThatAreNoReceipt(t *testing.T) {
	good, err := of(says(t, root(t), "a", same)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":         "",
		"another version": strings.Replace(string(good), `"version": 1`, `"version": 2`, 1),
		"no quorum":       strings.Replace(string(good), `"quorum": 2`, `"quorum": 0`, 1),
		"more fields":     strings.Replace(string(good), `"quorum"`, `"verified": true, "quorum"`, 1),
		"something more":  string(good) + "{}",
		"no dot":          strings.Replace(string(good), `"a.1.7"`, `"a.1.0"`, 1),
		"too large":       string(good) + strings.Repeat(" ", receipt.MaxFile),
	} {
		if _, err := receipt.Parse([]byte(text)); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStatementsThatNobodySigns(t *testing.T) {
	for name, change := range map[string]func(*receipt.Statement){
		"about nothing":   func(s *receipt.Statement) { s.Held = nil },
		"too many ops":    func(s *receipt.Statement) { s.Held = make([]receipt.Held, receipt.MaxHeld+1) },
		"of no member":    func(s *receipt.Statement) { s.Member = "" },
		"of no domain":    func(s *receipt.Statement) { s.Domain = "" },
		"of nobody":       func(s *receipt.Statement) { s.Members = 0 },
		"about no op":     func(s *receipt.Statement) { s.Held[0].Dot.Seq = 0 },
		"before all time": func(s *receipt.Statement) { s.At = time.Unix(-1, 0) },
	} {
		s := receipt.Statement{Domain: "acme", Member: "a", Members: 1, At: now(), Held: []receipt.Held{op()}}
		change(&s)
		if _, err := s.Encode(); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Both programs must come to the same verdict, whatever is changed.
func TestThePythonVerifierAgrees(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 here")
	}
	top := root(t)
	eu, err := top.Intermediate("region/eu", identitytest.Key(t, "eu"), now().Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	a, b := says(t, top, "a", same), says(t, eu, "region/eu/b", same)
	flipped := b
	flipped.Signature = bytes.Clone(b.Signature)
	flipped.Signature[3] ^= 1
	chainless := b
	chainless.Chain = ""
	for name, r := range map[string]receipt.Receipt{
		"good":          of(a, b),
		"a bad one too": of(a, flipped, b),
		"no chain":      of(a, chainless),
		"another op":    of(a, says(t, eu, "region/eu/b", func(s *receipt.Statement) { s.Held[1].Dot.Seq = 8 })),
	} {
		text, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "receipt.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		public := identitytest.Key(t, "root").Public().String()
		out, err := exec.CommandContext(t.Context(), python, "../../../docs/receipt_verify.py", path, "acme", public).CombinedOutput()
		if want := r.Verify(trust(top), now()).Enough; (err == nil) != want {
			t.Errorf("%s: %v, want %v\n%s", name, err, want, out)
		}
		if name == "good" && !strings.Contains(string(out), "a.1.7 is held by a, region/eu/b, of 3 members") {
			t.Errorf("%s", out)
		}
	}
}

// What members have signed must stay readable.
func TestGoldenStatement(t *testing.T) {
	const path = "testdata/statement.golden"
	s := says(t, root(t), "a", same)
	got := fmt.Sprintf("%x\n%x\n", s.Statement, s.Signature)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%v: got\n%swant\n%s", err, got, want)
	}
}

func TestStatementsComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := receipt.Statement{
			Domain: "acme", Member: identity.Name(rapid.StringMatching(`[a-z]{1,9}(/[a-z]{1,9}){0,3}`).Draw(rt, "member")),
			Epoch: rapid.Uint64().Draw(rt, "epoch"), Members: rapid.IntRange(1, 100).Draw(rt, "members"),
			At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(rt, "at"), 0),
		}
		for range rapid.IntRange(1, 20).Draw(rt, "held") {
			h := receipt.Held{Dot: memory.Dot{Origin: memory.MakeOrigin("n", rapid.Uint64().Draw(rt, "incarnation")), Seq: rapid.Uint64Range(1, 1<<40).Draw(rt, "seq")}}
			copy(h.Digest[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "digest"))
			s.Held = append(s.Held, h)
		}
		data, err := s.Encode()
		if err != nil {
			rt.Fatal(err)
		}
		got, err := receipt.Decode(data)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(s) {
			rt.Errorf("%+v, %v, want %+v", got, err, s)
		}
	})
}

func FuzzStatement(f *testing.F) {
	f.Add(says(f, root(f), "a", same).Statement)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := receipt.Decode(data)
		if err != nil {
			if !errors.Is(err, memory.ErrInvalid) {
				t.Error(err)
			}
			return
		}
		if again, err := s.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("read %x, wrote %x, %v", data, again, err)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	top := root(f)
	text, err := json.Marshal(of(says(f, top, "a", same)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := receipt.Parse(data)
		if err != nil {
			return
		}
		if v := r.Verify(trust(top), now()); len(v.Holders) > 1 || len(v.Holders)+len(v.Refused) != len(r.Statements) {
			t.Errorf("%+v", v)
		}
	})
}
