package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Protocol is how an endpoint is asked.
type Protocol string

// The protocols.
const (
	Ollama Protocol = "ollama"
	OpenAI Protocol = "openai"
)

// Settings say what is asked for vectors, and what they are like. The key is in none
// of them: only where it is.
type Settings struct {
	Protocol Protocol `json:"protocol"`
	URL      string   `json:"url"` // what the path of the protocol is put behind
	Model    string   `json:"model"`
	Width    int      `json:"width"` // how many numbers a vector has
	KeyFile  string   `json:"key_file,omitempty"`
	KeyEnv   string   `json:"key_env,omitempty"`
	// Insecure lets texts go to another machine in the clear.
	Insecure bool `json:"insecure,omitempty"`
	// Query and Passage are put in front of questions and of memories, for models that
	// were trained with such words.
	Query   string `json:"query_prefix,omitempty"`
	Passage string `json:"passage_prefix,omitempty"`
	// Near is the cosine from which a text is near a question by any measure, Floor the
	// one below which it is no candidate. They were measured with the endpoint.
	Near  float32 `json:"near"`
	Floor float32 `json:"floor"`
	// Patience is how long a question waits for its vector, in milliseconds.
	Patience int `json:"patience_ms"`
}

const (
	// settingsFile is the file of settings in the folder of a model.
	settingsFile = "endpoint.json"
	maxWidth     = 1 << 13
	maxPatience  = 10_000
	maxName      = 200
)

// Name is what the model of the endpoint is called: by its protocol, its name there,
// and how many numbers its vectors have. It can be the name of a folder.
func (s *Settings) Name() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, s.Model)
	return fmt.Sprintf("%s-%s-%d", s.Protocol, name, s.Width)
}

// Space names the space of the vectors: those of another are of no use beside them.
func (s *Settings) Space() string {
	prefixes := sha256.Sum256([]byte(s.Query + "\x00" + s.Passage))
	return fmt.Sprintf("%s/%s/%d/%s", s.Protocol, s.Model, s.Width, hex.EncodeToString(prefixes[:4]))
}

// Wait is how long a question waits for its vector.
func (s *Settings) Wait() time.Duration { return time.Duration(s.Patience) * time.Millisecond }

// Valid says what is wrong with settings. The error is an [ErrSettings].
func (s *Settings) Valid() error {
	if err := s.validTarget(); err != nil {
		return err
	}
	switch {
	case s.Model == "" || len(s.Model) > maxName:
		return fmt.Errorf("%w: a model has a name of at most %d bytes", ErrSettings, maxName)
	case s.Width <= 0 || s.Width > maxWidth:
		return fmt.Errorf("%w: %d numbers for a vector: want 1 to %d", ErrSettings, s.Width, maxWidth)
	case s.KeyFile != "" && s.KeyEnv != "":
		return fmt.Errorf("%w: the key is in a file or in the environment, not in both", ErrSettings)
	case s.Patience <= 0 || s.Patience > maxPatience:
		return fmt.Errorf("%w: a question waits for 1 to %d ms", ErrSettings, maxPatience)
	case !(s.Near >= -1 && s.Near <= 1 && s.Floor >= -1 && s.Floor <= s.Near):
		return fmt.Errorf("%w: near %v and floor %v: want cosines, and near not below floor", ErrSettings, s.Near, s.Floor)
	}
	return nil
}

func (s *Settings) validTarget() error {
	if s.Protocol != Ollama && s.Protocol != OpenAI {
		return fmt.Errorf("%w: protocol %q: want %s or %s", ErrSettings, s.Protocol, Ollama, OpenAI)
	}
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: want a URL such as http://127.0.0.1:11434", ErrSettings)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%w: a URL without user, ? and #: a key belongs into a file or the environment", ErrSettings)
	case u.Scheme == "http" && !s.Insecure && !loopback(u.Hostname()):
		return fmt.Errorf("%w: memories would go to another machine in the clear: use https, or say that this is wanted (--insecure)", ErrSettings)
	}
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// target is the URL that vectors are asked for at.
func (s *Settings) target() (*url.URL, error) {
	base, path := strings.TrimRight(s.URL, "/"), "/api/embed"
	if s.Protocol == OpenAI {
		path = "/v1/embeddings"
		base = strings.TrimSuffix(base, "/v1") // as most programs want it to be given
	}
	return url.Parse(base + path)
}

// key returns the key, read anew each time: who replaces it need not start the node
// again.
func (s *Settings) key(getenv func(string) string) (string, error) {
	var key string
	switch {
	case s.KeyFile != "":
		raw, err := os.ReadFile(s.KeyFile)
		if err != nil {
			return "", fmt.Errorf("key of the endpoint: %w", err)
		}
		key = strings.TrimSpace(string(raw))
	case s.KeyEnv != "" && getenv != nil:
		key = strings.TrimSpace(getenv(s.KeyEnv))
	default:
		return "", nil
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("key of the endpoint: %s%s has none", s.KeyFile, s.KeyEnv)
	}
	return key, nil
}

// Write puts settings into a folder of models, under their name, in place of those
// that were there.
func (s *Settings) Write(folder string) error {
	if err := s.Valid(); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Join(folder, s.Name())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp := filepath.Join(dir, "."+settingsFile)
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, settingsFile))
}

// Listed is one of the endpoints in a folder, or why it cannot be used.
type Listed struct {
	Name     string
	Settings Settings
	Err      error

	added time.Time
}

// List returns the endpoints whose settings are in a folder of models, the last that
// was added first: the ones before it answer until it can.
func List(folder string) ([]Listed, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Listed
	for _, e := range entries {
		path := filepath.Join(folder, e.Name(), settingsFile)
		info, err := os.Stat(path)
		if err != nil {
			continue // another kind of model, or none
		}
		raw, err := os.ReadFile(path) //nolint:gosec // in the folder of models
		if err != nil {
			return nil, err
		}
		l := Listed{Name: e.Name(), added: info.ModTime()}
		if err := json.Unmarshal(raw, &l.Settings); err != nil {
			l.Err = fmt.Errorf("%s: %w: %w", settingsFile, ErrSettings, err)
		} else if l.Err = l.Settings.Valid(); l.Err == nil && l.Settings.Name() != l.Name {
			l.Err = fmt.Errorf("%w: they are of %s", ErrSettings, l.Settings.Name())
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b Listed) int { return b.added.Compare(a.added) })
	return out, nil
}
