package takeover

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/tallystick/tallystick/internal/memory"
)

// reader puts a plan together.
type reader struct {
	plan       *Plan
	dir        string
	host, port string
	cert, key  string
}

// Read says what takes the place of a node. An error says what cannot be understood;
// what is understood and has no counterpart is a note.
func Read(s Start) (*Plan, error) {
	r := &reader{plan: &Plan{}, dir: s.Dir, host: "127.0.0.1", port: "9077"}
	r.plan.peer.unsigned = true
	env, args, err := split(s.Words)
	if err != nil {
		return nil, err
	}
	if err := r.file(s.Config); err != nil {
		return nil, err
	}
	if err := r.arguments(args); err != nil {
		return nil, err
	}
	if err := r.environment(env); err != nil { // it counts for more than an argument
		return nil, err
	}
	return r.plan, r.finish()
}

// split tells the environment from the arguments.
func split(words []string) (env [][2]string, args []string, err error) {
	for i, w := range words {
		name, value, is := strings.Cut(w, "=")
		if !is || strings.ContainsAny(name, "/-") {
			return env, words[i+1:], nil
		}
		env = append(env, [2]string{name, value})
	}
	return nil, nil, fmt.Errorf("want the command that started the node, such as ai-memory serve --port 9077: %w", memory.ErrInvalid)
}

func (r *reader) becomes(what, where string) {
	r.plan.Notes = append(r.plan.Notes, Note{What: what, Becomes: where})
}

func (r *reader) lost(what, why string) {
	r.plan.Notes = append(r.plan.Notes, Note{What: what, Why: why})
}

// path is a file that the node names.
func (r *reader) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.dir, name)
}

// arguments reads the command line.
func (r *reader) arguments(args []string) error {
	for len(args) > 0 {
		flag := args[0]
		args = args[1:]
		if !strings.HasPrefix(flag, "--") {
			if flag != "serve" {
				return fmt.Errorf("%.80q: only a node that was started with serve can be taken over: %w", flag, memory.ErrInvalid)
			}
			continue
		}
		name, value, joined := strings.Cut(flag, "=")
		if !joined && name != "--json" {
			if len(args) == 0 {
				return fmt.Errorf("%s has no value: %w", name, memory.ErrInvalid)
			}
			value, args = args[0], args[1:]
		}
		r.argument(name, value)
	}
	return nil
}

func (r *reader) argument(name, value string) {
	what := strings.TrimSpace(name + " " + value)
	p := r.plan
	switch name {
	case "--db":
		p.Database = r.path(value)
		r.becomes(what, "tally import")
	case "--host":
		r.host = value
		r.becomes(what, "listen")
	case "--port":
		r.port = value
		r.becomes(what, "listen")
	case "--federation-identity":
		p.Node = value
		r.becomes(what, "node, legacy.name")
	case "--quorum-peers":
		for u := range strings.SplitSeq(value, ",") {
			if u = strings.TrimRight(strings.TrimSpace(u), "/"); u != "" {
				p.Unnamed = append(p.Unnamed, u)
			}
		}
		r.becomes(what, "legacy_peer")
	case "--quorum-timeout-ms":
		p.QuorumTimeout = value + "ms"
		r.becomes(what, "quorum_timeout")
	case "--tls-cert":
		r.cert = r.path(value)
		r.becomes(what, "tls.cert")
	case "--tls-key":
		r.key = r.path(value)
		r.becomes(what, "tls.key")
	case "--quorum-ca-cert":
		p.peer.caFile = r.path(value)
		r.becomes(what, "legacy_peer.ca_file")
	default:
		r.lost(what, cmp.Or(unmatched()[name], "this program has nothing like it"))
	}
}

