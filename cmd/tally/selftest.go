package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/selftest"
)

const selftestHelp = `Do everything that changes memories, on a running node, and see that it worked:
create, edit, link, archive, delete, consolidate, approve and so on, in a
namespace of its own, _selftest/…, which is empty again afterwards.

With --cluster the node's members take part: each step is taken on the next node,
then every node has to hold it on disk and to show the result. Give --server
several times to name the nodes, if their addresses for clients are not those
that they have for each other.

Ends with 0 if all checks pass, and with 1 if one fails. What is erased leaves
its ids behind, as an erase does.`

func newSelftest(a *app) *cobra.Command {
	var servers []string
	var cluster bool
	var timeout time.Duration
	cmd := command("selftest [flags]", "Try out everything that changes memories, on a node or on all of them", argCheck{0, 0}, nil)
	cmd.Long = selftestHelp
	cmd.Annotations = map[string]string{changesState: "in a namespace that is empty again afterwards"}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		a.linger()
		if timeout <= 0 {
			return usage("--timeout %s: want more than 0", timeout)
		}
		nodes, err := a.nodes(cmd.Context(), servers, cluster)
		if err != nil {
			return err
		}
		r := selftest.Run(cmd.Context(), nodes, timeout)
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		return a.showTrial(nodes, r)
	}
	cmd.Flags().BoolVar(&cluster, "cluster", false, "take in all members that the node knows")
	cmd.Flags().StringArrayVar(&servers, "server", nil, "`URL` of a node; repeat it for several (TALLY_SERVER; default http://127.0.0.1:9077)")
	cmd.Flags().DurationVar(&timeout, "timeout", 15*time.Second, "how long a step may take to reach all nodes")
	return cmd
}

// changesState marks commands that change memories and have no --durability.
const changesState = "changes-state"

// nodes connects to the nodes that are named, or to the one that other commands
// use, and with cluster to their members. The first must answer.
func (a *app) nodes(ctx context.Context, servers []string, cluster bool) ([]*selftest.Node, error) {
	if len(servers) == 0 {
		servers = []string{a.address()}
	}
	var out []*selftest.Node
	var members []client.Member
	for i, url := range servers {
		s, st, err := a.connectNode(ctx, url)
		if err != nil {
			return nil, err
		}
		if i == 0 && s.Err != nil {
			return nil, s.Err
		}
		if st != nil {
			members = append(members, st.Members...)
		}
		out = append(out, s)
	}
	for _, m := range members {
		if !cluster || len(servers) > 1 || slices.ContainsFunc(out, func(s *selftest.Node) bool { return s.Name == m.Name }) {
			continue
		}
		s, _, err := a.connectNode(ctx, m.URL)
		if err != nil {
			return nil, err
		}
		s.Name = m.Name
		out = append(out, s)
	}
	return out, nil
}

func (a *app) connectNode(ctx context.Context, url string) (*selftest.Node, *client.Status, error) {
	c, err := a.connectTo(url)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	st, err := c.Status(ctx)
	if err != nil {
		return &selftest.Node{Name: url, Client: c, Err: err}, nil, nil
	}
	return &selftest.Node{Name: st.Node, Client: c}, st, nil
}

// trialView is a trial as JSON.
type trialView struct {
	OK        bool              `json:"ok"`
	Namespace string            `json:"namespace"`
	Nodes     []string          `json:"nodes"`
	Checks    []selftest.Result `json:"checks"`
}

func (a *app) showTrial(nodes []*selftest.Node, report *selftest.Report) error {
	failed := report.Failed()
	v := trialView{OK: failed == 0, Namespace: report.Namespace, Checks: report.Results}
	for _, s := range nodes {
		v.Nodes = append(v.Nodes, s.Name)
	}
	err := a.show(v, func(w io.Writer) error {
		rows := make([][]string, len(report.Results))
		for i, r := range report.Results {
			word := "ok"
			if !r.OK {
				word = "FAILED"
			}
			rows[i] = []string{r.Check, r.Node, word, fmt.Sprintf("%d ms", r.TookMS), cmp.Or(r.Error, "")}
		}
		if err := table(w, []string{"CHECK", "ON", "RESULT", "TOOK", ""}, rows); err != nil {
			return err
		}
		names := strings.Join(v.Nodes, ", ")
		if failed > 0 {
			say(w, "\n%d of %d checks failed, on %s\n", failed, len(rows), names)
			return nil
		}
		say(w, "\nall %d checks passed, on %s\n", len(rows), names)
		return nil
	})
	if err == nil && failed > 0 {
		return errShown
	}
	return err
}
