package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Holder is whoever a browser speaks for: somebody who has shown a key.
type Holder struct {
	Operator bool   `json:"o,omitempty"` // of the node
	Agent    string `json:"a,omitempty"` // whom the key is of; "": whoever the page says
	Key      string `json:"k"`           // which key, so that the session ends with it: see [Fingerprint]
}

// Fingerprint names a key without telling it.
func Fingerprint(key string) string {
	sum := sha256.Sum256([]byte("tallystick console key\x00" + key))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// Lifetime is how long a session lasts, from when it was last renewed.
const Lifetime = 12 * time.Hour

// session is what a cookie says. Nothing of it is kept here, so that it holds
// across restarts; it is signed, so that it cannot be made up.
type session struct {
	Holder

	Ends int64  `json:"x"` // Unix seconds
	ID   string `json:"i"`
}

// errNoSession says that a request carries no session that holds.
var errNoSession = errors.New("no session")

// Session is that of a request.
type Session struct {
	Holder

	ID   string // the same when it is renewed
	Ends time.Time
}

// Session returns the session of a request, if it has one. The caller has to see
// whether the key is still good.
func (c *Console) Session(r *http.Request) (Session, bool) {
	s, err := c.sessionOf(r)
	return Session{Holder: s.Holder, ID: s.ID, Ends: time.Unix(s.Ends, 0)}, err == nil
}

func (c *Console) sessionOf(r *http.Request) (session, error) {
	cookie, err := r.Cookie(c.cookie)
	if err != nil {
		return session{}, errNoSession
	}
	s, err := c.open(cookie.Value)
	if err != nil {
		return session{}, err
	}
	c.mu.Lock()
	_, ended := c.ended[s.ID]
	c.mu.Unlock()
	if ended || s.Key == "" || c.now().Unix() >= s.Ends {
		return session{}, errNoSession
	}
	return s, nil
}

// seal writes a session with its signature.
func (c *Console) seal(s session) (string, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw) + "." + base64.RawURLEncoding.EncodeToString(c.sign(raw)), nil
}

// open reads what seal has written.
func (c *Console) open(text string) (session, error) {
	body, mac, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return session{}, errNoSession
	}
	sum, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !hmac.Equal(sum, c.sign(raw)) {
		return session{}, errNoSession
	}
	var s session
	if err := json.Unmarshal(raw, &s); err != nil {
		return session{}, errNoSession
	}
	return s, nil
}

func (c *Console) sign(raw []byte) []byte {
	m := hmac.New(sha256.New, c.secret)
	m.Write(raw)
	return m.Sum(nil)
}

// begin gives the browser a session, in the place of the one that it has.
func (c *Console) begin(w http.ResponseWriter, r *http.Request, h Holder) (session, error) {
	c.forsake(r)
	return c.give(w, r, session{Holder: h, ID: rand.Text()})
}

// give gives the browser a session that lasts from now on. One that is renewed is
// still the same: whoever ends it ends all cookies that were ever given for it.
func (c *Console) give(w http.ResponseWriter, r *http.Request, s session) (session, error) {
	s.Ends = c.now().Add(Lifetime).Unix()
	text, err := c.seal(s)
	if err != nil {
		return s, err
	}
	http.SetCookie(w, c.cookieOf(r, text, int(Lifetime/time.Second)))
	return s, nil
}

// end takes the session away from the browser, and takes it no more from whoever
// has copied it, for as long as this process runs.
func (c *Console) end(w http.ResponseWriter, r *http.Request) {
	c.forsake(r)
	http.SetCookie(w, c.cookieOf(r, "", -1))
}

// forsake takes the session of a request no more.
func (c *Console) forsake(r *http.Request) {
	s, err := c.sessionOf(r)
	if err != nil {
		return
	}
	c.mu.Lock()
	for id, ends := range c.ended {
		if c.now().Unix() >= ends {
			delete(c.ended, id)
		}
	}
	c.ended[s.ID] = c.now().Add(Lifetime).Unix() // no cookie of it lasts longer
	c.mu.Unlock()
	if c.cfg.Ended != nil {
		c.cfg.Ended(s.ID)
	}
}

func (c *Console) cookieOf(r *http.Request, text string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the node speaks TLS; on loopback it does not
		Name: c.cookie, Value: text, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}