// unmatched says of arguments and variables why they have no counterpart.
func unmatched() map[string]string {
	const trust = "members of this program know each other by certificates of their own: tally cluster init"
	return map[string]string{
		"--quorum-writes":                   "nodes of ai-memory answer before they have synced, so they never count; write_quorum is of members of this program",
		"--catchup-interval-secs":           "peers are asked every 30 s",
		"--shutdown-grace-secs":             "what runs is finished before the node ends",
		"--mtls-allowlist":                  trust,
		"--quorum-client-cert":              trust,
		"--quorum-client-key":               trust,
		"--agent-id":                        "who calls says who it is; a key of an agent says it for sure: tally agent add",
		"--db-passphrase-file":              "databases are not encrypted here: import an export of it",
		"--store-url":                       "the store is embedded",
		"AI_MEMORY_ADMIN_AGENT_IDS":         "what spans agents is for the operator's key: tally agent add --verbs admin",
		"AI_MEMORY_ADMIN_HEADER_TRUST":      "no header makes an operator",
		"AI_MEMORY_FED_SYNC_TRUST_PEER":     "a peer reads its namespaces, and no others",
		"AI_MEMORY_FED_TRUST_BODY_AGENT_ID": "name the agents in legacy_peer.senders",
		"AI_MEMORY_FED_REQUIRE_NONCE":       "always",
		"AI_MEMORY_MAX_STORAGE_BYTES":       "peers have no quota of bytes",
		"AI_MEMORY_MAX_LINKS_PER_DAY":       "peers have no quota of links",
		"AI_MEMORY_DB_PASSPHRASE":           "databases are not encrypted here: import an export of it",
	}
}

// file reads config.toml.
func (r *reader) file(text []byte) error {
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("its config.toml: %w", err)
	}
	for _, name := range sorted(all) {
		what := "config.toml: " + name
		section, is := all[name].(map[string]any)
		key, isKey := all[name].(string)
		switch {
		case name == "api_key" && isKey:
			r.plan.APIKey = key
			r.becomes(what, "api_key")
		case name == "api" && is:
			r.api(section)
		case (name == "db" || name == "db_path") && isKey:
			r.plan.Database = r.path(key)
			r.becomes(what, "tally import")
		default:
			r.lost(what, cmp.Or(sections()[name], "this program has nothing like it"))
		}
	}
	return nil
}

func (r *reader) api(section map[string]any) {
	for _, name := range sorted(section) {
		if key, is := section[name].(string); is && name == "api_key" {
			r.plan.APIKey = key
			r.becomes("config.toml: api.api_key", "api_key")
			continue
		}
		r.lost("config.toml: api."+name, "this program has nothing like it")
	}
}

// sections says why sections and settings of config.toml have no counterpart.
func sections() map[string]string {
	const models = "recall by meaning is set up with tally model add"
	const rules = "rules are those of namespaces: tally namespace set"
	return map[string]string{
		"tier": models, "embeddings": models, "reranker": models, "llm": "no language model is in the way of a write or a recall",
		"permissions": rules, "governance": rules, "admin": "what spans agents is for the operator's key: tally agent add --verbs admin",
		"audit": "the audit log is always kept", "logging": "[log] level and format", "hooks": "subscriptions are imported with nobody's secret: subscribe again",
	}
}

// finish settles what several settings decide together.
func (r *reader) finish() error {
	p := r.plan
	p.Listen = net.JoinHostPort(r.host, r.port)
	if (r.cert == "") != (r.key == "") {
		return fmt.Errorf("--tls-cert and --tls-key go together: %w", memory.ErrInvalid)
	}
	if r.cert != "" {
		p.TLS = &TLS{Cert: r.cert, Key: r.key}
	}
	if ip := net.ParseIP(r.host); p.TLS == nil && r.host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		p.InsecureHosts = true
		r.becomes("no --tls-cert on "+p.Listen, "insecure_listen: as open as it was; better give it a certificate")
	}
	if p.Node == "" {
		return fmt.Errorf("it has no federation identity but its host's: say AI_MEMORY_FED_IDENTITY=host:NAME, as its peers know it: %w", memory.ErrInvalid)
	}
	p.Self.Name = p.Node
	p.Node = nodeName(p.Node)
	return p.attested()
}

// nodeName is a name that a node can have, of one that a node of ai-memory has.
func nodeName(identity string) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-':
			return c
		case 'A' <= c && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '-'
	}, identity[strings.LastIndexAny(identity, "/:")+1:])
	return cmp.Or(strings.Trim(name, "-"), "node")
}
