package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
)

func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

func open(tb testing.TB, path string) *audit.Log {
	tb.Helper()
	l, err := audit.Open(path, identitytest.Key(tb, "a"), now)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

// written returns the lines of a log of n rows, and its head.
func written(tb testing.TB, n int) ([]string, audit.Head) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "audit.log")
	l := open(tb, path)
	for i := 2; i <= n; i++ {
		if err := l.Append(audit.Event{Kind: audit.Refusal, Actor: "b", Subject: fmt.Sprint("op ", i), Tag: "replayed"}); err != nil {
			tb.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(data))), l.Head()
}

func verify(tb testing.TB, text string, known audit.Head) audit.Report {
	tb.Helper()
	r, err := audit.Verify(strings.NewReader(text), identitytest.Key(tb, "a").Public(), known)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestALogVerifies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	events := []audit.Event{
		{Kind: audit.AuthFailure, Actor: "10.0.0.9", Tag: "agent_key_unknown", Detail: "two\nlines \"and\" \xff"},
		{Kind: audit.Erasure, Actor: "alice", Subject: strings.Repeat("ż", 300), At: now().Add(time.Hour)},
	}
	if err := l.Append(events...); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(events...); err == nil {
		t.Error("appended to a closed log")
	}
	l = open(t, path)
	if err := l.Append(audit.Event{Kind: audit.Decision}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, string(text), l.Head()); !r.OK() || r.Rows != 4 || r.Head != l.Head() || r.Torn != 0 {
		t.Errorf("%+v", r)
	}
	var kinds []audit.Kind
	for e, err := range audit.Entries(bytes.NewReader(text)) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Kind)
		if e.Kind == audit.Erasure && (len(e.Subject) != 256 || !e.At.Equal(now().Add(time.Hour)) || e.Seq != 3) {
			t.Errorf("%+v", e)
		}
	}
	if !slices.Equal(kinds, []audit.Kind{audit.Opened, audit.AuthFailure, audit.Erasure, audit.Decision}) {
		t.Errorf("%v", kinds)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWhatWasTamperedWithIsNamed(t *testing.T) {
	rows, head := written(t, 6)
	forged := strings.Replace(rows[2], "op 3", "op 9", 1)
	join := func(rows ...string) string { return strings.Join(rows, "") }
	for name, tt := range map[string]struct {
		text  string
		known audit.Head
		want  []string
	}{
		"nothing":            {join(rows...), head, nil},
		"a changed event":    {join(rows[0], rows[1], forged, rows[3], rows[4], rows[5]), head, []string{"line 3: row 3 was changed"}},
		"a changed number":   {join(rows[0], rows[1], "4"+rows[2][1:], rows[3], rows[4], rows[5]), head, []string{"line 3: row 3 was changed"}},
		"no row at all":      {join(rows[0], "hello\n", rows[2], rows[3], rows[4], rows[5]), head, []string{"line 2: row 2 was changed"}},
		"an empty line":      {join(rows[0], rows[1], rows[2], "\n", rows[3], rows[4], rows[5]), head, []string{"line 4: row 4 was changed", "line 5: row 4 was repeated"}},
		"a row taken away":   {join(rows[0], rows[1], rows[3], rows[4], rows[5]), head, []string{"line 3: rows 3 to 3 are missing"}},
		"rows taken away":    {join(rows[0], rows[5]), head, []string{"line 2: rows 2 to 5 are missing"}},
		"the first":          {join(rows[1:]...), head, []string{"line 1: rows 1 to 1 are missing"}},
		"the last, known":    {join(rows[:5]...), head, []string{"line 6: rows 6 to 6 are missing"}},
		"the last, unknown":  {join(rows[:5]...), audit.Head{}, nil},
		"all of it":          {"", head, []string{"line 1: rows 1 to 6 are missing"}},
		"two in other order": {join(rows[0], rows[2], rows[1], rows[3], rows[4], rows[5]), head, []string{"line 3: row 2 was moved"}},
		"one moved far":      {join(rows[0], rows[2], rows[3], rows[4], rows[1], rows[5]), head, []string{"line 5: row 2 was moved"}},
		"one twice":          {join(rows[0], rows[1], rows[1], rows[2], rows[3], rows[4], rows[5]), head, []string{"line 3: row 2 was repeated"}},
		"a huge line": {
			join(rows[0], strings.Repeat("x", 100_000)+"\n", rows[2], rows[3], rows[4], rows[5]), head, []string{"line 2: row 2 was changed"},
		},
		"a huge tail": {join(rows...) + strings.Repeat("\x00", 100_000), head, []string{"line 7: row 7 was changed"}},
	} {
		r := verify(t, tt.text, tt.known)
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.String())
		}
		if !slices.Equal(got, tt.want) || r.OK() != (len(tt.want) == 0) || r.Torn != 0 {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Whoever has the key can sign other rows, but not make later ones follow them.
func TestARowThatWasSignedAgainIsFound(t *testing.T) {
	rows, head := written(t, 4)
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	if err := l.Append(audit.Event{Kind: audit.Refusal, Subject: "something else"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again := slices.Collect(strings.Lines(string(data)))[1]
	r := verify(t, rows[0]+again+rows[2]+rows[3], head)
	if len(r.Findings) != 1 || r.Findings[0].Fault != audit.Replaced || r.Findings[0].Seq != 2 {
		t.Errorf("%+v", r)
	}
	if r := verify(t, rows[0]+again, audit.Head{Seq: 2, Hash: audit.Hash{1}}); len(r.Findings) != 1 || r.Findings[0].Fault != audit.Replaced {
		t.Errorf("the end was signed again: %+v", r)
	}
	if r, err := audit.Verify(strings.NewReader(strings.Join(rows, "")), identitytest.Key(t, "b").Public(), head); err != nil || r.Faults != 4 {
		t.Errorf("by the key of another: %+v, %v", r, err)
	}
}

func TestATornTailIsNoTampering(t *testing.T) {
	rows, _ := written(t, 3)
	whole := strings.Join(rows, "")
	for n := 1; n < len(rows[2])-1; n++ {
		cut := whole[:len(whole)-n-1]
		r := verify(t, cut, audit.Head{})
		if !r.OK() || r.Rows != 2 || r.Torn == 0 {
			t.Fatalf("%d bytes short: %+v", n, r)
		}
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(whole[:len(whole)-7]), 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, path)
	if err := l.Append(audit.Event{Kind: audit.Decision}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, string(data), l.Head()); !r.OK() || r.Rows != 4 || !strings.Contains(string(data), `"torn_tail"`) {
		t.Errorf("%+v\n%s", r, data)
	}
}

func TestALastRowWithoutItsLineFeedIsKept(t *testing.T) {
	rows, head := written(t, 3)
	text := strings.TrimSuffix(strings.Join(rows, ""), "\n")
	if r := verify(t, text, head); !r.OK() || r.Torn != 0 {
		t.Errorf("%+v", r)
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if l := open(t, path); l.Head() != head {
		t.Errorf("%+v, want %+v", l.Head(), head)
	}
}

func TestADamagedEndIsNotAppendedTo(t *testing.T) {
	rows, _ := written(t, 3)
	for name, text := range map[string]string{
		"changed":     rows[0] + strings.Replace(rows[1], "op 2", "op 3", 1),
		"no row":      rows[0] + "hello\n",
		"of zeros":    rows[0] + strings.Repeat("\x00", 100_000),
		"of somebody": "1 x\n",
	} {
		path := filepath.Join(t.TempDir(), "audit.log")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Open(path, identitytest.Key(t, "a"), now); !errors.Is(err, audit.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != text {
			t.Errorf("%s: the evidence was changed: %v", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(rows[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(path, identitytest.Key(t, "b"), now); !errors.Is(err, audit.ErrDamaged) {
		t.Errorf("with another key: %v", err)
	}
}

func TestKeysAreHandedOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	if err := l.Rotate(identitytest.Key(t, "b")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := audit.Open(path, identitytest.Key(t, "b"), now) // the last row is that of the old key
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(audit.Event{Kind: audit.Decision}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, string(data), l.Head()); !r.OK() || r.Rows != 3 {
		t.Errorf("%+v", r)
	}
}

func TestRowsOfManyAtOnceAreOneChain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				if err := l.Append(audit.Event{Kind: audit.Refusal, Actor: strconv.Itoa(i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, string(data), l.Head()); !r.OK() || r.Rows != 81 {
		t.Errorf("%+v", r)
	}
}

// Whatever is done to a log whose head is known, it is found.
func TestNoTamperingIsMissed(t *testing.T) {
	rows, head := written(t, 8)
	rapid.Check(t, func(rt *rapid.T) {
		changed := slices.Clone(rows)
		for range rapid.IntRange(1, 3).Draw(rt, "times") {
			if len(changed) == 0 {
				break
			}
			i, j := rapid.IntRange(0, len(changed)-1).Draw(rt, "i"), rapid.IntRange(0, len(changed)-1).Draw(rt, "j")
			switch rapid.IntRange(0, 3).Draw(rt, "how") {
			case 0:
				changed = slices.Delete(changed, i, i+1)
			case 1:
				changed[i], changed[j] = changed[j], changed[i]
			case 2:
				changed = slices.Insert(changed, i, changed[j])
			case 3:
				line := []byte(changed[i])
				line[rapid.IntRange(0, len(line)-1).Draw(rt, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
				changed[i] = string(line)
			}
		}
		text := strings.Join(changed, "")
		r, err := audit.Verify(strings.NewReader(text), identitytest.Key(t, "a").Public(), head)
		if err != nil {
			rt.Fatal(err)
		}
		if same := text == strings.Join(rows, ""); r.OK() != same && (!r.OK() || !lineFeedOnly(text, rows)) {
			rt.Errorf("%+v of\n%s", r, text)
		}
	})
}

// lineFeedOnly reports whether text differs from rows in the very last byte only:
// what is behind the last row is no row.
func lineFeedOnly(text string, rows []string) bool {
	return len(text) > 0 && text[:len(text)-1] == strings.TrimSuffix(strings.Join(rows, ""), "\n")
}

func TestAFloodIsFolded(t *testing.T) {
	f := audit.NewFold(time.Second)
	var out []audit.Event
	add := func(after time.Duration, actor string) {
		out = append(out, f.Add(audit.Event{At: now().Add(after), Kind: audit.AuthFailure, Actor: actor, Tag: "replayed"})...)
	}
	for i := range 1000 {
		add(time.Duration(i)*time.Millisecond, "b")
	}
	add(0, "c")
	if len(out) != 2 {
		t.Fatalf("%d events at once, want the first of each", len(out))
	}
	out = append(out, f.Due(now().Add(time.Second))...)
	if len(out) != 3 || out[2].Actor != "b" || out[2].Count != 999 {
		t.Errorf("%+v", out)
	}
	out = nil
	for i := range 100_000 {
		add(2*time.Second, strconv.Itoa(i))
	}
	if len(out) > 1100 {
		t.Errorf("%d events of a flood from everywhere", len(out))
	}
	var counted int
	for _, e := range append(out, f.Due(now().Add(time.Hour))...) {
		counted += max(e.Count, 1)
	}
	if counted != 100_000 {
		t.Errorf("%d of 100000 were counted", counted)
	}
}

func FuzzVerify(f *testing.F) {
	rows, head := written(f, 4)
	f.Add([]byte(strings.Join(rows, "")))
	f.Add([]byte(rows[0] + rows[2] + rows[1][:30]))
	f.Add([]byte("1 " + strings.Repeat("0", 64) + " AA== {}\n"))
	public := identitytest.Key(f, "a").Public()
	whole := strings.TrimSuffix(strings.Join(rows, ""), "\n")
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := audit.Verify(bytes.NewReader(data), public, head)
		if err != nil {
			t.Fatal(err)
		}
		if r.OK() && !strings.HasPrefix(string(data), whole) {
			t.Errorf("taken: %+v of %q", r, data)
		}
		for _, err := range audit.Entries(bytes.NewReader(data)) {
			if err != nil {
				t.Error(err)
			}
		}
	})
}
