package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/legacy/config"
)

func newLegacy(a *app) *cobra.Command {
	return parent("legacy", "Exchange memories with nodes of ai-memory 0.7", newLegacyList(a), newLegacyAdd(a), newLegacyCheck(a), newLegacyRemove(a), newLegacyTakeOver(a))
}

// bookOf adds --data to a command that works on the book of legacy peers.
func bookOf(cmd *cobra.Command, a *app) func() (config.Book, error) {
	data := dataOf(cmd, a)
	return func() (config.Book, error) {
		dir, err := data()
		return config.Book{Path: filepath.Join(dir, config.BookFile)}, err
	}
}

func newLegacyAdd(a *app) *cobra.Command {
	var p config.Peer
	var direction, keyFile, apiKeyFile string
	var issuers []string
	cmd := command("add [flags] NAME", "Add a node of ai-memory as a peer, or change what it may do", argCheck{1, 1}, nil)
	cmd.Long = `Write a peer into the book in the data directory; a running node follows it within a
second. NAME is how the peer identifies itself: its federation identity, which it sends
as x-peer-id.

Nothing is believed and nothing is shown that is not named here: without --key-file,
--key, --issuer or --unsigned the peer is refused, and without --namespace nothing
may go either way. What a peer acknowledges is not on its disk yet, so it counts for
no quorum.`
	cmd.Example = "  tally legacy add node-a --url http://10.0.0.5:9077 --key-file node-a.pub --namespace '**'\n" +
		"  tally legacy add node-b --url http://10.0.0.6:9077 --unsigned --unsigned-pulls --namespace 'team/**' --expires 2027-01-01T00:00:00Z"
	book := bookOf(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&p.URL, "url", "", "its base `URL`, such as http://10.0.0.5:9077")
	flags.StringVar(&direction, "direction", "both", "which `way` memories go: both, in or out")
	flags.StringVar(&p.Key, "key", "", "its public key in `hex`")
	flags.StringVar(&keyFile, "key-file", "", "its public key, a `file` of 32 bytes such as NAME.pub")
	flags.StringArrayVar(&issuers, "issuer", nil, "`NAME=FILE` of a root that its credential goes back to; repeat")
	flags.StringVar(&p.Domain, "credential-domain", "", "trust `domain` of its credential")
	flags.BoolVar(&p.Unsigned, "unsigned", false, "take pushes without a signature: whoever reaches this node can say that it is the peer")
	flags.BoolVar(&p.UnsignedPulls, "unsigned-pulls", false, "answer pulls without a signature, which is how its daemon pulls")
	flags.StringVar(&p.CAFile, "ca-file", "", "certificates in PEM that its TLS certificate goes back to")
	flags.StringVar(&apiKeyFile, "peer-key-file", "", "`file` with the API key that it asks for")
	flags.StringArrayVar(&p.Senders, "sender", nil, "agent `id` in whose name it may push, beside its own; repeat")
	flags.StringArrayVarP(&p.Namespaces, "namespace", "n", nil, "`namespace` that it may read and write; ** is all, a/** a subtree; repeat")
	flags.StringVar(&p.Expires, "expires", "", "`time` at which it stops being a peer, in RFC 3339")
	flags.IntVar(&p.MemoriesPerDay, "memories-per-day", 0, "new memories that it may bring a day for one agent and namespace; 0 is without limit")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		p.Name, p.Direction = args[0], config.Direction(direction)
		if err := readKeys(&p, keyFile, apiKeyFile, issuers); err != nil {
			return err
		}
		b, err := book()
		if err != nil {
			return err
		}
		if err := p.Validate(); err != nil {
			return usage("%v", err)
		}
		if err := b.Put(p); err != nil {
			return err
		}
		say(a.err, "legacy peer %s is in %s\n", p.Name, b.Path)
		for _, word := range warnings(&p) {
			say(a.err, "note: %s\n", word)
		}
		return nil
	}
	return cmd
}

// readKeys puts what lies in files into the peer.
func readKeys(p *config.Peer, keyFile, apiKeyFile string, issuers []string) (err error) {
	if keyFile != "" {
		if p.Key, err = publicKeyIn(keyFile); err != nil {
			return usage("--key-file: %v", err)
		}
	}
	if apiKeyFile != "" {
		if p.APIKey, err = keyFileText(apiKeyFile); err != nil {
			return usage("--peer-key-file: %v", err)
		}
	}
	for _, s := range issuers {
		name, file, ok := strings.Cut(s, "=")
		if !ok {
			return usage("--issuer %q: want NAME=FILE, such as root=root.pub", s)
		}
		if p.Issuers == nil {
			p.Issuers = map[string]string{}
		}
		if p.Issuers[name], err = publicKeyIn(file); err != nil {
			return usage("--issuer: %v", err)
		}
	}
	return nil
}

