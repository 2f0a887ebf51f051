package receipt_test

import (
	"bytes"
	"crypto/x509"
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

// dot is the op that receipts are about, and digest its own. It was sent with others.
func dot() memory.Dot       { return memory.Dot{Origin: "a.1", Seq: 7} }
func digest() memory.Digest { return memory.Digest{1, 2, 3} }

func run() []memory.Digest { return []memory.Digest{{9}, digest(), {10}} }

// says is a member's statement, of an hour ago, about our op and others.
func says(tb testing.TB, by *ca.Authority, member identity.Name, change func(*receipt.Statement)) receipt.Signed {
	tb.Helper()
	s := receipt.Statement{Domain: "acme", Member: member, Epoch: 3, Members: 3, At: now().Add(-time.Hour), Held: []receipt.Run{
		{Origin: "a.1", First: 6, Last: 8, Root: receipt.RootOf(run())}, {Origin: "c.1", First: 7, Last: 7, Root: receipt.RootOf(run()[:1])},
	}}
	change(&s)
	data, err := s.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	out := receipt.Signed{Statement: data, Signature: receipt.Sign(identitytest.Key(tb, string(member)), data), Digests: receipt.Digests(run())}
	out.Credential, out.Chain = headers(tb, by, member)
	return out
}

// headers are a member's credential and chain.
func headers(tb testing.TB, by *ca.Authority, member identity.Name) (credential, chain string) {
	tb.Helper()
	g, err := by.Issue(member, identitytest.Key(tb, string(member)).Public(), nil, now().Add(-2*time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	if credential, err = g.Credential.Header(); err != nil {
		tb.Fatal(err)
	}
	if chain, err = g.Chain.Header(); err != nil {
		tb.Fatal(err)
	}
	return credential, chain
}

func same(*receipt.Statement) {}

// of is a receipt that a has issued.
func of(tb testing.TB, by *ca.Authority, statements ...receipt.Signed) receipt.Receipt {
	tb.Helper()
	r := receipt.Receipt{Dot: dot(), Digest: digest(), Quorum: 2, Statements: statements, Issued: now().Add(-time.Minute).Unix()}
	r.Credential, r.Chain = headers(tb, by, "a")
	r.Issue(identitytest.Key(tb, "a"))
	return r
}

func TestAReceiptProvesWhoHoldsAnOp(t *testing.T) {
	top := root(t)
	eu, err := top.Intermediate("region/eu", identitytest.Key(t, "eu"), now().Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	text, err := of(t, top, says(t, top, "a", same), says(t, eu, "region/eu/b", same)).Encode()
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
	if v := of(t, top, says(t, top, "a", same)).Verify(trust(top), now()); v.Enough || v.Majority || len(v.Holders) != 1 {
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
		"other ops":                   {says(t, top, "b", func(s *receipt.Statement) { s.Held[0].First, s.Held[0].Last = 8, 10 }), ""},
		"fewer ops":                   {says(t, top, "b", func(s *receipt.Statement) { s.Held[0].Last-- }), ""},
		"an op beside it":             {says(t, top, "b", func(s *receipt.Statement) { s.Held[0].First++; s.Held[0].Last++ }), ""},
		"of another origin":           {says(t, top, "b", func(s *receipt.Statement) { s.Held[0].Origin = "b.1" }), ""},
		"another root":                {says(t, top, "b", func(s *receipt.Statement) { s.Held[0].Root[0]++ }), ""},
		"no digests":                  {receipt.Signed{Statement: b.Statement, Signature: b.Signature, Credential: b.Credential}, ""},
		"another epoch":               {says(t, top, "b", func(s *receipt.Statement) { s.Epoch = 4 }), ""},
		"more members":                {says(t, top, "b", func(s *receipt.Statement) { s.Members = 5 }), ""},
		"another domain":              {says(t, top, "b", func(s *receipt.Statement) { s.Domain = "other" }), identity.CredentialDomain},
		"another name":                {says(t, top, "b", func(s *receipt.Statement) { s.Member = "c" }), identity.SenderMismatch},
		"of tomorrow":                 {says(t, top, "b", func(s *receipt.Statement) { s.At = now().Add(10 * time.Minute) }), identity.SignatureFuture},
		"before its credential":       {says(t, top, "b", func(s *receipt.Statement) { s.At = now().Add(-3 * time.Hour) }), identity.CredentialNotYet},
		"after its credential":        {says(t, top, "b", func(s *receipt.Statement) { s.At = now().Add(23 * time.Hour) }), identity.CredentialExpired},
		"of another root":             {says(t, stranger, "b", same), identity.CredentialSignature},
		"with another's credential":   {receipt.Signed{Statement: b.Statement, Signature: b.Signature, Credential: good.Credential, Digests: b.Digests}, identity.SenderMismatch},
		"with another's signature":    {receipt.Signed{Statement: b.Statement, Signature: good.Signature, Credential: b.Credential}, identity.SignatureBad},
		"with no signature":           {receipt.Signed{Statement: b.Statement, Credential: b.Credential}, identity.SignatureBad},
		"with no credential":          {receipt.Signed{Statement: b.Statement, Signature: b.Signature}, identity.CredentialMissing},
		"signed for something else":   {receipt.Signed{Statement: b.Statement, Signature: identitytest.Key(t, "b").Sign(b.Statement), Credential: b.Credential}, identity.SignatureBad},
		"bytes that are no statement": {receipt.Signed{Statement: []byte{0xa0}, Signature: b.Signature, Credential: b.Credential}, ""},
	} {
		v := of(t, top, good, tt.bad).Verify(trust(top), now())
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
	top := root(t)
	good, err := of(t, top, says(t, top, "a", same)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":         "",
		"another version": strings.Replace(string(good), `"version": 2`, `"version": 1`, 1),
		"no quorum":       strings.Replace(string(good), `"quorum": 2`, `"quorum": 0`, 1),
		"other spaces":    strings.Replace(string(good), `"quorum": 2`, `"quorum":  2`, 1),
		"another case":    strings.Replace(string(good), `"quorum"`, `"Quorum"`, 1),
		"twice the same":  strings.Replace(string(good), `"quorum": 2`, `"quorum": 2, "quorum": 2`, 1),
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

// Whatever byte of the file is another one, it proves nothing.
func TestAReceiptProvesNothingWithAnotherByte(t *testing.T) {
	top := root(t)
	text, err := of(t, top, says(t, top, "a", same), says(t, top, "b", same)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := receipt.Parse(text); err != nil || !r.Verify(trust(top), now()).Enough {
		t.Fatalf("as it is: %v", err)
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 1 << (i % 6)
		r, err := receipt.Parse(bad)
		if err != nil {
			continue
		}
		if v := r.Verify(trust(top), now()); v.Enough || v.Majority {
			t.Fatalf("byte %d: %q became %q, and it proves something", i, text[i], bad[i])
		}
	}
}

func TestStatementsThatNobodySigns(t *testing.T) {
	for name, change := range map[string]func(*receipt.Statement){
		"about nothing":   func(s *receipt.Statement) { s.Held = nil },
		"too many runs":   func(s *receipt.Statement) { s.Held = slices.Repeat(s.Held, receipt.MaxRuns+1) },
		"too long a run":  func(s *receipt.Statement) { s.Held[0].Last = s.Held[0].First + receipt.MaxRun },
		"a run backwards": func(s *receipt.Statement) { s.Held[0].Last = s.Held[0].First - 1 },
		"of no origin":    func(s *receipt.Statement) { s.Held[0].Origin = "" },
		"of no member":    func(s *receipt.Statement) { s.Member = "" },
		"of no domain":    func(s *receipt.Statement) { s.Domain = "" },
		"of nobody":       func(s *receipt.Statement) { s.Members = 0 },
		"about no op":     func(s *receipt.Statement) { s.Held[0].First = 0 },
		"before all time": func(s *receipt.Statement) { s.At = time.Unix(-1, 0) },
	} {
		s := receipt.Statement{Domain: "acme", Member: "a", Members: 1, At: now(), Held: []receipt.Run{{Origin: "a.1", First: 7, Last: 7}}}
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
	dropped, lowered, unissued := of(t, top, a, b, says(t, top, "c", same)), of(t, top, a), of(t, top, a, b)
	dropped.Statements = dropped.Statements[:2]
	lowered.Quorum = 1
	unissued.Signature = bytes.Repeat([]byte{0}, 64)
	for name, r := range map[string]receipt.Receipt{
		"dropped":       dropped,
		"lowered":       lowered,
		"unissued":      unissued,
		"twice":         of(t, top, a, a),
		"good":          of(t, top, a, b),
		"a bad one too": of(t, top, a, flipped, b),
		"no chain":      of(t, top, a, chainless),
		"another op":    of(t, top, a, says(t, eu, "region/eu/b", func(s *receipt.Statement) { s.Held[0].Root[0]++ })),
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
		if name == "good" && !strings.Contains(string(out), "a.1.7 is held by a, region/eu/b, of 3 members, says a") {
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
			h := receipt.Run{Origin: memory.MakeOrigin("n", rapid.Uint64().Draw(rt, "incarnation")), First: rapid.Uint64Range(1, 1<<40).Draw(rt, "first")}
			h.Last = h.First + rapid.Uint64Range(0, receipt.MaxRun-1).Draw(rt, "more")
			copy(h.Root[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "root"))
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
	text, err := of(f, top, says(f, top, "a", same)).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := receipt.Parse(data)
		if err != nil {
			return
		}
		if v := r.Verify(trust(top), now()); len(v.Holders) > 1 || v.Enough && !bytes.Equal(data, text) {
			t.Errorf("%+v", v)
		}
	})
}
