package index_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/search"
	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// vocabulary has words that share stems, scripts without spaces, a speaker.
const vocabulary = "heron herons pond Jane's Häuser 東京都 猫 ข้าว node.js C++ 25 MB running runs the 🔴 fetchUserData last year"

func document() *rapid.Generator[index.Document] {
	words := strings.Fields(vocabulary)
	return rapid.Custom(func(t *rapid.T) index.Document {
		d := index.Document{
			ID:        fmt.Sprintf("m%d", rapid.IntRange(0, 15).Draw(t, "id")),
			Namespace: rapid.SampledFrom([]string{"a", "a/b", "c"}).Draw(t, "namespace"),
			Title:     strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 2).Draw(t, "title"), " "),
			Body:      strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 8).Draw(t, "body"), " "),
			Tags:      rapid.SliceOfN(rapid.SampledFrom([]string{"red", "blue"}), 0, 2).Draw(t, "tags"),
			Tier:      rapid.SampledFrom([]string{"short", "mid", "long"}).Draw(t, "tier"),
			Kind:      rapid.SampledFrom([]string{"observation", "decision"}).Draw(t, "kind"),
			Priority:  int32(rapid.IntRange(1, 10).Draw(t, "priority")),
			Session:   rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(t, "session"),
			Speaker:   rapid.SampledFrom([]string{"", "Jane", "Tom"}).Draw(t, "speaker"),
			Said:      when.None,
		}
		if rapid.Bool().Draw(t, "private") {
			d.Access = index.Access{Owner: rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "owner"), Private: true}
		}
		if rapid.Bool().Draw(t, "expires") {
			d.Expires = int64(rapid.IntRange(1, 100).Draw(t, "at"))
		}
		// One id keeps its place in time.
		d.Created = int64(len(d.ID)*100) + int64(d.ID[len(d.ID)-1])
		return d
	})
}

// model is the index that one would write first.
type model struct {
	docs map[string]index.Document
}

func (m model) find(words []string, f index.Filter) []string {
	var out []string
	for id, d := range m.docs {
		if fits(&d, &f) && has(&d, words) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

func fits(d *index.Document, f *index.Filter) bool {
	for _, t := range f.Tags {
		if !slices.Contains(d.Tags, t) {
			return false
		}
	}
	inside := f.Namespace == "" || d.Namespace == f.Namespace || f.Subtree && strings.HasPrefix(d.Namespace, f.Namespace+"/")
	seen := f.All || !d.Access.Private || d.Access.Owner == f.Viewer
	return inside && seen && (f.Tier == "" || d.Tier == f.Tier) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, d.Kind)) &&
		d.Priority >= f.MinPriority && (d.Expires == 0 || d.Expires > f.Now) &&
		(f.Owner == "" || d.Access.Owner == f.Owner) && (f.Since == 0 || d.Created >= f.Since) && (f.Until == 0 || d.Created <= f.Until)
}

// has reports whether each of the words is in the text, by itself.
func has(d *index.Document, words []string) bool {
	for _, w := range words {
		var doc, want text.Terms
		for _, s := range append([]string{d.Title, d.Body}, d.Tags...) {
			doc.Add(s)
		}
		want.Add(w)
		term, _ := want.At(0)
		found := false
		for i := range doc.Len() {
			got, _ := doc.At(i)
			found = found || bytes.Equal(got, term) || text.Dense(term) && len([]rune(string(term))) == 1 && bytes.Contains(got, term)
		}
		if !found {
			return false
		}
	}
	return true
}

func filters() *rapid.Generator[index.Filter] {
	return rapid.Custom(func(t *rapid.T) index.Filter {
		f := index.Filter{
			Viewer:    rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(t, "viewer"),
			Namespace: rapid.SampledFrom([]string{"", "a", "c"}).Draw(t, "in"),
			Subtree:   rapid.Bool().Draw(t, "subtree"),
			Now:       int64(rapid.IntRange(1, 100).Draw(t, "now")),
		}
		switch rapid.IntRange(0, 6).Draw(t, "condition") {
		case 0:
			f.Tags = []string{"red"}
		case 1:
			f.Tier = "long"
		case 2:
			f.Kinds = []string{"decision"}
		case 3:
			f.MinPriority = 6
		case 4:
			f.Owner = "ann"
		case 5:
			f.Since, f.Until = 250, 254
		case 6:
			f.All = true
		}
		return f
	})
}

