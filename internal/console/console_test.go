package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/console"
)

const goodKey = "tallyop_good"

// bench is a console with a clock and a key that can be changed.
type bench struct {
	t   *testing.T
	c   *console.Console
	now time.Time
	key string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Now(), key: goodKey}
	b.c = b.again(goodKey)
	return b
}

// again is the console of the same node after a restart.
func (b *bench) again(secret string) *console.Console {
	b.t.Helper()
	c, err := console.New(console.Config{
		Known: func(key string) (console.Holder, bool) {
			return console.Holder{Operator: true, Key: console.Fingerprint(key)}, key == b.key
		},
		Good:   func(h console.Holder) bool { return h.Key == console.Fingerprint(b.key) },
		Open:   func() bool { return false },
		Secret: secret, Now: func() time.Time { return b.now },
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) call(method, path, body string, cookies ...*http.Cookie) *http.Response {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.c.ServeHTTP(w, r)
	return w.Result()
}

// standing is what the page is told.
func (b *bench) standing(cookies ...*http.Cookie) console.Standing {
	b.t.Helper()
	res := b.call(http.MethodGet, "/console/session", "", cookies...)
	defer func() { _ = res.Body.Close() }()
	var s console.Standing
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// enter opens a session.
func (b *bench) enter(body string) (*http.Cookie, int) {
	b.t.Helper()
	res := b.call(http.MethodPost, "/console/session", body)
	defer func() { _ = res.Body.Close() }()
	for _, c := range res.Cookies() {
		return c, res.StatusCode
	}
	return nil, res.StatusCode
}

func (b *bench) link() string {
	h := console.Holder{Operator: true, Key: console.Fingerprint(b.key)}
	_, once, _ := strings.Cut(b.c.LinkTo(h), "#once=")
	return `{"once":"` + once + `"}`
}

func TestALinkOpensTheConsoleOnce(t *testing.T) {
	b := newBench(t)
	link := b.link()
	c, status := b.enter(link)
	if status != http.StatusOK || c == nil {
		t.Fatalf("status %d, cookie %v", status, c)
	}
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge <= 0 {
		t.Errorf("cookie %+v", c)
	}
	if s := b.standing(c); !s.SignedIn || !s.Operator {
		t.Errorf("%+v", s)
	}
	if _, status := b.enter(link); status != http.StatusUnauthorized {
		t.Errorf("the second time: status %d", status)
	}
}

func TestALinkEnds(t *testing.T) {
	b := newBench(t)
	link := b.link()
	b.now = b.now.Add(console.LinkLifetime)
	if _, status := b.enter(link); status != http.StatusUnauthorized {
		t.Errorf("status %d", status)
	}
}

func TestLinksThatNobodyUsesTakeNoRoom(t *testing.T) {
	b := newBench(t)
	first := b.link()
	for range 1000 {
		b.now = b.now.Add(time.Millisecond)
		b.link()
	}
	if _, status := b.enter(first); status != http.StatusUnauthorized {
		t.Errorf("the oldest of a thousand: status %d", status)
	}
	if _, status := b.enter(b.link()); status != http.StatusOK {
		t.Errorf("the newest: status %d", status)
	}
}

func TestASessionEndsWithItsKey(t *testing.T) {
	b := newBench(t)
	c, _ := b.enter(`{"key":"` + goodKey + `"}`)
	b.c = b.again(goodKey)
	if !b.standing(c).SignedIn {
		t.Error("a restart ended it")
	}
	b.key = "tallyop_other"
	if b.standing(c).SignedIn {
		t.Error("it holds although the key is another")
	}
	b.c = b.again(b.key)
	if b.standing(c).SignedIn {
		t.Error("it holds after a restart with another key")
	}
}

func TestASessionEndsWithTimeAndIsRenewed(t *testing.T) {
	b := newBench(t)
	c, _ := b.enter(`{"key":"` + goodKey + `"}`)
	b.now = b.now.Add(console.Lifetime/2 + time.Minute)
	res := b.call(http.MethodGet, "/console/session", "", c)
	_ = res.Body.Close()
	if len(res.Cookies()) != 1 {
		t.Fatalf("half over: cookies %v", res.Cookies())
	}
	fresh := res.Cookies()[0]
	b.now = b.now.Add(console.Lifetime / 2)
	if b.standing(c).SignedIn || !b.standing(fresh).SignedIn {
		t.Errorf("old %v, fresh %v", b.standing(c).SignedIn, b.standing(fresh).SignedIn)
	}
}

func TestASessionCanBeEnded(t *testing.T) {
	b := newBench(t)
	c, _ := b.enter(`{"key":"` + goodKey + `"}`)
	res := b.call(http.MethodDelete, "/console/session", "", c)
	_ = res.Body.Close()
	if len(res.Cookies()) != 1 || res.Cookies()[0].MaxAge >= 0 {
		t.Errorf("cookies %v", res.Cookies())
	}
	if b.standing(c).SignedIn {
		t.Error("a copy of the cookie still holds")
	}
}

func TestNobodyMakesUpASession(t *testing.T) {
	b := newBench(t)
	c, _ := b.enter(`{"key":"` + goodKey + `"}`)
	body, mac, _ := strings.Cut(c.Value, ".")
	for name, value := range map[string]string{
		"none": "", "no signature": body, "another signature": body + "." + strings.Repeat("A", len(mac)),
		"another body": "e30." + mac, "no base64": "!." + mac, "a flipped bit": flip(body) + "." + mac,
	} {
		if b.standing(&http.Cookie{Name: c.Name, Value: value}).SignedIn {
			t.Errorf("%s: signed in", name)
		}
	}
	for name, body := range map[string]string{
		"nothing": "{}", "both": `{"once":"x","key":"y"}`, "no JSON": "x", "too long": `{"key":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		if _, status := b.enter(body); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, status)
		}
	}
	if _, status := b.enter(`{"key":"tallyop_wrong"}`); status != http.StatusUnauthorized {
		t.Errorf("a wrong key: status %d", status)
	}
}

func flip(s string) string {
	b := []byte(s)
	b[len(b)/2] ^= 1
	return string(b)
}

func TestMethodsAreNamed(t *testing.T) {
	b := newBench(t)
	for path, want := range map[string]string{"/console/session": "DELETE, GET, HEAD, POST", "/console/": "GET, HEAD"} {
		res := b.call(http.MethodPut, path, "")
		_ = res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != want {
			t.Errorf("%s: status %d, Allow %q", path, res.StatusCode, res.Header.Get("Allow"))
		}
	}
}

// Whoever has copied a cookie has nothing of it when the session is ended: not if it
// was renewed since, nor if the browser has another session by now.
func TestAnEndedSessionEndsAllItsCookies(t *testing.T) {
	b := newBench(t)
	first, _ := b.enter(`{"key":"` + goodKey + `"}`)
	b.now = b.now.Add(console.Lifetime/2 + time.Minute)
	res := b.call(http.MethodGet, "/console/session", "", first)
	_ = res.Body.Close()
	renewed := res.Cookies()[0]
	if !b.standing(first).SignedIn || !b.standing(renewed).SignedIn {
		t.Fatal("a renewal ended the session")
	}
	_ = b.call(http.MethodDelete, "/console/session", "", renewed).Body.Close()
	b.now = b.now.Add(time.Hour)
	if b.standing(first).SignedIn || b.standing(renewed).SignedIn {
		t.Error("a cookie of the session still holds")
	}
	old, _ := b.enter(`{"key":"` + goodKey + `"}`)
	_ = b.call(http.MethodPost, "/console/session", `{"key":"`+goodKey+`"}`, old).Body.Close()
	if b.standing(old).SignedIn {
		t.Error("a session that another has replaced still holds")
	}
}
