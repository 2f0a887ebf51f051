package arch_test

import (
	"slices"
	"strings"
	"testing"
)

// table says which of our own packages each package may import. What is not
// listed is forbidden; a package that is not listed does not exist.
//
// Test files may import what they need.
func table() map[string][]string {
	leaf := []string{"memory"}
	return map[string][]string{
		"memory": {},
		"store":  {"filelock", "memory", "store/walfile"},

		"store/walfile": {}, // files of a database
		"wire":          leaf,
		"policy":        leaf,
		"recall":        {"recall/alike", "recall/fold", "recall/index", "recall/rank", "recall/search", "recall/text", "recall/when", "memory"},
		"webhook":       leaf,

		"recall/fold":         {},
		"recall/alike":        {},
		"recall/text":         {"recall/fold"},
		"recall/when":         {"recall/text"},
		"recall/index":        {"recall/fold", "recall/text", "recall/when"},
		"recall/rank":         {"recall/index", "recall/text", "recall/when"},
		"recall/rank/armtest": {"recall/index", "recall/rank", "recall/when"},
		"recall/search":       {"recall/fold", "recall/index", "recall/text"},
		"recall/eval":         {"recall/index", "recall/rank", "recall/when"},

		"recall/meaning": {"recall", "recall/index", "recall/rank", "model/vectors", "memory"},

		// Models that make vectors of texts, and what finds by them.
		"model":             {"model/artefact", "model/encoder", "model/static"},
		"model/artefact":    {"filelock"},
		"model/endpoint":    {},
		"model/kernel":      {},
		"model/safetensors": {},
		"model/token":       {},
		"model/vectors":     {"model/kernel"},
		"model/static":      {"model/safetensors", "model/token"},
		"model/encoder":     {"model/kernel", "model/safetensors", "model/token"},

		"openapi":  {},
		"console":  {"client"},
		"dump":     leaf,
		"backup":   {"dump", "memory"},
		"etag":     {},
		"pace":     {},
		"spool":    {},
		"filelock": {},
		"terse":    {},
		"near":     {},
		"screen":   {},
		"doctor":   {"client", "memory"},

		"textmerge": {},
		"journal":   {"client", "identity"},

		"identity":            leaf,
		"identity/strictcbor": leaf,
		"identity/cred":       {"identity", "identity/strictcbor"},
		"identity/httpsig":    {"identity"},
		"identity/aimemory":   {"identity"},
		"identity/replay":     {"identity"},
		"identity/join":       {"identity", "memory"},
		"identity/cluster":    {"filelock", "identity", "identity/attest", "identity/ca", "identity/join", "memory"},
		"identity/agentkey":   {"identity", "memory"},
		"identity/certfile":   {},
		"identity/receipt":    {"identity", "identity/cred", "identity/strictcbor", "memory"},
		"audit":               {"identity"},
		"identity/ca":         {"identity", "identity/cred", "memory"},
		"identity/attest":     {"identity", "identity/ca", "identity/cred", "identity/httpsig", "identity/replay", "memory"},

		"replicate":      {"replicate/core", "memory"},
		"replicate/core": leaf,

		"legacy":          {"legacy/config", "legacy/pull", "legacy/receive", "legacy/wire", "memory"},
		"legacy/takeover": {"legacy/config", "memory"},
		"legacy/wire":     leaf,
		"legacy/config":   {"identity", "identity/cred", "memory"},
		"legacy/send":     {"identity", "identity/aimemory", "legacy/config", "legacy/wire", "memory"},
		"legacy/pull":     {"identity", "identity/aimemory", "legacy/config", "legacy/send", "legacy/wire", "memory"},
		"legacy/receive": {
			"legacy/config", "legacy/wire", "intake", "identity", "identity/aimemory", "identity/cred", "memory",
		},

		"peer":         {"pace", "peer/packing", "wire", "identity", "identity/attest", "identity/ca", "identity/cred", "identity/httpsig", "identity/receipt", "memory"},
		"peer/packing": {"memory", "wire"},
		"evidence":     {"identity", "identity/cred", "identity/receipt", "memory"},
		"verb": {
			"book", "book/feed", "book/governance", "book/graph", "book/inbox", "book/query", "book/records", "book/upkeep",
			"engine", "client", "memory", "near", "openapi", "recall", "verb/aimemory",
		},
		"verb/aimemory": {},
		"mcp":           {"mcp/tool", "pace", "verb", "client", "memory"},
		"mcp/tool":      {"verb", "verb/aimemory", "client", "memory", "near", "openapi"},
		"intake":        {"policy", "memory"},
		"engine":        {"replicate", "policy", "screen", "memory"},

		// Books are kept on the engine. Nobody stands on an inbox or a feed.
		"book/query":      {"engine", "recall", "memory"},
		"book/records":    {"book/query", "engine", "policy", "memory"},
		"book/graph":      {"book/query", "book/records", "engine", "policy", "memory"},
		"book/governance": {"book/graph", "book/query", "book/records", "engine", "policy", "memory"},
		"book/inbox":      {"book/query", "book/records", "engine", "memory"},
		"book/feed":       {"book/records", "engine", "memory"},
		"book/upkeep":     {"engine", "intake", "replicate", "memory"},
		"book": {
			"book/feed", "book/governance", "book/graph", "book/inbox", "book/query", "book/records", "book/upkeep",
			"engine", "intake", "recall", "replicate", "memory",
		},

		"api": {
			"console", "book", "book/query", "book/upkeep", "dump", "etag", "openapi", "engine", "verb", "verb/aimemory", "client", "identity", "identity/agentkey", "memory", "pace", "spool",
		},
		"node": {
			"api", "book", "book/upkeep", "engine", "intake", "peer", "peer/packing", "store", "replicate", "wire", "identity", "identity/attest", "identity/ca", "identity/cluster",
			"evidence", "identity/httpsig", "identity/join", "identity/receipt", "identity/replay", "identity/agentkey", "identity/certfile", "policy", "recall", "rehearsal", "doctor", "node/care", "node/models", "node/auditing", "node/heap", "audit", "journal", "memory", "webhook", "verb", "mcp", "client",
			"legacy", "legacy/config", "legacy/send", "pace", "spool", "terse",
		},

		"node/models":   {"book/upkeep", "model", "model/artefact", "model/endpoint", "recall", "recall/eval", "recall/index", "recall/meaning", "recall/rank"},
		"node/auditing": {"audit", "identity", "client"},
		"node/heap":     {},
		"node/care":     {"backup", "book/query", "book/upkeep", "client", "doctor", "dump", "identity", "memory"},
		"node/restore":  {"backup", "intake", "store", "wire", "memory"},

		// Programs on top, and what they are made of.
		"fleet":         {},
		"rehearsal":     {"fleet", "client", "memory"},
		"client":        {},
		"selftest":      {"client"},
		"carry":         {"client", "importer", "screen"},
		"demo":          {"carry", "client", "fleet", "identity", "identity/ca", "identity/cluster", "identity/receipt", "importer", "memory", "node", "screen"},
		"setup":         {},
		"setup/machine": {"setup"},
		"cmd/tally":     {"node", "doctor", "node/models", "model/artefact", "model/endpoint", "node/restore", "backup", "dump", "legacy/config", "legacy/takeover", "legacy/wire", "audit", "identity", "identity/agentkey", "identity/ca", "identity/cluster", "identity/join", "identity/receipt", "memory", "client", "bench", "carry", "demo", "importer", "fleet", "selftest", "setup", "setup/machine", "screen", "textmerge", "recall/eval", "recall/fold", "near"},
		"importer":      {"client"},
		"bench":         {"client", "fleet", "identity", "identity/cluster", "memory", "node"},
		"bench/control": {"memory", "node", "replicate"},

		"bench/contrasts": {"fleet", "identity", "identity/aimemory", "identity/cred"},

		// What only tests use.
		"arch":                        {},
		"console/browser":             {},
		"deploy":                      {},
		"memory/memorytest":           leaf,
		"identity/identitytest":       {"identity"},
		"mcp/mcptest":                 {"mcp"},
		"model/endpoint/endpointtest": {},
		"rehearsal/rehearsaltest":     {"fleet", "memory", "node"},
		"store/storetest":             {"store", "memory", "memory/memorytest"},
		"replicate/fakenet":           {"replicate", "memory"},
		"replicate/memlog":            leaf,
		"sim":                         {"memory", "memory/memorytest", "replicate", "replicate/core", "replicate/fakenet", "replicate/memlog", "store", "wire"},
	}
}

