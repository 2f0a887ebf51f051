package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	legacy "github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/near"
	"github.com/tallystick/tallystick/internal/node"
)

// setting is one value of a node's configuration: how it is called in each
// place it may come from, and how it gets into node.Config. A later place wins
// over an earlier one: default, file, environment, flag.
type setting struct {
	flag    string
	env     string
	key     string // in the file, with dots for tables
	value   string // placeholder in help texts
	help    string
	initial string // what the default is, for help texts
	many    bool   // a flag that may be repeated, a list with commas in the environment, a list in the file
	table   bool   // or a table there
	secret  bool   // not to be shown
	set     func(*node.Config, []string) error
}

func scalar(set func(*node.Config, string) error) func(*node.Config, []string) error {
	return func(c *node.Config, v []string) error { return set(c, v[0]) }
}

func number(field func(*node.Config) *int, least int) func(*node.Config, []string) error {
	return scalar(func(c *node.Config, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least {
			return fmt.Errorf("%q: want a whole number from %d", s, least)
		}
		*field(c) = n
		return nil
	})
}

func span(field func(*node.Config) *time.Duration) func(*node.Config, []string) error {
	return scalar(func(c *node.Config, s string) error {
		d, err := duration(s)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q: want a time such as 500ms, 2s or 30d", s)
		}
		*field(c) = d
		return nil
	})
}

func word(field func(*node.Config) *string, choice ...string) func(*node.Config, []string) error {
	return scalar(func(c *node.Config, s string) error {
		if len(choice) > 0 && !slices.Contains(choice, s) {
			return fmt.Errorf("%q: want %s", s, strings.Join(choice, " or "))
		}
		*field(c) = s
		return nil
	})
}

// words takes a list of texts, which valid may refuse.
func words(field func(*node.Config) *[]string, valid func([]string) error) func(*node.Config, []string) error {
	return func(c *node.Config, list []string) error {
		var out []string
		for _, s := range list {
			out = append(out, strings.TrimSpace(s))
		}
		*field(c) = out
		if valid == nil {
			return nil
		}
		return valid(out)
	}
}

// settings is the table behind the flags of serve, the file and the help.
func settings() []setting {
	d := node.Default()
	first := []setting{
		{
			flag: "data", env: "TALLY_DATA", key: "data", value: "DIR", help: "directory of the node's files; one process at a time",
			initial: "~/.local/share/tallystick", set: word(func(c *node.Config) *string { return &c.Data }),
		},
		{
			flag: "listen", env: "TALLY_LISTEN", key: "listen", value: "HOST:PORT", help: "where to serve HTTP; port 0 takes a free one",
			initial: defaultListen, set: word(func(c *node.Config) *string { return &c.Listen }),
		},
		{
			flag: flagNode, env: "TALLY_NODE", key: "node", value: "NAME", help: "name in the federation: letters, digits, - and _; never change it",
			initial: "that in the data directory, or the host name", set: scalar(func(c *node.Config, s string) error { return assign(&c.Node, s) }),
		},
		{
			flag: "member", env: "TALLY_MEMBERS", key: "members", value: "NAME=URL", help: "another member; repeat for each",
			initial: "none", many: true, table: true, set: setMembers,
		},
		boundSetting(),
		{
			flag: "write-quorum", env: "TALLY_WRITE_QUORUM", key: "write_quorum", value: "W", help: "members that must hold a write, this one included",
			initial: "the majority", set: number(func(c *node.Config) *int { return &c.WriteQuorum }, 1),
		},
		{
			flag: "quorum-timeout", env: "TALLY_QUORUM_TIMEOUT", key: "quorum_timeout", value: "TIME", help: "how long a write waits for its quorum",
			initial: short(d.QuorumTimeout), set: span(func(c *node.Config) *time.Duration { return &c.QuorumTimeout }),
		},
		{
			flag: "when-short", env: "TALLY_WHEN_SHORT", key: "when_short", value: "WHAT", help: "what a write that misses its quorum is to callers who do not say: fail (503), or local (202)",
			initial: d.WhenShort, set: word(func(c *node.Config) *string { return &c.WhenShort }, node.ShortFails, node.ShortLocal),
		},
		{
			flag: "compress", env: "TALLY_COMPRESS", key: "compress", value: "WHAT", help: "messages to members that can unpack them: auto (not to this machine), always or never",
			initial: string(d.Compress), set: scalar(func(c *node.Config, s string) error { return assign(&c.Compress, s) }),
		},
		{
			flag: "api-key", env: "TALLY_API_KEY", key: "api_key", value: "KEY", help: "key that clients and members must send",
			initial: "none", secret: true, set: word(func(c *node.Config) *string { return &c.APIKey }),
		},
		{
			flag: "api-key-file", env: "TALLY_API_KEY_FILE", key: "api_key_file", value: "FILE", help: "the same, from a file of one line",
			initial: "none", set: scalar(func(c *node.Config, s string) (err error) {
				c.APIKey, err = keyFile(s)
				return err
			}),
		},
		{
			flag: "host", env: "TALLY_HOSTS", key: "hosts", value: "NAME",
			help:    "name by which the node may be called, beside addresses; .NAME is all below; repeat",
			initial: "none", many: true, set: words(func(c *node.Config) *[]string { return &c.Hosts }, nil),
		},
		{
			flag: "max-skew", env: "TALLY_MAX_SKEW", key: "max_skew", value: "TIME", help: "how far ahead another member's clock may be",
			initial: short(d.MaxSkew), set: span(func(c *node.Config) *time.Duration { return &c.MaxSkew }),
		},
	}
	return slices.Concat(first, keepSettings(d), trustSettings())
}

