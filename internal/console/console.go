package console

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
)

// Config says what the console stands on. Known, Good and Open are required.
type Config struct {
	// Known says for whom a key that somebody shows is good, and whether it is.
	Known func(key string) (Holder, bool)
	// Good says whether the key of a session is still good.
	Good func(Holder) bool
	// Secret is what sessions are signed with; they last as long as it does. "" makes
	// one up, which lasts as long as the process.
	Secret string
	// Open says whether the node asks clients for no key.
	Open func() bool
	// Ended is told of each session that somebody ends; nil: nobody is.
	Ended func(id string)

	Version string
	Now     func() time.Time // time.Now
}

// Console serves the page and its sessions. It is safe for concurrent use.
type Console struct {
	cfg    Config
	now    func() time.Time
	files  map[string]*file
	ahead  func() map[string][]string // worked out when the first page is asked for
	secret []byte
	cookie string // its name
	links  links

	mu    sync.Mutex
	ended map[string]int64 // ids of sessions that were ended, until all their cookies have
}

// New returns the console of a node.
func New(cfg Config) (*Console, error) {
	files, err := load()
	if err != nil {
		return nil, fmt.Errorf("the files of the console: %w", err)
	}
	once := sync.OnceValue(func() map[string][]string { return ahead(files) })
	c := &Console{cfg: cfg, now: cfg.Now, files: files, ahead: once, links: links{open: map[[sha256.Size]byte]link{}}, ended: map[string]int64{}}
	if c.now == nil {
		c.now = time.Now
	}
	m := hmac.New(sha256.New, []byte(cmp.Or(cfg.Secret, rand.Text())))
	m.Write([]byte("tallystick console session"))
	c.secret = m.Sum(nil)
	// Browsers tell cookies apart by host and not by port: nodes of one machine want
	// names of their own.
	name := sha256.Sum256(c.secret)
	c.cookie = "tally_" + hex.EncodeToString(name[:4])
	return c, nil
}

// LinkTo makes a link that opens the console once, within [LinkLifetime], for
// whoever holds a key. Its secret is behind the #, so that no log has it.
func (c *Console) LinkTo(h Holder) string { return Root + "#once=" + c.links.add(h, c.now()) }

// Paths of the session.
const (
	sessionPath = Root + "session"
	// LinkPath makes one-time links.
	LinkPath = Root + "link"
)

// ServeHTTP implements [http.Handler], for all that is below [Root] but
// [LinkPath].
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != sessionPath {
		c.serveFile(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	guarded(w.Header())
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		c.show(w, r)
	case http.MethodPost:
		c.enter(w, r)
	case http.MethodDelete:
		c.end(w, r)
		c.tell(w, session{})
	default:
		w.Header().Set("Allow", "DELETE, GET, HEAD, POST")
		refuse(w, http.StatusMethodNotAllowed, client.CodeMethodNotAllowed, "method not allowed: want one of DELETE, GET, HEAD, POST")
	}
}

// Standing is what the page is told of its session.
type Standing struct {
	Open     bool   `json:"open"`      // the node asks for no key
	SignedIn bool   `json:"signed_in"` // there is a session
	Operator bool   `json:"operator"`  // of the operator
	Agent    string `json:"agent"`     // of this agent, and nobody else; "": whoever the page says
	EndsAt   string `json:"ends_at"`   // RFC 3339
	Version  string `json:"version"`   // of the program
}

func (c *Console) tell(w http.ResponseWriter, s session) {
	v := Standing{Open: c.cfg.Open(), SignedIn: s.ID != "", Operator: s.Operator, Agent: s.Agent, Version: c.cfg.Version}
	if v.SignedIn {
		v.EndsAt = time.Unix(s.Ends, 0).UTC().Format(time.RFC3339)
	}
	answer(w, http.StatusOK, v)
}

// show says how the session stands, and renews one that is half over.
func (c *Console) show(w http.ResponseWriter, r *http.Request) {
	s, err := c.sessionOf(r)
	if err != nil || !c.cfg.Good(s.Holder) {
		c.tell(w, session{})
		return
	}
	if time.Unix(s.Ends, 0).Sub(c.now()) < Lifetime/2 {
		if s, err = c.give(w, r, s); err != nil {
			refuse(w, http.StatusInternalServerError, client.CodeInternal, "internal server error")
			return
		}
	}
	c.tell(w, s)
}

// maxEntrance bounds the body that opens a session.
const maxEntrance = 4 << 10

// enter opens a session for whoever has a one-time link, or a key.
func (c *Console) enter(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Once string `json:"once"`
		Key  string `json:"key"`
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEntrance))
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil || (in.Once == "") == (in.Key == "") {
		refuse(w, http.StatusBadRequest, client.CodeInvalid, `want {"once":"…"} or {"key":"…"}`)
		return
	}
	var h Holder
	var good bool
	if in.Once != "" {
		h, good = c.links.use(in.Once, c.now())
		good = good && c.cfg.Good(h)
	} else {
		h, good = c.cfg.Known(strings.TrimSpace(in.Key))
	}
	if !good {
		refuse(w, http.StatusUnauthorized, client.CodeUnauthorized, "this link was used or is over, or the key is not one of this node: run tally console for a new link")
		return
	}
	s, err := c.begin(w, r, h)
	if err != nil {
		refuse(w, http.StatusInternalServerError, client.CodeInternal, "internal server error")
		return
	}
	c.tell(w, s)
}

func refuse(w http.ResponseWriter, status int, code client.Code, text string) {
	guarded(w.Header())
	answer(w, status, map[string]any{"error": text, "code": code, "status": status, "detail": text, "title": http.StatusText(status), "type": "about:blank"})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone is nobody to report to
}
