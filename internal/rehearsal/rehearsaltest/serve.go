// Package rehearsaltest makes a node of a test binary, as `tally serve` is one.
package rehearsaltest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

// Main runs a node if the binary was started as `tally serve` is for a rehearsal, and
// returns its exit status.
func Main() (code int, is bool) {
	if len(os.Args) < 2 || os.Args[1] != "serve" {
		return 0, false
	}
	if err := serve(os.Args[2:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

func serve(args []string) error {
	cfg := node.Default()
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	name := flags.String("node", "", "")
	flags.StringVar(&cfg.Listen, "listen", "", "")
	flags.StringVar(&cfg.Data, "data", "", "")
	tied := flags.Bool(fleet.TiedFlag, false, "")
	flags.Func("member", "", func(s string) error {
		other, url, _ := strings.Cut(s, "=")
		cfg.Members = append(cfg.Members, node.Member{Name: memory.Node(other), URL: url})
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg.Node = memory.Node(*name)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if *tied {
		var end context.CancelFunc
		ctx, end = fleet.Until(ctx, os.Stdin)
		defer end()
	}
	return node.Run(ctx, cfg, func(url string) { _, _ = fmt.Fprintln(os.Stdout, "ready", url) })
}