// keepSettings are those of what a node keeps, calls and logs.
func keepSettings(d node.Config) []setting {
	return []setting{
		{
			flag: "history-keep", env: "TALLY_HISTORY_KEEP", key: "history.keep", value: "TIME", help: "how long replaced versions are kept",
			initial: short(d.HistoryKeep), set: span(func(c *node.Config) *time.Duration { return &c.HistoryKeep }),
		},
		{
			flag: "history-versions", env: "TALLY_HISTORY_VERSIONS", key: "history.versions", value: "N", help: "how many replaced versions of a memory are kept",
			initial: strconv.Itoa(d.HistoryVersions), set: number(func(c *node.Config) *int { return &c.HistoryVersions }, 1),
		},
		{
			flag: "backup-dir", env: "TALLY_BACKUP_DIR", key: "backup_dir", value: "DIR", help: "folder in which the node makes its backups when it is asked to, best on another disk",
			initial: "none", set: word(func(c *node.Config) *string { return &c.BackupDir }),
		},
		{
			flag: "default-tier", env: "TALLY_DEFAULT_TIER", key: "default_tier", value: "TIER",
			help: "tier of memories that name none: long stays, mid expires after 7 days, short after 6 hours", initial: string(d.DefaultTier),
			set: scalar(setDefaultTier),
		},
		{
			flag: "webhook-allow", env: "TALLY_WEBHOOK_ALLOW", key: "webhook_allow", value: "NET",
			help:    "network, address or HOST:PORT that webhooks may call though it is not public; repeat",
			initial: "none", many: true, set: words(func(c *node.Config) *[]string { return &c.WebhookAllow }, node.ValidWebhookAllow),
		},
		outboundSetting(),
		{
			flag: "log-level", env: "TALLY_LOG_LEVEL", key: "log.level", value: "LEVEL", help: "debug, info, warn or error",
			initial: d.LogLevel, set: word(func(c *node.Config) *string { return &c.LogLevel }, "debug", "info", "warn", "error"),
		},
		{
			flag: "log-format", env: "TALLY_LOG_FORMAT", key: "log.format", value: "FORMAT", help: "text or json",
			initial: d.LogFormat, set: word(func(c *node.Config) *string { return &c.LogFormat }, "text", "json"),
		},
	}
}

const defaultListen = "127.0.0.1:9077"

// short renders d without the zeros that Duration.String leaves.
func short(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := strings.TrimSuffix(d.String(), "m0s")
	if s != d.String() {
		s += "m"
	}
	return strings.TrimSuffix(s, "h0m") + strings.Repeat("h", strings.Count(s, "h0m"))
}

// assign stores s as the string type of dst, and asks that whether it is valid.
func assign[T interface {
	~string
	Valid() error
}](dst *T, s string) error {
	*dst = T(s)
	if err := (*dst).Valid(); err != nil {
		return errors.New(strings.TrimSuffix(err.Error(), ": "+memory.ErrInvalid.Error()))
	}
	return nil
}

func setMembers(c *node.Config, list []string) error {
	c.Members = nil
	for _, s := range list {
		name, url, ok := strings.Cut(s, "=")
		if !ok || name == "" || url == "" {
			return fmt.Errorf("%q: want NAME=URL, such as east=http://10.0.0.2:9077", s)
		}
		var m node.Member
		if err := assign(&m.Name, strings.TrimSpace(name)); err != nil {
			return err
		}
		m.URL = strings.TrimSpace(url)
		c.Members = append(c.Members, m)
	}
	return nil
}

// given are the values that one place has, by flag name.
type given map[string][]string

// noted is told what each place says about a setting, nearest place last.
type noted func(s setting, list []string, origin string)

func unnoted(setting, []string, string) {}

