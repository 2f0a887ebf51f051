package recall

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall/fold"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// words is the projection that has the words of the memories, their dates, and who
// may see them: the index that all arms look through.
type words struct {
	file   string // "": nowhere
	source Source
	log    *slog.Logger

	erasers []Eraser
	index   atomic.Pointer[index.Index] // answers

	// What follows is of the goroutine that applies.
	next   *index.Index // in the making; else the one that answers
	erased bool         // since the file was last saved
	saved  uint64
}

func newWords(file string, source Source, log *slog.Logger) *words {
	w := &words{file: file, source: source, log: log, next: index.New()}
	w.index.Store(w.next)
	return w
}

// From implements [Projection].
func (w *words) From() uint64 { return w.index.Load().From() }

// Apply implements [Projection].
func (w *words) Apply(ctx context.Context, b *Batch) error {
	if b.After == 0 && w.From() != 0 {
		w.next = index.New() // the one that answers goes on until this one can
	}
	changes := make([]index.Change, 0, len(b.Records))
	var erased []string
	for i := range b.Records {
		if b.Records[i].Life == memory.Erased {
			w.forget(ctx)
			erased = append(erased, b.Records[i].ID)
		}
		changes = append(changes, ChangeOf(&b.Records[i]))
	}
	if len(erased) > 0 {
		for _, e := range w.erasers {
			e.Erase(ctx, erased)
		}
	}
	w.next.Apply(changes, b.At)
	if b.At >= b.Top && w.next != w.index.Load() {
		w.index.Store(w.next)
		w.saved = 0
	}
	return nil
}

// Open implements [Projection].
func (w *words) Open(ctx context.Context) {
	if w.file == "" {
		return
	}
	file, err := OpenFile(w.file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		w.log.WarnContext(ctx, "index file cannot be read: the index is made again", "err", err)
		return
	}
	defer file.Close() //nolint:errcheck // only read
	x, label, err := index.Load(ctx, file)
	switch {
	case ctx.Err() != nil: // the file stays as it is
	case err != nil:
		w.log.InfoContext(ctx, "index file is of no use: the index is made again", "err", err)
	case label != string(w.source.Origin()) || x.From() > w.source.View().LSN:
		w.log.InfoContext(ctx, "index file is of another log: the index is made again")
	default:
		w.next = x
		w.index.Store(x)
		w.saved = x.From()
	}
}

// forget takes the file away that holds words of a text that was erased. The next
// one does not.
func (w *words) forget(ctx context.Context) {
	if w.erased {
		return
	}
	w.erased = true
	if w.file == "" {
		return
	}
	if err := os.Remove(w.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.log.ErrorContext(ctx, "index file holds words of an erased text", "err", err)
		w.erased = false // tried again
	}
}

// Save implements [Projection]: it writes the index to its file.
func (w *words) Save(context.Context) error {
	x := w.index.Load()
	at := x.From()
	if w.file == "" || at == w.saved && !w.erased || at == 0 {
		return nil
	}
	if err := ReplaceFile(w.file, func(f io.Writer) error { return x.Save(f, string(w.source.Origin())) }); err != nil {
		return err
	}
	w.saved, w.erased = at, false
	return nil
}

// SameName reports whether two titles or tags are the same as they are compared.
func SameName(a, b string) bool { return fold.Name(a) == fold.Name(b) }

// Words returns all words of a text as they are compared, in order, the common
// ones and repetitions included.
func Words(s string) []string {
	var t text.Terms
	t.Add(s)
	var out []string
	for i := range t.Len() {
		if w, kind := t.At(i); kind == text.Word || kind == text.Sign {
			out = append(out, string(w))
		}
	}
	return out
}
