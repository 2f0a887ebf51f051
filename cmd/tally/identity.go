package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/node"
)

func newIdentity(a *app) *cobra.Command {
	return parent("identity", "See and change who a node is", newIdentityShow(a), newIdentityRotate(a), newIdentityListen(a), newIdentityRequest(a), newIdentityAccept(a))
}

// identityShown is what a node shows of itself.
type identityShown struct {
	Cluster     string `json:"cluster"`
	Node        string `json:"node"`
	Name        string `json:"name"`
	Key         string `json:"key"`
	KeyID       string `json:"key_id"`
	URL         string `json:"url"`
	Epoch       uint64 `json:"epoch"`
	Certificate string `json:"certificate_until"`
	Authority   string `json:"authority,omitempty"`
	Root        string `json:"root"`
}

func newIdentityShow(a *app) *cobra.Command {
	cmd := command("show [flags]", "Show who the node is: its name, key, certificate and root", argCheck{0, 0}, nil)
	open := identityOf(cmd, a)
	cmd.RunE = func(*cobra.Command, []string) error {
		c, err := open()
		if err != nil {
			return err
		}
		m, _ := c.Membership()
		p, key := c.Place(), c.Self().Key().Public()
		v := identityShown{
			Cluster: string(m.Domain), Node: string(p.Node), Name: string(p.Name), Key: key.String(), KeyID: string(key.ID()), URL: p.URL,
			Epoch: m.Epoch, Certificate: stamp(c.Self().TLS().Leaf.NotAfter), Authority: string(c.Authority()), Root: rootKey(c),
		}
		return a.show(v, func(w io.Writer) error {
			held := v.Authority
			if held == "" {
				held = "not here"
			}
			return table(w, nil, [][]string{
				{"cluster", fmt.Sprintf("%s, epoch %d", v.Cluster, v.Epoch)},
				{"node", v.Node},
				{"name", v.Name},
				{"key", v.Key},
				{"members", calledAt(v.URL)},
				{"certificate", "until " + v.Certificate},
				{"authority", held},
				{"root", v.Root},
			})
		})
	}
	return cmd
}

func newIdentityRotate(a *app) *cobra.Command {
	var token string
	cmd := command("rotate [flags]", "Give the node another key and certificate", argCheck{0, 0}, nil)
	cmd.Long = `Give the node another key. The authority is asked, and the members hear of the new key
within seconds; the node may be running, and goes on with it within a second. The key
that it had signs for the new one, and is refused a minute later.

If somebody else may have that key, ask with a token: tally member rotate NODE, where
the authority is, prints one. Then the old key is refused at once.`
	data := dataOf(cmd, a)
	cmd.Flags().StringVar(&token, "token", "", "`TOKEN` of tally member rotate; - reads it from stdin")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		if token, err = a.text(token); err != nil {
			return err
		}
		if _, err := openIdentity(dir); err != nil {
			return err
		}
		c, err := node.Rotate(cmd.Context(), dir, token)
		if err != nil {
			return underWay(err)
		}
		key := c.Self().Key().Public()
		return a.show(map[string]string{"key": key.String(), "key_id": string(key.ID())}, func(w io.Writer) error {
			say(w, "node %s has the key %s now\n", c.Place().Node, key)
			return nil
		})
	}
	return cmd
}

func newIdentityListen(a *app) *cobra.Command {
	cmd := command("listen HOST:PORT", "Say on which address the node answers members from its next start on", argCheck{1, 1}, nil)
	cmd.Long = `Say on which address the node answers members, from its next start on. Where they call
it is for the node with the authority to say: tally member set NODE --url URL.`
	cmd.Example = "  tally identity listen :9178"
	data := dataOf(cmd, a)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		c, err := openIdentity(dir)
		if err != nil {
			return err
		}
		if err := cluster.Listen(filepath.Join(dir, node.IdentityDir), args[0]); err != nil {
			return usage("listen %v", err)
		}
		url := cmp.Or(c.Place().URL, unreachable)
		return a.show(map[string]string{"listen": args[0], "url": url}, func(w io.Writer) error {
			say(w, "from its next start on the node answers members on %s; they call it at %s\n", args[0], url)
			return nil
		})
	}
	return cmd
}

func newIdentityRequest(a *app) *cobra.Command {
	var p placeFlags
	cmd := command("request [flags]", "Make a key for a node that is to become a member by hand", argCheck{0, 0}, nil)
	cmd.Long = `Make a key for this node, and print what to carry to the authority: tally member add.
The key stays here. Asked again, it is the same key.`
	p.add(cmd, a)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, place, err := p.config(cmd.Context())
		if err != nil {
			return err
		}
		ask, err := node.Prepare(cfg.Data, place)
		if err != nil {
			return err
		}
		say(a.err, "where the authority is: tally member add FILE\n")
		return a.printJSON(ask)
	}
	return cmd
}

func newIdentityAccept(a *app) *cobra.Command {
	var root string
	cmd := command("accept FILE --root KEY [flags]", "Become a member with what tally member add has printed", argCheck{1, 1}, nil)
	cmd.Long = `Become a member with what tally member add has printed ("-" is stdin). KEY is the public
key of the root, as tally identity show prints it there: compare it by another way than
the one by which FILE came.`
	data := dataOf(cmd, a)
	cmd.Flags().StringVar(&root, "root", "", "public `KEY` of the root")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		key, err := identity.ParsePublicKey(root)
		if err != nil {
			return usage("--root: %v", err)
		}
		dir, err := data()
		if err != nil {
			return err
		}
		text, err := fileOrStdin(a, args[0])
		if err != nil {
			return err
		}
		var w cluster.Welcome
		if err := json.Unmarshal(text, &w); err != nil {
			return usage("%s is not what tally member add prints: %v", args[0], err)
		}
		c, err := node.Accept(dir, w, key)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("nothing was asked for in %s: tally identity request: %w", dir, err)
		}
		if err != nil {
			return err
		}
		return showChange(a, c, string(c.Place().Node)+" is a member; start it with tally serve")
	}
	return cmd
}
