package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/node/models"
	"github.com/tallystick/tallystick/internal/recall/eval"
)

// evalOptions say what `tally eval` measures.
type evalOptions struct {
	results string
	gate    bool
	models  []string
	data    func() (string, error)
}

func newEval(a *app) *cobra.Command {
	var o evalOptions
	cmd := command("eval [flags] [FILE | DIRECTORY]…", "Measure how well recall finds what answers", argCheck{0, -1}, nil)
	cmd.Long = `Ask the questions of labelled sets, and print how often a memory that answers is
among the first 1, 5, 10 and 20 (any@k), which share of them is among the first 10
(frac@10), and the mean of 1 / the place of the first (MRR), in percent: of having
no memory, of taking the newest, of the words of each memory alone, and of recall;
then recall by kind of question. With --model, recall with that one, too, and the
kinds of question with the last of them. No node is asked, and nothing leaves this
machine, unless the model is that of a server.

A small set of this program's own always comes first. Further ones, which you have:

  LoCoMo       its JSON file
  LongMemEval  a JSON file of it, with the sessions
  BEAM         a directory with chats, such as chats/100K
  your own     lines of fields with tabs between them: of a memory namespace, id,
               session, speaker, date and text; of a question, behind a ?, namespace,
               kind, the ids of its answers with blanks between them, and text`
	cmd.Example = `  tally eval locomo10.json
  tally eval --results answers.jsonl my-notes.tsv`
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), a, args) }
	cmd.Flags().StringVar(&o.results, "results", "", "`file` for what was found for each question, a line of JSON each")
	cmd.Flags().StringArrayVar(&o.models, "model", nil, "also recall with this `MODEL` of the data directory; may be repeated")
	o.data = dataOf(cmd, a)
	cmd.Flags().BoolVar(&o.gate, "gate", false, "fail if a set that this program knows comes out worse than it should")
	localHelp(cmd)
	return cmd
}

// measured is a set with how its questions were answered.
type measured struct {
	Set     string        `json:"set"`
	Hash    string        `json:"sha256"`
	Reports []eval.Report `json:"reports"`
}

func (o *evalOptions) run(ctx context.Context, a *app, paths []string) (err error) {
	told := func(*eval.Answered) error { return nil }
	if o.results != "" {
		file, err2 := os.OpenFile(o.results, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err2 != nil {
			return err2
		}
		out := bufio.NewWriter(file)
		defer func() { err = errors.Join(err, out.Flush(), file.Close()) }()
		lines := json.NewEncoder(out)
		told = func(q *eval.Answered) error { return lines.Encode(q) }
	}
	with, err := o.with(a)
	if err != nil {
		return err
	}
	var worse []error
	for i := -1; i < len(paths); i++ {
		open := eval.Made
		if i >= 0 {
			open = func() (*eval.Set, error) { return eval.Open(paths[i]) }
		}
		s, err := open()
		if err != nil {
			return err
		}
		reports, err := eval.Compare(ctx, s, told, with...)
		if err != nil {
			return err
		}
		err = a.show(measured{s.Name, s.Hash, reports}, func(w io.Writer) error {
			say(w, "%s: %s, %s (sha256 %s)\n\n", s.Name, count(len(s.Memories), "memory"), count(len(s.Questions), "question"), s.Hash)
			if err := eval.Print(w, reports...); err != nil {
				return err
			}
			say(w, "\n")
			return nil
		})
		if err != nil {
			return err
		}
		worse = append(worse, o.judge(s, reports[len(reports)-1-len(with)].All))
	}
	return errors.Join(worse...)
}

// with are the models to measure, too.
func (o *evalOptions) with(a *app) ([]eval.Model, error) {
	if len(o.models) == 0 {
		return nil, nil
	}
	dir, err := o.data()
	if err != nil {
		return nil, err
	}
	calls, err := callsOf(a)
	if err != nil {
		return nil, err
	}
	out := make([]eval.Model, len(o.models))
	for i, name := range o.models {
		out[i] = models.Measured(dir, name, calls)
	}
	return out, nil
}

// judge says whether recall is worse on a set than it should be.
func (o *evalOptions) judge(s *eval.Set, got eval.Row) error {
	if !o.gate || got.Any5 >= s.Least.Any5 && got.Any10 >= s.Least.Any10 {
		return nil
	}
	return fmt.Errorf("%s: any@5 %.1f, any@10 %.1f, want at least %.1f and %.1f", s.Name, got.Any5, got.Any10, s.Least.Any5, s.Least.Any10)
}
