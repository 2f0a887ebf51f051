package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/legacy/wire"
)

func newLegacyCheck(a *app) *cobra.Command {
	var name, keyFile string
	cmd := command("check [flags] URL", "Say in words what a node of ai-memory would take and show", argCheck{1, 1}, nil)
	cmd.Long = `Ask the node at URL who it is, what it takes, what it shows, and what time it has, as
the peer that --name says. The push with which it is asked is empty and a dry run: it
changes nothing there.`
	cmd.Example = "  tally legacy check http://10.0.0.5:9077 --name north"
	cmd.Flags().StringVar(&name, "name", defaultNode(), "how this node identifies itself to it")
	cmd.Flags().StringVar(&keyFile, "peer-key-file", "", "`file` with the API key that it asks for")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		base, err := url.Parse(args[0])
		if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
			return usage("legacy check %q: want http://HOST:PORT", args[0])
		}
		c := legacyCheck{base: strings.TrimRight(args[0], "/"), name: name}
		if keyFile != "" {
			if c.key, err = keyFileText(keyFile); err != nil {
				return usage("--peer-key-file: %v", err)
			}
		}
		if err := c.run(cmd.Context()); err != nil {
			return err
		}
		return a.show(map[string]any{"url": c.base, "findings": c.found}, func(w io.Writer) error {
			for _, f := range c.found {
				say(w, "%-10s %s\n", f.About, f.Text)
			}
			return nil
		})
	}
	return cmd
}

// legacyCheck is one examination of a node.
type legacyCheck struct {
	base, name, key string
	found           []remark
}

// remark is one thing that was found out.
type remark struct {
	About string `json:"about"`
	Text  string `json:"text"`
}

func (c *legacyCheck) say(about, format string, args ...any) {
	c.found = append(c.found, remark{about, fmt.Sprintf(format, args...)})
}

func (c *legacyCheck) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{c.who, c.pushes, c.pulls} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	c.say("lost", "it never learns of these, because it has no word for them: history, conflicts, subscriptions, proposals other than to store and to delete")
	c.say("lost", "it never tells of these: unlinking, forget, purge, import, entities, share, expiry, recalls")
	c.say("disk", "it acknowledges before anything is on its disk: a receipt says durability unknown for it, and it counts for no quorum")
	return nil
}

// who asks what kind of node it is, and what time it has.
func (c *legacyCheck) who(ctx context.Context) error {
	before := time.Now()
	res, err := c.ask(ctx, http.MethodGet, "/api/v1/health", nil)
	if err != nil {
		return err
	}
	took := time.Since(before)
	var health struct {
		Service    string `json:"service"`
		Version    string `json:"version"`
		Federation bool   `json:"federation_enabled"`
	}
	if json.Unmarshal(res.body, &health) != nil || res.status != http.StatusOK {
		c.say("who", "it answers its health with %s, and may be no node at all", res.words)
	} else {
		c.say("who", "%s %s; pushes to others: %s", health.Service, health.Version, inWords(health.Federation))
	}
	hello, err := c.ask(ctx, http.MethodGet, "/api/v1/sync/hello", nil)
	if err != nil {
		return err
	}
	if hello.status == http.StatusOK {
		c.say("who", "it speaks this program's own protocol: make it a member, not a legacy peer")
	}
	at, err := http.ParseTime(res.date)
	if err != nil {
		c.say("clock", "it does not tell its time")
		return nil //nolint:nilerr // that is the finding
	}
	off := at.Sub(before.Add(took / 2).Truncate(time.Second))
	if off.Abs() <= 2*time.Second {
		c.say("clock", "agrees, to the second that it tells")
	} else {
		c.say("clock", "is off by %s: of two edits the one with the later clock wins", off.Round(time.Second))
	}
	return nil
}

func inWords(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// push sends nothing, as a dry run.
func (c *legacyCheck) push(ctx context.Context) (heard, error) {
	body, err := (&wire.Push{Sender: c.name, DryRun: true}).Encode()
	if err != nil {
		return heard{}, err
	}
	return c.ask(ctx, http.MethodPost, "/api/v1/sync/push", body)
}

// pushes asks what it takes.
func (c *legacyCheck) pushes(ctx context.Context) error {
	res, err := c.push(ctx)
	if err != nil {
		return err
	}
	var refused struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(res.body, &refused)
	words := map[string]string{
		"x_memory_sig_missing":            "only signed pushes of " + c.name + ": it has a key of that name; give this node the private one with [legacy] key_file",
		"peer_not_enrolled":               "only pushes of enrolled peers, and it has no key of " + c.name + ": import this node's there",
		"x_peer_id_not_in_allowlist":      c.name + " is not in its allowlist",
		"peer_id_header_missing":          "it does not understand the name " + c.name,
		"missing or invalid API key":      "it asks for an API key: name it with --peer-key-file",
		"x_memory_sig_no_enrolled_key":    "it has no key of " + c.name,
		"sender_agent_id_mismatch":        "it takes no pushes in the name " + c.name,
		"X-Fed-Proto \"\": want 2":        "it speaks this program's own protocol only: make it a member",
		"the API key is missing or wrong": "it asks for an API key: name it with --peer-key-file",
	}
	switch word, known := words[refused.Error]; {
	case res.status == http.StatusOK:
		reply, err := wire.DecodeReply(res.body)
		if err != nil {
			return fmt.Errorf("the reply to a push is not that of ai-memory: %w", err)
		}
		c.say("pushes", "it takes unsigned pushes of %s%s", c.name, prefixed(", and calls itself ", c.ownName(reply.ReceiverAgent)))
	case known:
		c.say("pushes", "%s", word)
	default:
		c.say("pushes", "refused with %s %.200s", res.words, refused.Error)
	}
	return nil
}

// ownName is what a node calls itself by its reply, "" if it does not say: a node of
// ai-memory gives back the name of who asks, or one that it makes up.
func (c *legacyCheck) ownName(told string) string {
	if told == c.name || strings.HasPrefix(told, "anonymous:") {
		return ""
	}
	return told
}

// pulls asks what it shows.
func (c *legacyCheck) pulls(ctx context.Context) error {
	res, err := c.ask(ctx, http.MethodGet, "/api/v1/sync/since?limit=1&peer="+url.QueryEscape(c.name), nil)
	if err != nil {
		return err
	}
	got, err := wire.DecodeSince(res.body)
	switch {
	case res.status != http.StatusOK:
		c.say("pulls", "refused with %s %.200s", res.words, res.body)
	case err != nil:
		c.say("pulls", "the answer is not that of ai-memory")
	case got.ScopeStatus == wire.ScopeDenied:
		c.say("pulls", "it shows nothing to %s: name it in AI_MEMORY_FED_PEER_ATTESTATION there", c.name)
	case got.ScopeStatus == wire.ScopeBypass:
		c.say("pulls", "it shows everything, private memories too, to everybody")
	default:
		c.say("pulls", "it shows %s the namespaces that its allowlist names", c.name)
	}
	return nil
}

// heard is what a node has answered.
type heard struct {
	status int
	words  string // of the status
	date   string
	body   []byte
}

func (c *legacyCheck) ask(ctx context.Context, method, path string, body []byte) (heard, error) {
	const timeout, most = 10 * time.Second, 8 << 20
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return heard{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Peer-Id", c.name)
	req.Header.Set("X-Agent-Id", c.name)
	if c.key != "" {
		req.Header.Set("X-Api-Key", c.key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return heard{}, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	out := heard{status: res.StatusCode, words: res.Status, date: res.Header.Get("Date")}
	out.body, err = io.ReadAll(io.LimitReader(res.Body, most))
	return out, err
}