// libraries says who may use which module. One that is not listed may not be
// used; docs/decisions/0002-dependencies.md says why each of them is here.
func libraries() map[string][]string {
	return map[string][]string{
		"github.com/fxamacker/cbor/v2":           {"wire", "identity/strictcbor"},
		"modernc.org/sqlite":                     {"store", "store/walfile", "importer"},
		"modernc.org/libc":                       {"store/walfile"},
		"github.com/pressly/goose/v3":            {"store"},
		"github.com/prometheus/client_golang":    {"api", "node", "replicate", "legacy"},
		"github.com/klauspost/compress":          {"peer/packing"},
		"github.com/google/uuid":                 {"engine", "book/feed", "book/inbox", "book/records", "node", "store", "peer", "legacy/send"},
		"github.com/modelcontextprotocol/go-sdk": {"mcp", "mcp/mcptest"},
		"github.com/spf13/cobra":                 {"cmd/tally"},
		"github.com/spf13/pflag":                 {"cmd/tally"},
		"github.com/pelletier/go-toml/v2":        {"node", "cmd/tally", "setup", "legacy/takeover"},
		"golang.org/x/sync":                      {"node", "replicate", "book", "book/records", "api", "verb", "carry", "demo", "peer", "legacy/receive", "bench", "bench/control"},
		"golang.org/x/sys":                       {"filelock", "store", "model/kernel", "pace"},
		"golang.org/x/text":                      {"importer", "verb", "recall/fold", "recall/text", "model/token"},
		"github.com/blevesearch/snowballstem":    {"recall/text"},
		"go.yaml.in/yaml/v3":                     {"importer", "setup"},
		"golang.org/x/time":                      {"replicate", "peer", "api", "node"},
		"pgregory.net/rapid":                     {"memory/memorytest", "store/storetest", "sim"},
		"github.com/google/go-cmp":               {"store/storetest", "sim"},
		"go.uber.org/goleak":                     {},
		"github.com/chromedp/chromedp":           {},
		"github.com/chromedp/cdproto":            {},
	}
}

