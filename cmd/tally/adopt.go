package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

func newClusterAdopt(a *app) *cobra.Command {
	var name string
	var port int
	cmd := command("adopt --name NAME DIRECTORY… [flags]", "Make a trusted cluster of nodes that were named to each other", argCheck{1, -1}, nil)
	cmd.Long = `Make a trusted cluster of the nodes of a federation on this machine that has none:
those that name each other with --member. Each DIRECTORY is the data of one of them.
Each gets a key and a certificate, and the first one the authority. Nothing of what
they hold is touched.

Give all of them: who is not there is no member. Then start each again without its
--member flags (or the members of its settings file); until all are, those that wait
for others hold what they write and deliver it afterwards. A node on another machine
joins afterwards, with a token: what it holds stays, too.

A DIRECTORY may say where its node answers members: DIRECTORY=HOST:PORT. Without that
it is 127.0.0.1, and ports from --port on.`
	cmd.Example = "  tally cluster adopt --name acme /data/a /data/b /data/c"
	cmd.Flags().StringVar(&name, "name", "", "what the cluster is called, like a host `name`")
	cmd.Flags().IntVar(&port, "port", 9078, "the first `PORT` on which members are answered")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := identity.Domain(name).Valid(); err != nil {
			return usage("--name: %v", err)
		}
		dirs, places := make([]string, len(args)), make([]cluster.Place, len(args))
		for i, arg := range args {
			var err error
			if dirs[i], places[i], err = adopted(cmd, arg, port+i); err != nil {
				return err
			}
		}
		all, err := node.Adopt(dirs, identity.Domain(name), places)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("a node has an identity already: %w", err)
		}
		if err != nil {
			return err
		}
		say(a.err, "key of the root: %s\nkeep a copy of ca.key in %s: it makes members\n", rootKey(all[0]), filepath.Join(dirs[0], node.IdentityDir))
		for i, c := range all {
			say(a.out, "node %s: %s; start it with --data %s, and without --member\n", c.Place().Node, calledAt(c.Place().URL), shellQuoted(dirs[i]))
		}
		return nil
	}
	return cmd
}

// adopted reads DIRECTORY or DIRECTORY=HOST:PORT.
func adopted(cmd *cobra.Command, arg string, port int) (dir string, p cluster.Place, err error) {
	dir, addr, given := strings.Cut(arg, "=")
	if !given {
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return "", p, usage("%s: want DIRECTORY=HOST:PORT: %v", arg, err)
	}
	n := node.NameIn(cmd.Context(), dir)
	if n == "" {
		return "", p, fmt.Errorf("there is no node in %s: %w", dir, memory.ErrNotFound)
	}
	return dir, cluster.Place{Node: n, Name: identity.Name(n), Listen: addr, URL: "https://" + addr}, nil
}
