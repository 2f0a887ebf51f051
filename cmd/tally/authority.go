package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
)

func newCA(a *app) *cobra.Command {
	return parent("ca", "Keep the authority of a cluster: regions, and a root that is offline", newCAIntermediate(a), newCAExport(a), newCAImport(a))
}

// authorityError says what to do where the authority is not.
func authorityError(err error) error {
	switch {
	case errors.Is(err, cluster.ErrNoAuthority):
		return fmt.Errorf("%w: run it on the node that has identity/ca.key, or bring it here with `tally ca import DIRECTORY`", err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: choose a directory that is not there", err)
	}
	return err
}

func newCAIntermediate(a *app) *cobra.Command {
	var region, permit, dir string
	cmd := command("issue-intermediate --region REGION [flags]", "Make an authority for the nodes of one region", argCheck{0, 0}, nil)
	cmd.Long = `Make an authority that may sign certificates for the nodes below region/REGION/ and for
no others, in files of a new directory. Carry it to a node of that region, and tally ca
import it there: that node renews the certificates of the region from then on, also while
the root is away. It can neither make members nor remove them: that is for the root.
Its certificate lives for a year.`
	cmd.Example = "  tally ca issue-intermediate --region eu --permit 'region/eu/' --out eu-ca"
	open := identityOf(cmd, a)
	cmd.Flags().StringVar(&region, "region", "", "`REGION`, such as eu")
	cmd.Flags().StringVar(&permit, "permit", "", "the `NAMES` that it may sign for (default region/REGION/)")
	cmd.Flags().StringVar(&dir, "out", "", "`DIRECTORY` to make (default REGION-ca)")
	cmd.RunE = func(*cobra.Command, []string) error {
		scope := regionOf(region)
		if err := scope.Valid(); err != nil || region == "" {
			return usage("--region: want one, such as eu")
		}
		if below := strings.TrimSuffix(permit, "/"); permit != "" && below != string(scope) && !strings.HasPrefix(below, string(scope)+"/") {
			return usage("--permit %q: %s/ca may sign only for names below %s/", permit, scope, scope)
		} else if permit != "" {
			scope = identity.Name(below)
		}
		if dir == "" {
			dir = strings.ReplaceAll(region, "/", "-") + "-ca"
		}
		c, err := open()
		if err != nil {
			return err
		}
		below, err := c.Intermediate(scope, dir)
		if err != nil {
			return authorityError(err)
		}
		until := below.Certificate().NotAfter
		return a.show(map[string]string{"name": string(below.Name()), "directory": dir, "until": stamp(until)}, func(w io.Writer) error {
			say(w, "%s may sign for %s/, until %s\nits key is in %s; on a node there: tally ca import %s\n", below.Name(), scope, stamp(until), dir, shellQuoted(dir))
			return nil
		})
	}
	return cmd
}

func newCAExport(a *app) *cobra.Command {
	var stay bool
	cmd := command("export DIRECTORY [flags]", "Take the authority off this node, to keep it offline", argCheck{1, 1}, nil)
	cmd.Long = `Write the authority of this node to a new DIRECTORY, and take it away from here: put it
on a medium, and that into a drawer. The node may be running. Without an authority
nobody joins, and members cannot be changed; certificates are renewed by the authorities
of regions (tally ca issue-intermediate), and end after a day where there is none.`
	open := identityOf(cmd, a)
	cmd.Flags().BoolVar(&stay, "keep", false, "leave it here as well: a copy")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c, err := open()
		if err != nil {
			return err
		}
		name, err := c.Export(args[0], stay)
		if err != nil {
			return authorityError(err)
		}
		return a.show(map[string]string{"name": string(name), "directory": args[0]}, func(w io.Writer) error {
			say(w, "%s is in %s\nto bring it back: tally ca import %s\n", name, args[0], shellQuoted(args[0]))
			return nil
		})
	}
	return cmd
}

func newCAImport(a *app) *cobra.Command {
	cmd := command("import DIRECTORY [flags]", "Bring an authority to this node", argCheck{1, 1}, nil)
	cmd.Long = `Bring the authority in DIRECTORY to this node: the root, back from its drawer, or that of
a region. Its key file must be closed to others (mode 0600). The node may be running.`
	open := identityOf(cmd, a)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c, err := open()
		if err != nil {
			return err
		}
		name, err := c.Import(args[0])
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("the authority %s is here already: %w", c.Authority(), err)
		}
		if err != nil {
			return err
		}
		return a.show(map[string]string{"name": string(name)}, func(w io.Writer) error {
			say(w, "this node holds %s now\n", name)
			return nil
		})
	}
	return cmd
}