// narrow says who may use those packages of the standard library that tie a
// package to one kind of I/O.
func narrow() map[string][]string {
	return map[string][]string{
		"net/http":     {"api", "console", "mcp", "mcp/mcptest", "peer", "webhook", "legacy/send", "node", "client", "bench", "bench/contrasts", "cmd/tally", "legacy", "legacy/pull", "legacy/receive", "model/endpoint", "model/endpoint/endpointtest"},
		"database/sql": {"store", "importer"},
		"os/exec":      {"fleet", "setup/machine"}, // whoever runs nodes asks the first
		"log":          {},
		"unsafe":       {"store/walfile"},
		"reflect":      {"openapi", "verb"},
	}
}

func TestPackagesImportWhatTheTableAllows(t *testing.T) {
	for _, problem := range importProblems(goFiles(t)) {
		t.Error(problem)
	}
}

func TestTheTableListsWhatThereIs(t *testing.T) {
	there := packages(goFiles(t))
	for pkg, imports := range table() {
		if !slices.Contains(there, pkg) {
			t.Errorf("the table has a row for %s, which does not exist", pkg)
		}
		for _, p := range imports {
			if _, ok := table()[p]; !ok {
				t.Errorf("%s may import %s, which has no row", pkg, p)
			}
		}
	}
}

// importProblems is the rule of the tables.
func importProblems(files []*goFile) []string {
	var out []string
	rows := table()
	for _, pkg := range packages(files) {
		if _, ok := rows[pkg]; !ok {
			out = append(out, pkg+" is not in the import table: say there what it may import, and who may import it")
		}
	}
	for _, f := range files {
		for _, imp := range f.imports() {
			if !allowed(f, imp, rows[f.dir]) {
				out = append(out, f.path+" must not import "+strings.TrimPrefix(imp, ownPrefix))
			}
		}
	}
	return out
}

func allowed(f *goFile, imp string, row []string) bool {
	if own, ok := strings.CutPrefix(imp, ownPrefix); ok {
		return f.test || slices.Contains(row, own)
	}
	if users, ok := narrow()[imp]; ok {
		return f.test || slices.Contains(users, f.dir)
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return true // the rest of the standard library
	}
	for lib, users := range libraries() {
		if imp == lib || strings.HasPrefix(imp, lib+"/") {
			return f.test || slices.Contains(users, f.dir)
		}
	}
	return false
}

// The rule must be able to fail.
func TestTheRuleFindsForbiddenImports(t *testing.T) {
	file := func(dir, imp string, test bool) *goFile {
		name := dir + "/x.go"
		if test {
			name = dir + "/x_test.go"
		}
		return parseText(t, name, dir, "package x\n\nimport _ \""+imp+"\"\n")
	}
	own := module + "/internal/"
	tests := map[string]struct {
		file *goFile
		ok   bool
	}{
		"the table allows it":                 {file("peer", own+"wire", false), true},
		"upwards":                             {file("replicate", own+"engine", false), false},
		"sideways":                            {file("store", own+"wire", false), false},
		"the vocabulary imports nothing":      {file("memory", own+"wire", false), false},
		"client is for others":                {file("client", own+"memory", false), false},
		"test support in a product":           {file("engine", own+"memory/memorytest", false), false},
		"test files are free":                 {file("replicate", own+"store", true), true},
		"a package that nobody knows":         {file("util", "strings", false), false},
		"a library at its place":              {file("wire", "github.com/fxamacker/cbor/v2", false), true},
		"a part of a library at its place":    {file("store", "modernc.org/sqlite/lib", false), true},
		"a library elsewhere":                 {file("engine", "github.com/fxamacker/cbor/v2", false), false},
		"a library that nobody knows":         {file("store", "example.org/orm", true), false},
		"a library with a name that is alike": {file("wire", "github.com/fxamacker/cbor/v23", false), false},
		"HTTP in the middle":                  {file("engine", "net/http", false), false},
		"HTTP at the edge":                    {file("peer", "net/http", false), true},
		"SQL outside the store":               {file("engine", "database/sql", false), false},
		"the standard library":                {file("memory", "crypto/sha256", false), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if problems := importProblems([]*goFile{tt.file}); (len(problems) == 0) != tt.ok {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}