// resolve makes the configuration of a node from all places. Every error is a
// *usageError that names the place.
func resolve(flags given, getenv func(string) string, file string) (node.Config, error) {
	return resolveNoted(flags, getenv, file, unnoted)
}

func resolveNoted(flags given, getenv func(string) string, file string, note noted) (node.Config, error) {
	cfg := node.Default()
	cfg.Data, cfg.Listen = defaultData(getenv), defaultListen
	if err := assign(&cfg.Node, defaultNode()); err != nil {
		return cfg, err
	}
	if file != "" {
		if err := applyFile(&cfg, file, note); err != nil {
			return cfg, err
		}
	}
	for _, s := range settings() {
		if err := s.apply(&cfg, flags, getenv, note); err != nil {
			return cfg, err
		}
	}
	for _, path := range []*string{&cfg.Data, &cfg.BackupDir, &cfg.TLSCert, &cfg.TLSKey} {
		*path = atHome(*path, getenv)
	}
	if cfg.Data == "" {
		return cfg, usage("no data directory: name one with --data")
	}
	if err := cfg.Validate(); err != nil {
		return cfg, usage("%v", err)
	}
	return cfg, nil
}

// apply takes the value of the environment, then that of the flag.
func (s setting) apply(cfg *node.Config, flags given, getenv func(string) string, note noted) error {
	if v := getenv(s.env); v != "" {
		list := []string{v}
		if s.many {
			list = strings.Split(v, ",")
		}
		if err := s.set(cfg, list); err != nil {
			return usage("%s %v", s.env, err)
		}
		note(s, list, "environment "+s.env)
	}
	if list, ok := flags[s.flag]; ok {
		if err := s.set(cfg, list); err != nil {
			return usage("--%s %v", s.flag, err)
		}
		note(s, list, "flag --"+s.flag)
	}
	return nil
}

// configFile is what a TOML file may say.
type configFile struct {
	Data          any `toml:"data"`
	Listen        any `toml:"listen"`
	Node          any `toml:"node"`
	WriteQuorum   any `toml:"write_quorum"`
	QuorumTimeout any `toml:"quorum_timeout"`
	WhenShort     any `toml:"when_short"`
	Compress      any `toml:"compress"`
	APIKey        any `toml:"api_key"`
	APIKeyFile    any `toml:"api_key_file"`
	MaxSkew       any `toml:"max_skew"`
	Grace         any `toml:"expired_grace"`
	DefaultTier   any `toml:"default_tier"`
	BackupDir     any `toml:"backup_dir"`
	History       struct {
		Keep     any `toml:"keep"`
		Versions any `toml:"versions"`
	} `toml:"history"`
	Log struct {
		Level  any `toml:"level"`
		Format any `toml:"format"`
	} `toml:"log"`
	TLS struct {
		Own  any `toml:"own"`
		Cert any `toml:"cert"`
		Key  any `toml:"key"`
	} `toml:"tls"`
	Hosts        any               `toml:"hosts"`
	Bounds       any               `toml:"bounds"`
	Insecure     any               `toml:"insecure_members"`
	Clear        any               `toml:"insecure_listen"`
	WebhookAllow any               `toml:"webhook_allow"`
	Outbound     any               `toml:"outbound"`
	Members      map[string]string `toml:"members"`
	LegacySelf   legacy.Self       `toml:"legacy"`
	LegacyPeers  []legacy.Peer     `toml:"legacy_peer"`
}

// applyFile reads a TOML file. It refuses what it does not know.
func applyFile(cfg *node.Config, name string, note noted) error {
	raw, err := os.ReadFile(name) //nolint:gosec // the operator named this file
	if err != nil {
		return usage("config: %v", err)
	}
	var file configFile
	dec := toml.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return fileError(name, err)
	}
	cfg.LegacySelf, cfg.LegacyPeers = file.LegacySelf, file.LegacyPeers
	values := map[string]any{
		"data": file.Data, "listen": file.Listen, "node": file.Node, "write_quorum": file.WriteQuorum,
		"quorum_timeout": file.QuorumTimeout, "when_short": file.WhenShort, "compress": file.Compress, "api_key": file.APIKey, "api_key_file": file.APIKeyFile, "max_skew": file.MaxSkew, "expired_grace": file.Grace, "default_tier": file.DefaultTier, "backup_dir": file.BackupDir,
		"history.keep": file.History.Keep, "history.versions": file.History.Versions,
		"hosts": file.Hosts, "bounds": file.Bounds, "insecure_members": file.Insecure, "insecure_listen": file.Clear,
		"tls.own": file.TLS.Own, "tls.cert": file.TLS.Cert, "tls.key": file.TLS.Key, "webhook_allow": file.WebhookAllow, "outbound": file.Outbound, "log.level": file.Log.Level, "log.format": file.Log.Format,
	}
	if file.Members != nil {
		values["members"] = file.Members
	}
	for _, s := range settings() {
		v := values[s.key]
		if v == nil {
			continue
		}
		list, err := fileValue(v, s.many)
		if err == nil {
			err = s.set(cfg, list)
		}
		if err != nil {
			return usage("%s line %d: %s %v", name, lineOf(raw, s.key), s.key, err)
		}
		note(s, list, fmt.Sprintf("file %s line %d", name, lineOf(raw, s.key)))
	}
	return nil
}

