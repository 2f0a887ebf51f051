package httpsig_test

import (
	"crypto/sha256"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
)

var update = flag.Bool("update", false, "write golden files anew")

func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

const body = "the ops"

func request(h http.Header) httpsig.Request {
	return httpsig.Request{
		Method: "POST", Path: "/api/v1/sync/push", Query: "a=b&c", Digest: sha256.Sum256([]byte(body)), Header: h,
	}
}

// signed returns a request of a to b.
func signed(tb testing.TB) httpsig.Request {
	tb.Helper()
	r := request(http.Header{httpsig.HeaderTo: {"b"}, httpsig.HeaderType: {"application/cbor"}})
	if _, err := httpsig.SignRequest(r, identitytest.Key(tb, "a"), now()); err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestASignedRequestIsTaken(t *testing.T) {
	r := signed(t)
	for name, at := range map[string]time.Time{
		"at once": now(), "a minute later": now().Add(time.Minute), "by a clock behind": now().Add(-time.Minute),
	} {
		got, err := httpsig.VerifyRequest(r, identitytest.Key(t, "a").Public(), httpsig.Window{}, at)
		if err != nil || got.KeyID != identitytest.Key(t, "a").Public().ID() || !got.Created.Equal(now()) || got.Nonce == "" || len(got.Bytes) != 64 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if r.Header.Values("Signature-Input")[0] == signed(t).Header.Values("Signature-Input")[0] {
		t.Error("two requests have one nonce")
	}
}

// replaced is r with a header that has other values.
func replaced(r httpsig.Request, name string, values ...string) httpsig.Request {
	h := r.Header.(http.Header).Clone()
	h[name] = values
	r.Header = h
	return r
}

func edited(r httpsig.Request, name, from, to string) httpsig.Request {
	return replaced(r, name, strings.Replace(r.Header.Values(name)[0], from, to, 1))
}

func TestWhatIsNotTheRequestThatWasSigned(t *testing.T) {
	r, other := signed(t), signed(t)
	change := func(f func(*httpsig.Request)) httpsig.Request {
		c := r
		f(&c)
		return c
	}
	otherSignature := other.Header.Values("Signature")[0]
	tests := map[string]struct {
		r    httpsig.Request
		want identity.Tag
	}{
		"another method":          {change(func(r *httpsig.Request) { r.Method = "PUT" }), identity.SignatureBad},
		"another path":            {change(func(r *httpsig.Request) { r.Path = "/api/v1/sync/pull" }), identity.SignatureBad},
		"another query":           {change(func(r *httpsig.Request) { r.Query = "a=b" }), identity.SignatureBad},
		"another body":            {change(func(r *httpsig.Request) { r.Digest[0]++ }), identity.DigestMismatch},
		"another body and digest": {edited(r, "Content-Digest", "sha-256=:", "sha-256=:A"), identity.DigestMismatch},
		"another receiver":        {replaced(r, "X-Peer-To", "c"), identity.SignatureBad},
		"another type":            {replaced(r, "Content-Type", "application/json"), identity.SignatureBad},
		"two receivers":           {replaced(r, "X-Peer-To", "b", "c"), identity.SignatureMalformed},
		"no receiver":             {replaced(r, "X-Peer-To"), identity.SignatureMissing},
		"no digest":               {replaced(r, "Content-Digest"), identity.SignatureMissing},
		"no type":                 {replaced(r, "Content-Type"), identity.SignatureMissing},
		"no signature":            {replaced(r, "Signature"), identity.SignatureMissing},
		"no input":                {replaced(r, "Signature-Input"), identity.SignatureMissing},
		"two signatures":          {replaced(r, "Signature", r.Header.Values("Signature")[0], otherSignature), identity.SignatureMalformed},
		"another signature":       {replaced(r, "Signature", otherSignature), identity.SignatureBad},
		"a short signature":       {replaced(r, "Signature", "tally=:AAAA:"), identity.SignatureMalformed},
		"another label":           {edited(r, "Signature", "tally", "sig1"), identity.SignatureMalformed},
		"another time":            {edited(r, "Signature-Input", "created=17956", "created=17955"), identity.SignatureStale},
		"a moment later":          {edited(r, "Signature-Input", ";keyid", "0;keyid"), identity.SignatureFuture},
		"a time with a zero":      {edited(r, "Signature-Input", "created=", "created=0"), identity.SignatureMalformed},
		"a negative time":         {edited(r, "Signature-Input", "created=", "created=-"), identity.SignatureMalformed},
		"fewer components":        {edited(r, "Signature-Input", `"@query" `, ""), identity.SignatureMalformed},
		"components of a reply":   {edited(r, "Signature-Input", "@method", "@status"), identity.SignatureMalformed},
		"another tag":             {edited(r, "Signature-Input", "tally-peer", "tally-user"), identity.SignatureMalformed},
		"no tag":                  {edited(r, "Signature-Input", `;tag="tally-peer"`, ""), identity.SignatureMalformed},
		"an algorithm":            {edited(r, "Signature-Input", ";created", `;alg="none";created`), identity.SignatureMalformed},
		"an expiry":               {replaced(r, "Signature-Input", r.Header.Values("Signature-Input")[0]+";expires=9"), identity.SignatureMalformed},
		"another nonce": {
			replaced(r, "Signature-Input", other.Header.Values("Signature-Input")[0]), identity.SignatureBad,
		},
		"a nonce that is none": {edited(r, "Signature-Input", `nonce="`, `nonce="x`), identity.SignatureMalformed},
		"no key":               {edited(r, "Signature-Input", `keyid="`, `keyid="zz`), identity.SignatureMalformed},
		"the key of another": {
			edited(r, "Signature-Input", string(identitytest.Key(t, "a").Public().ID()), string(identitytest.Key(t, "c").Public().ID())), identity.SignatureKey,
		},
		"lines in the path":   {change(func(r *httpsig.Request) { r.Path = "/x\n\"@query\": ?" }), identity.SignatureMalformed},
		"lines in the header": {replaced(r, "X-Peer-To", "b\r\nX: y"), identity.SignatureMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := httpsig.VerifyRequest(tt.r, identitytest.Key(t, "a").Public(), httpsig.Window{}, now())
			if identity.TagOf(err) != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
	if _, err := httpsig.VerifyRequest(r, identitytest.Key(t, "c").Public(), httpsig.Window{}, now()); identity.TagOf(err) != identity.SignatureKey {
		t.Errorf("with another key: %v", err)
	}
}

func TestASignatureIsFreshForItsWindow(t *testing.T) {
	r, public := signed(t), identitytest.Key(t, "a").Public()
	w := httpsig.Window{Past: 10 * time.Second, Future: 5 * time.Second}
	for after, want := range map[time.Duration]identity.Tag{
		-6 * time.Second: identity.SignatureFuture, -5 * time.Second: "", 10 * time.Second: "", 11 * time.Second: identity.SignatureStale,
	} {
		sig, err := httpsig.VerifyRequest(r, public, w, now().Add(after))
		if identity.TagOf(err) != want || (err == nil) != (want == "") {
			t.Errorf("after %s: %v, want %q", after, err, want)
		}
		if err == nil && !w.StaleAt(sig).Equal(now().Add(11*time.Second)) {
			t.Errorf("stale at %s", w.StaleAt(sig))
		}
	}
}

func TestRepliesAnswerOneRequest(t *testing.T) {
	public := identitytest.Key(t, "b").Public()
	to, err := httpsig.VerifyRequest(signed(t), identitytest.Key(t, "a").Public(), httpsig.Window{}, now())
	if err != nil {
		t.Fatal(err)
	}
	reply := httpsig.Reply{Status: 200, Digest: sha256.Sum256([]byte("held")), Header: http.Header{}, To: to.Bytes}
	if _, err := httpsig.SignReply(reply, identitytest.Key(t, "b"), now()); err != nil {
		t.Fatal(err)
	}
	if _, err := httpsig.VerifyReply(reply, public, httpsig.Window{}, now()); err != nil {
		t.Errorf("the reply itself: %v", err)
	}
	change := func(f func(*httpsig.Reply)) httpsig.Reply {
		c := reply
		f(&c)
		return c
	}
	for name, tt := range map[string]struct {
		r    httpsig.Reply
		want identity.Tag
	}{
		"another status":  {change(func(r *httpsig.Reply) { r.Status = 202 }), identity.SignatureBad},
		"another body":    {change(func(r *httpsig.Reply) { r.Digest[31]++ }), identity.DigestMismatch},
		"another request": {change(func(r *httpsig.Reply) { r.To = make([]byte, 64) }), identity.SignatureBad},
		"no request":      {change(func(r *httpsig.Reply) { r.To = nil }), identity.SignatureMissing},
		"unsigned":        {change(func(r *httpsig.Reply) { r.Header = http.Header{"Content-Digest": {"x"}} }), identity.SignatureMissing},
	} {
		if _, err := httpsig.VerifyReply(tt.r, public, httpsig.Window{}, now()); identity.TagOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if _, err := httpsig.SignReply(httpsig.Reply{Header: http.Header{}}, identitytest.Key(t, "b"), now()); identity.TagOf(err) != identity.SignatureMissing {
		t.Errorf("an answer to an unsigned request: %v", err)
	}
}

func TestNothingUnclearIsSigned(t *testing.T) {
	for name, r := range map[string]httpsig.Request{
		"no receiver": request(http.Header{httpsig.HeaderType: {"application/cbor"}}),
		"no type":     request(http.Header{httpsig.HeaderTo: {"b"}}),
		"two lines":   {Method: "GET", Path: "/a b", Header: http.Header{httpsig.HeaderTo: {"b"}, httpsig.HeaderType: {"x"}}},
	} {
		if _, err := httpsig.SignRequest(r, identitytest.Key(t, "a"), now()); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// A request that was signed by an older binary must verify in this one.
func TestGoldenRequest(t *testing.T) {
	if *update {
		h := signed(t).Header.(http.Header)
		var text strings.Builder
		for _, name := range []string{"Content-Digest", "Signature-Input", "Signature"} {
			text.WriteString(name + ": " + h.Get(name) + "\n")
		}
		if err := os.WriteFile(goldenRequest, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := httpsig.VerifyRequest(golden(t), identitytest.Key(t, "a").Public(), httpsig.Window{}, now()); err != nil {
		t.Error(err)
	}
}

const goldenRequest = "testdata/request.golden"

// golden is the same request in every run.
func golden(tb testing.TB) httpsig.Request {
	tb.Helper()
	text, err := os.ReadFile(goldenRequest)
	if err != nil {
		tb.Fatal(err)
	}
	r := request(http.Header{httpsig.HeaderTo: {"b"}, httpsig.HeaderType: {"application/cbor"}})
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		r.Header.Set(name, value)
	}
	return r
}

func TestWhateverWasSignedVerifies(t *testing.T) {
	k := identitytest.Key(t, "a")
	word := rapid.StringMatching(`[!-~]{0,40}`)
	rapid.Check(t, func(rt *rapid.T) {
		r := httpsig.Request{
			Method: rapid.StringMatching(`[A-Z]{1,8}`).Draw(rt, "method"), Path: "/" + word.Draw(rt, "path"), Query: word.Draw(rt, "query"),
			Digest: sha256.Sum256([]byte(word.Draw(rt, "body"))),
			Header: http.Header{httpsig.HeaderTo: {"b"}, httpsig.HeaderType: {"application/cbor"}},
		}
		made, err := httpsig.SignRequest(r, k, now())
		if err != nil {
			rt.Fatal(err)
		}
		got, err := httpsig.VerifyRequest(r, k.Public(), httpsig.Window{}, now())
		if err != nil || got.Nonce != made.Nonce || string(got.Bytes) != string(made.Bytes) {
			rt.Errorf("%+v, %v, want %+v", got, err, made)
		}
	})
}

func FuzzVerifyRequest(f *testing.F) {
	h := golden(f).Header.(http.Header) // workers must see the request that the seeds are of
	f.Add(h.Get("Signature-Input"), h.Get("Signature"), h.Get("Content-Digest"))
	f.Add(`tally=();created=1;keyid="";nonce="";tag="tally-peer"`, "tally=::", "")
	public, want := identitytest.Key(f, "a").Public(), []string{h.Get("Signature-Input"), h.Get("Signature"), h.Get("Content-Digest")}
	f.Fuzz(func(t *testing.T, input, signature, digest string) {
		r := request(http.Header{
			httpsig.HeaderTo: {"b"}, httpsig.HeaderType: {"application/cbor"},
			httpsig.HeaderInput: {input}, httpsig.HeaderSignature: {signature}, httpsig.HeaderDigest: {digest},
		})
		_, err := httpsig.VerifyRequest(r, public, httpsig.Window{}, now())
		if err != nil && identity.TagOf(err) == "" {
			t.Errorf("%v is no refusal", err)
		}
		if err == nil && (input != want[0] || signature != want[1] || digest != want[2]) {
			t.Errorf("a forgery: %s\n%s\n%s", input, signature, digest)
		}
	})
}

func BenchmarkSignAndVerify(b *testing.B) {
	k := identitytest.Key(b, "a")
	public := k.Public()
	for b.Loop() {
		r := request(http.Header{httpsig.HeaderTo: {"b"}, httpsig.HeaderType: {"application/cbor"}})
		if _, err := httpsig.SignRequest(r, k, now()); err != nil {
			b.Fatal(err)
		}
		if _, err := httpsig.VerifyRequest(r, public, httpsig.Window{}, now()); err != nil {
			b.Fatal(err)
		}
	}
}