// change draws some changes and applies them to x and to the model.
func change(t *rapid.T, x *index.Index, m model) {
	var list []index.Change
	for range rapid.IntRange(1, 6).Draw(t, "changes") {
		d := document().Draw(t, "document")
		if rapid.IntRange(0, 4).Draw(t, "gone") == 0 {
			list = append(list, index.Change{Document: index.Document{ID: d.ID}, Gone: true})
			delete(m.docs, d.ID)
			continue
		}
		list = append(list, index.Change{Document: d})
		m.docs[d.ID] = d
	}
	x.Apply(list, x.From()+uint64(len(list)))
}

// found returns the ids that a search for words finds, sorted.
func found(x *index.Index, words []string, f index.Filter) []string {
	hits := new(search.Searcher).Run(x, search.Parse(strings.Join(words, " "), time.Time{}), f, 1000)
	var out []string
	for _, h := range hits {
		out = append(out, h.ID)
	}
	slices.Sort(out)
	return out
}

func ranked(t *rapid.T, x *index.Index, q string, f index.Filter, limit int) []rank.Hit {
	got, err := rank.New(rank.Default()).Rank(context.Background(), x, rank.Query{Text: q, Filter: f, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return got.Hits
}

func TestIndexFindsWhatThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m := index.New(), model{docs: map[string]index.Document{}}
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			change(t, x, m)
			if x.Len() != len(m.docs) {
				t.Fatalf("%d documents, want %d", x.Len(), len(m.docs))
			}
			words := rapid.SliceOfN(rapid.SampledFrom(strings.Fields("heron pond jane häuser 猫 25 running the 🔴 user red C++")), 1, 2).Draw(t, "words")
			f := filters().Draw(t, "filter")
			if diff := cmp.Diff(m.find(words, f), found(x, words, f)); diff != "" {
				t.Fatalf("%v with %+v (-want +got):\n%s", words, f, diff)
			}
		}
	})
}

// An index that was saved and loaded answers as the one that was saved, and so
// does one made from the records as they stand.
func TestSavedAndRebuiltIndexesAnswerTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m := index.New(), model{docs: map[string]index.Document{}}
		for range rapid.IntRange(1, 5).Draw(t, "rounds") {
			change(t, x, m)
		}
		f := filters().Draw(t, "filter")
		const q = "when did jane run to the heron in 東京 25 wxyz"
		before := ranked(t, x, q, f, 50)
		var file bytes.Buffer
		if err := x.Save(&file, "it"); err != nil {
			t.Fatal(err)
		}
		again, label, err := index.Load(t.Context(), bytes.NewReader(file.Bytes()))
		if err != nil || label != "it" {
			t.Fatal(err)
		}
		if again.From() != x.From() || again.Len() != x.Len() {
			t.Fatalf("loaded %d at %d, want %d at %d", again.Len(), again.From(), x.Len(), x.From())
		}
		for name, y := range map[string]*index.Index{"compacted": x, "loaded": again} {
			if diff := cmp.Diff(before, ranked(t, y, q, f, 50)); diff != "" {
				t.Fatalf("%s (-before +after):\n%s", name, diff)
			}
		}
		change(t, again, m)
		if diff := cmp.Diff(m.find([]string{"heron"}, f), found(again, []string{"heron"}, f)); diff != "" {
			t.Fatalf("changed after loading (-want +got):\n%s", diff)
		}
	})
}

func TestShortListsBeginLongOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m := index.New(), model{docs: map[string]index.Document{}}
		for range 6 {
			change(t, x, m)
		}
		f := filters().Draw(t, "filter")
		q := strings.Join(rapid.SliceOfN(rapid.SampledFrom(strings.Fields(vocabulary)), 1, 4).Draw(t, "words"), " ")
		long := ranked(t, x, q, f, 50)
		for limit := range long {
			if diff := cmp.Diff(long[:limit], ranked(t, x, q, f, limit), cmp.Comparer(slices.Equal[[]rank.Hit])); diff != "" {
				t.Fatalf("limit %d: %s", limit, diff)
			}
		}
	})
}