func fileValue(v any, many bool) ([]string, error) {
	if items, ok := v.([]any); ok && many {
		return texts(items)
	}
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case int64:
		return []string{strconv.FormatInt(v, 10)}, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case map[string]string:
		var list []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = append(list, name+"="+v[name])
		}
		return list, nil
	}
	return nil, errors.New("has a value of the wrong type: want text in quotes, or a whole number")
}

func texts(items []any) ([]string, error) {
	list := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			return nil, errors.New("has an item of the wrong type: want texts in quotes")
		}
		list[i] = s
	}
	return list, nil
}

// fileError says on which line of the file err is.
func fileError(name string, err error) error {
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		e := strict.Errors[0]
		row, _ := e.Position()
		key := strings.Join(e.Key(), ".")
		return usage("%s line %d: unknown key %s%s; see `tally help config`", name, row, key, asked(nearKeys(key)))
	}
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, _ := e.Position()
		return usage("%s line %d: %s", name, row, strings.TrimPrefix(e.Error(), "toml: "))
	}
	return usage("%s: %v", name, err)
}

// nearKeys are those that may have been meant by one that is not known.
func nearKeys(key string) []string {
	known := []string{"legacy", "legacy_peer"}
	for _, s := range settings() {
		if s.key != "" {
			known = append(known, s.key)
		}
	}
	if found := near.To(key, known); len(found) > 0 {
		return found
	}
	table, _, _ := strings.Cut(key, ".") // such as [member] for [members]
	return near.To(table, known)
}

// lineOf finds the line on which a key, or a table of that name, is.
func lineOf(raw []byte, key string) int {
	var p unstable.Parser
	p.Reset(raw)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		var path []string
		line := 0
		for it := e.Key(); it.Next(); {
			if line == 0 {
				line = p.Shape(it.Node().Raw).Start.Line
			}
			path = append(path, string(it.Node().Data))
		}
		full := strings.Join(path, ".")
		if e.Kind == unstable.Table {
			table = full
		} else if table != "" {
			full = table + "." + full
		}
		if full == key || strings.HasPrefix(full, key+".") {
			return line
		}
	}
	return 0
}

// defaultData follows the XDG base directory specification; without a home
// directory it is "".
func defaultData(getenv func(string) string) string {
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tallystick")
	}
	home := getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return ""
		}
	}
	return filepath.Join(home, ".local", "share", "tallystick")
}

// defaultNode is the host name without its domain, in the letters of a node name.
func defaultNode() string {
	host, err := os.Hostname()
	if err != nil {
		return "node"
	}
	return nodeName(host)
}

func nodeName(host string) string {
	host, _, _ = strings.Cut(host, ".")
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, host)
	const longest = 63
	if name = strings.Trim(name[:min(len(name), longest)], "-"); name == "" {
		return "node"
	}
	return name
}

func configHelp() string {
	var b strings.Builder
	b.WriteString("A node is configured by flags of `tally serve`, by environment variables, and by a\n" +
		"TOML file that --config or TALLY_CONFIG names. A flag wins over the environment,\n" +
		"that over the file, that over the default. An unknown key or a bad value in the\n" +
		"file is refused, with its line.\n\n")
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	say(t, "FLAG\tENVIRONMENT\tFILE\tDEFAULT\tMEANING\n")
	for _, s := range settings() {
		key := s.key
		if s.table {
			key = "[" + key + "]"
		}
		say(t, "--%s\t%s\t%s\t%s\t%s\n", s.flag, s.env, key, s.initial, s.help)
	}
	_ = t.Flush() // a strings.Builder does not fail
	b.WriteString(`
Times are written 500ms, 2s, 10m, 36h or 30d. TALLY_MEMBERS is a list with commas:
east=http://10.0.0.2:9077,west=http://10.0.0.3:9077. A file:

  data = "/var/lib/tallystick"
  listen = "10.0.0.1:9077"
  node = "north"
  write_quorum = 2

  [members]
  east = "http://10.0.0.2:9077"
  west = "http://10.0.0.3:9077"

  [history]
  keep = "30d"

Client commands read TALLY_SERVER, TALLY_API_KEY, TALLY_OPERATOR_KEY and TALLY_AGENT.
`)
	return b.String()
}
