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

// Holder returns whom the session of a request speaks for, if it has one. The
// caller has to see whether the key is still good.
func (c *Console) Holder(r *http.Request) (Holder, bool) {
	s, err := c.sessionOf(r)
	return s.Holder, err == nil
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

// begin gives the browser a session.
func (c *Console) begin(w http.ResponseWriter, r *http.Request, h Holder) (session, error) {
	s := session{Holder: h, Ends: c.now().Add(Lifetime).Unix(), ID: rand.Text()}
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
	if s, err := c.sessionOf(r); err == nil {
		c.mu.Lock()
		for id, ends := range c.ended {
			if c.now().Unix() >= ends {
				delete(c.ended, id)
			}
		}
		c.ended[s.ID] = s.Ends
		c.mu.Unlock()
	}
	http.SetCookie(w, c.cookieOf(r, "", -1))
}

func (c *Console) cookieOf(r *http.Request, text string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the node speaks TLS; on loopback it does not
		Name: c.cookie, Value: text, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}