func keyFileText(name string) (string, error) {
	data, err := os.ReadFile(name) //nolint:gosec // the operator named this file
	return strings.TrimSpace(string(data)), err
}

// publicKeyIn reads a public key as ai-memory keeps it: 32 bytes, or their hex digits.
func publicKeyIn(name string) (string, error) {
	const size = 32
	data, err := os.ReadFile(name) //nolint:gosec // the operator named this file
	if err != nil {
		return "", err
	}
	if len(data) == size {
		return hex.EncodeToString(data), nil
	}
	text := strings.TrimSpace(string(data))
	if raw, err := hex.DecodeString(text); err != nil || len(raw) != size {
		return "", fmt.Errorf("%s: want %d bytes, or %d hex digits", name, size, 2*size)
	}
	return text, nil
}

// warnings says what about a peer may not be what was meant.
func warnings(p *config.Peer) []string {
	var out []string
	if p.Key == "" && len(p.Issuers) == 0 && !p.Unsigned && p.Receives() {
		out = append(out, "every push of it is refused: it has no key here, and unsigned ones are not taken")
	}
	if p.Unsigned {
		out = append(out, "pushes without a signature are taken: whoever reaches this node can write as it")
	}
	if len(p.Namespaces) == 0 {
		out = append(out, "no namespace is open to it: nothing goes either way")
	}
	if !p.UnsignedPulls && p.Sends() {
		out = append(out, "its own catch-up is refused, because its daemon does not sign pulls")
	}
	return out
}

// listed is a peer without its secrets.
type listed struct {
	config.Peer

	APIKey string   `json:"api_key,omitempty"`
	Notes  []string `json:"notes"`
}

func newLegacyList(a *app) *cobra.Command {
	cmd := command("list [flags]", "List the legacy peers of the book", argCheck{0, 0}, nil)
	cmd.Long = "List the peers that `tally legacy add` has written. Those of a configuration file are\nin that file, as [[legacy_peer]]."
	book := bookOf(cmd, a)
	cmd.RunE = func(*cobra.Command, []string) error {
		b, err := book()
		if err != nil {
			return err
		}
		peers, err := b.Load()
		if err != nil {
			return err
		}
		list := make([]listed, len(peers))
		for i, p := range peers {
			list[i] = listed{Peer: p, Notes: append([]string{}, warnings(&p)...)}
			if p.APIKey != "" {
				list[i].APIKey = "(set)"
			}
		}
		return showAll(a, "peers", list, func(w io.Writer) error {
			if len(list) == 0 {
				say(w, "no legacy peers in %s\n", b.Path)
				return nil
			}
			var rows [][]string
			for _, p := range list {
				rows = append(rows, []string{p.Name, p.URL, string(p.Direction), proofOf(&p.Peer), strings.Join(p.Namespaces, " "), p.Expires})
			}
			return table(w, []string{"NAME", "URL", "WAY", "BELIEVED BY", "NAMESPACES", "UNTIL"}, rows)
		})
	}
	return cmd
}

// proofOf says in a word what a peer is believed by.
func proofOf(p *config.Peer) string {
	var out []string
	if p.Key != "" {
		out = append(out, "key "+p.Key[:8])
	}
	if len(p.Issuers) > 0 {
		out = append(out, "credential of "+p.Domain)
	}
	if p.Unsigned {
		out = append(out, "its word")
	}
	if len(out) == 0 {
		out = append(out, "nothing")
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func newLegacyRemove(a *app) *cobra.Command {
	cmd := command("remove [flags] NAME", "Take a legacy peer out of the book", argCheck{1, 1}, nil)
	cmd.Long = "Take a peer out of the book. Its pushes are refused within a second; what it has\nbrought stays."
	book := bookOf(cmd, a)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		b, err := book()
		if err != nil {
			return err
		}
		if err := b.Remove(args[0]); err != nil {
			return err
		}
		say(a.err, "legacy peer %s is gone from %s\n", args[0], b.Path)
		return nil
	}
	return cmd
}