// Nobody's ranking depends on what he may not see.
func TestWhatIsOutOfSightDoesNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m := index.New(), model{docs: map[string]index.Document{}}
		for range 4 {
			change(t, x, m)
		}
		y := index.New()
		for _, id := range slices.Sorted(func(yield func(string) bool) {
			for id := range m.docs {
				if !yield(id) {
					return
				}
			}
		}) {
			if d := m.docs[id]; !d.Access.Private && d.Session == "" {
				y.Apply([]index.Change{{Document: d}}, 1)
			}
		}
		for id, d := range m.docs {
			if d.Session != "" {
				x.Apply([]index.Change{{Document: index.Document{ID: id}, Gone: true}}, 1)
			}
		}
		f := index.Filter{Now: 50}
		const q = "heron running in 東京 with a 🔴"
		if diff := cmp.Diff(ranked(t, y, q, f, 50), ranked(t, x, q, f, 50)); diff != "" {
			t.Fatalf("(-without what is hidden +with it):\n%s", diff)
		}
	})
}

func TestReadersAndAWriter(t *testing.T) {
	x := index.New()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			r := rank.New(rank.Default())
			for range 200 {
				got, err := r.Rank(t.Context(), x, rank.Query{Text: "heron pnod", Limit: 10})
				if err != nil {
					t.Error(err)
				}
				for _, h := range got.Hits {
					if !strings.HasPrefix(h.ID, "doc") {
						t.Errorf("reader %d got %q", i, h.ID)
					}
				}
			}
		})
	}
	for i := range 3000 {
		d := index.Document{ID: fmt.Sprintf("doc%d", i%700), Body: fmt.Sprintf("heron %d at the pond", i), Said: when.None, Session: "s"}
		x.Apply([]index.Change{{Document: d, Gone: i%5 == 0}}, uint64(i))
	}
	wg.Wait()
	if x.From() != 2999 {
		t.Errorf("at %d", x.From())
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	x := index.New()
	x.Apply([]index.Change{{Document: index.Document{ID: "a", Body: "heron", Tags: []string{"red"}, Session: "s", Said: when.None}}}, 7)
	var file bytes.Buffer
	if err := x.Save(&file, "it"); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	for i := range whole {
		for _, bad := range [][]byte{whole[:i], flipped(whole, i)} {
			if _, _, err := index.Load(t.Context(), bytes.NewReader(bad)); !errors.Is(err, index.ErrFile) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

// file notes how much was read of it at most at a time.
type file struct {
	*bytes.Reader

	most int
}

func (f *file) Read(b []byte) (int, error) {
	f.most = max(f.most, len(b))
	return f.Reader.Read(b)
}

// A file need not fit into memory once more beside its index, and what is longer than is
// read at a time is read all the same.
func TestFilesAreReadInPieces(t *testing.T) {
	x := index.New()
	var changes []index.Change
	for i := range 2000 {
		d := index.Document{ID: fmt.Sprintf("doc%d", i), Body: strings.Repeat(fmt.Sprintf("heron %d at the pond ", i), 1+i%20), Said: when.None}
		changes = append(changes, index.Change{Document: d})
	}
	x.Apply(changes, 1)
	save := func(x *index.Index) []byte {
		var b bytes.Buffer
		if err := x.Save(&b, "it"); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	const window = 1 << 16
	for _, long := range []bool{false, true} {
		if long {
			x.Apply([]index.Change{{Document: index.Document{ID: "long", Body: strings.Repeat("a stork in the reeds ", 50_000), Said: when.None}}}, 2)
		}
		b := save(x)
		f := &file{Reader: bytes.NewReader(b)}
		again, label, err := index.Load(t.Context(), f)
		if err != nil || label != "it" || len(b) < 3*window {
			t.Fatalf("%d bytes: %q, %v", len(b), label, err)
		}
		if !bytes.Equal(save(again), b) {
			t.Error("what was read is not what was written")
		}
		if f.most > window != long {
			t.Errorf("%d bytes were read at once, of %d", f.most, len(b))
		}
	}
}

func flipped(b []byte, i int) []byte {
	out := bytes.Clone(b)
	out[i] ^= 0x10
	return out
}

func FuzzLoad(f *testing.F) {
	x := index.New()
	for i := range 3 {
		x.Apply([]index.Change{{Document: index.Document{
			ID: strconv.Itoa(i), Body: "Jane: heron 東京都 yesterday", Tags: []string{"red"}, Session: "s", Said: 20_000, Created: int64(i),
		}}}, 7)
	}
	var file bytes.Buffer
	if err := x.Save(&file, "it"); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes()[:file.Len()-4])
	f.Fuzz(func(t *testing.T, b []byte) {
		// The checksum is right: what is left is what somebody made on purpose.
		sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		x, _, err := index.Load(t.Context(), bytes.NewReader(append(bytes.Clone(b), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))))
		if err != nil {
			if !errors.Is(err, index.ErrFile) {
				t.Fatal(err)
			}
			return
		}
		x.Apply([]index.Change{{Document: index.Document{ID: "new", Body: "heron", Session: "s", Said: when.None}}}, 8)
		if _, err := rank.New(rank.Default()).Rank(t.Context(), x, rank.Query{Text: "heron 東 2024", Limit: 5}); err != nil {
			t.Fatal(err)
		}
		new(search.Searcher).Run(x, search.Parse(`"jane heron" -pond`, time.Time{}), index.Filter{}, 10)
	})
}

// What is gone leaves nothing in the file, though nothing is numbered anew for that.
func TestFilesHaveNothingOfWhatIsGone(t *testing.T) {
	x := index.New()
	x.Apply([]index.Change{
		{Document: index.Document{ID: "a", Namespace: "house", Body: "heron", Tags: []string{"red"}, Session: "s", Said: when.None}},
		{Document: index.Document{
			ID: "b", Namespace: "cellar", Title: "Zwiebel", Body: "stork läuft am Ufer 東京都", Tags: []string{"blue"}, Session: "evening",
			Speaker: "Melanie", SourceURI: "file:///attic", Said: 20_000, Language: "de",
		}},
		{Document: index.Document{ID: "c", Namespace: "house", Body: "bittern", Tags: []string{"red"}, Session: "s", Created: 1, Said: when.None}},
	}, 7)
	generation := func() index.Generation {
		v := x.View(&index.Filter{})
		defer v.Close()
		return v.Generation()
	}
	before := generation()
	x.Apply([]index.Change{{Document: index.Document{ID: "b"}, Gone: true}}, 8)
	var file bytes.Buffer
	if err := x.Save(&file, "it"); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"stork", "zwiebel", "ufer", "lauf", "läuft", "東京", "blue", "evening", "melanie", "attic", "cellar"} {
		if bytes.Contains(bytes.ToLower(file.Bytes()), []byte(word)) {
			t.Errorf("the file has %q", word)
		}
	}
	for _, word := range []string{"heron", "bittern", "red", "house"} {
		if !bytes.Contains(file.Bytes(), []byte(word)) {
			t.Errorf("the file lacks %q", word)
		}
	}
	if generation() != before {
		t.Error("the index was made again")
	}
	again, _, err := index.Load(t.Context(), bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got := found(again, []string{"bittern"}, index.Filter{}); len(got) != 1 || again.Len() != 2 {
		t.Errorf("found %v of %d", got, again.Len())
	}
	again.Apply([]index.Change{{Document: index.Document{ID: "b", Body: "stork", Said: when.None}}}, 9)
	if got := found(again, []string{"stork"}, index.Filter{}); len(got) != 1 || got[0] != "b" {
		t.Errorf("what came back: %v", got)
	}
}

// Who ends a node does not wait until an index is loaded that nobody will ask.
func TestLoadingIsGivenUp(t *testing.T) {
	x := index.New()
	x.Apply([]index.Change{{Document: index.Document{ID: "a", Body: "heron", Said: when.None}}}, 7)
	var file bytes.Buffer
	if err := x.Save(&file, "it"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := index.Load(ctx, bytes.NewReader(file.Bytes())); !errors.Is(err, context.Canceled) || errors.Is(err, index.ErrFile) {
		t.Errorf("loaded: %v", err)
	}
}
