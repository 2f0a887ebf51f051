package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newExport(a *app) *cobra.Command {
	var o client.ExportOptions
	var file string
	cmd := command("export [flags]", "Write memories and links as JSONL", argCheck{0, 0}, nil)
	cmd.Long = `Write live memories, the links between them, and archived memories as JSON, one
object per line, to stdout or a file. A file appears when it is complete, and not
before. tally import reads it back.

With --complete it is the whole log of the node, byte for byte, with a digest of
the file and of the state that it adds up to: what a backup wants, and what makes
another node equal to this one.`
	cmd.Example = `  tally export --output backup.jsonl
  tally export --namespace home | jq .title
  tally export --complete --output node.jsonl && tally import node.jsonl --server http://10.0.0.2:9077`
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.Complete && (o.Namespace != "" || o.Subtree) {
			return usage("export: --complete is the whole log; it takes neither --namespace nor --subtree")
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		if o.All || o.Complete {
			if c, err = a.operate(cmd.Context(), c); err != nil {
				return err
			}
		}
		p := newProgress(a.err, "lines written")
		defer p.done()
		if file == "" || file == "-" {
			a.leaves("what was written is a part of the export, and does not say so by itself: run it again")
			if o.Complete {
				a.leaves("what was written is a part of the export, without its last line: run it again")
			}
			_, err := export(cmd.Context(), c, o, a.out, p)
			return err
		}
		a.leaves("the file was not written, or is as it was: run it again")
		n, err := exportFile(cmd.Context(), c, o, file, p)
		if err != nil {
			return err
		}
		p.done()
		done := struct {
			File  string `json:"file"`
			Lines int    `json:"lines"`
		}{file, n}
		return a.show(done, func(w io.Writer) error {
			say(w, "exported  %s  %s\n", counted(n, "line", "lines"), file)
			return nil
		})
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "`file` to write (default stdout)")
	cmd.Flags().StringVarP(&o.Namespace, "namespace", "n", "", "only this namespace")
	cmd.Flags().BoolVar(&o.Subtree, "subtree", false, "with --namespace: and all below it")
	cmd.Flags().BoolVar(&o.Complete, "complete", false, "the whole log: history, links, tombstones, standards, proposals; for the operator of the node")
	cmd.Flags().BoolVar(&o.All, "all", false, "what every agent wrote, also in private; for the operator of the node")
	return cmd
}

// partialError says that an export went well and lacks what is damaged on the node.
type partialError struct{ ids []string }

func (e *partialError) Error() string {
	return "the export is not whole: left out, because damaged on the disk of the node: " + strings.Join(e.ids, ", ") +
		"; tally doctor says more, and another member may have it"
}

func export(ctx context.Context, c *client.Client, o client.ExportOptions, w io.Writer, p *progress) (int, error) {
	out := bufio.NewWriter(w)
	n := 0
	var left []string
	for raw, err := range c.Export(ctx, o) {
		if err != nil {
			return n, err
		}
		var d client.ExportedDamage
		if !o.Complete && bytes.HasPrefix(raw, []byte(`{"type":"damaged"`)) && json.Unmarshal(raw, &d) == nil {
			left = append(left, d.ID)
		}
		if err := writeLine(out, raw); err != nil {
			return n, err
		}
		n++
		p.at(n, 0)
	}
	if err := out.Flush(); err != nil || len(left) == 0 {
		return n, err
	}
	return n, &partialError{left}
}

func writeLine(out *bufio.Writer, raw json.RawMessage) error {
	if _, err := out.Write(raw); err != nil {
		return err
	}
	return out.WriteByte('\n')
}

// exportFile writes to a file beside the target and renames it at the end, so
// that the target is never half written.
func exportFile(ctx context.Context, c *client.Client, o client.ExportOptions, name string, p *progress) (n int, err error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return 0, usage("export: %s is a folder: name a file", name)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".tally-export-*")
	if bad, is := errors.AsType[*fs.PathError](err); is {
		return 0, fmt.Errorf("write %s: %w", name, bad.Err)
	}
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	n, err = export(ctx, c, o, tmp, p)
	left, _ := errors.AsType[*partialError](err)
	if err != nil && left == nil {
		return n, err
	}
	if err = tmp.Sync(); err != nil {
		return n, err
	}
	if err = tmp.Close(); err != nil {
		return n, err
	}
	if err = os.Rename(tmp.Name(), name); err != nil || left == nil {
		return n, err
	}
	return n, left
}
