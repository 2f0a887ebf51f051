// Command control is a node to measure against: the product's, but with one POST
// for each write and member and one transaction for each write, as a fan-out per
// request works. It takes the flags of `tally serve` that the benchmark uses.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
	"github.com/tallystick/tallystick/internal/replicate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "control:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, args []string) error {
	cfg, err := configure(args)
	if err != nil {
		return err
	}
	parts := node.Parts{
		Transport: func(t replicate.Transport) replicate.Transport { return perWrite{t} },
		BatchOps:  1,
	}
	return node.RunWith(ctx, cfg, parts, func(url string) {
		fmt.Println("ready", url) //nolint:forbidigo // a program
	})
}

func configure(args []string) (node.Config, error) {
	cfg := node.Default()
	flags := flag.NewFlagSet("control", flag.ContinueOnError)
	flags.StringVar(&cfg.Data, "data", "", "")
	flags.StringVar(&cfg.Listen, "listen", "", "")
	flags.Func("node", "", func(s string) error { cfg.Node = memory.Node(s); return nil })
	flags.IntVar(&cfg.WriteQuorum, "write-quorum", 0, "")
	flags.DurationVar(&cfg.QuorumTimeout, "quorum-timeout", cfg.QuorumTimeout, "")
	flags.Func("member", "", func(s string) error {
		name, url, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("member %q: want NAME=URL", s)
		}
		cfg.Members = append(cfg.Members, node.Member{Name: memory.Node(name), URL: url})
		return nil
	})
	return cfg, flags.Parse(args)
}
