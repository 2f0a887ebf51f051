package join_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/memory"
)

func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

func root() [sha256.Size]byte { return sha256.Sum256([]byte("the root")) }

func book(t *testing.T) (*join.Book, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "join-tokens.json")
	return join.NewBook(identity.List[join.Record]{Path: path}), path
}

func issue(t *testing.T, b *join.Book, uses int) string {
	t.Helper()
	line, _, err := b.Issue(root(), time.Hour, uses, join.Terms{}, now())
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func wantTag(t *testing.T, what string, err error, want identity.Tag) {
	t.Helper()
	if got := identity.TagOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

// agree agrees to the terms of any token.
func agree(join.Terms) error { return nil }

func TestATokenIsRedeemedAsOftenAsItMay(t *testing.T) {
	b, path := book(t)
	line := issue(t, b, 2)
	token, err := join.Parse(line + "\n")
	if err != nil || token.Root != root() || !token.Expires.Equal(now().Add(time.Hour)) {
		t.Fatalf("%+v, %v", token, err)
	}
	for range 2 {
		err := b.Redeem(" "+line+"\n", "b", identity.PublicKey{1}, "10.0.0.2", now(), agree)
		wantTag(t, "a use", err, "")
	}
	err = b.Redeem(line, "b", identity.PublicKey{1}, "10.0.0.2", now(), agree)
	wantTag(t, "used up", err, identity.TokenUsed)
	again := join.NewBook(identity.List[join.Record]{Path: path})
	err = again.Redeem(line, "b", identity.PublicKey{1}, "10.0.0.2", now(), agree)
	wantTag(t, "after a restart", err, identity.TokenUsed)
	records, err := again.Records()
	if err != nil || len(records) != 1 || len(records[0].Used) != 2 || records[0].Used[0].Name != "b" {
		t.Errorf("%+v, %v", records, err)
	}
	if text := fmt.Sprintf("%+v", records); strings.Contains(text, strings.TrimPrefix(line, "tally-join-")) {
		t.Error("the records hold the token")
	}
}

// Who has redeemed a token is known again by it, with that name and that key only.
func TestWhoHasRedeemedATokenIsKnownAgain(t *testing.T) {
	b, path := book(t)
	line := issue(t, b, 1)
	mine := identity.PublicKey{1}
	if b.Redeemed(line, "b", mine, now()) {
		t.Error("nobody has redeemed it yet")
	}
	if err := b.Redeem(line, "b", mine, "x", now(), agree); err != nil {
		t.Fatal(err)
	}
	again := join.NewBook(identity.List[join.Record]{Path: path})
	for what, tt := range map[string]struct {
		line string
		name identity.Name
		key  identity.PublicKey
		at   time.Time
		want bool
	}{
		"the same":       {" " + line + "\n", "b", mine, now(), true},
		"another name":   {line, "c", mine, now(), false},
		"another key":    {line, "b", identity.PublicKey{2}, now(), false},
		"another secret": {tampered(t, line, func(b []byte) { b[20]++ }), "b", mine, now(), false},
		"no token":       {"hello", "b", mine, now(), false},
		"too late":       {line, "b", mine, now().Add(time.Hour), false},
	} {
		if got := again.Redeemed(tt.line, tt.name, tt.key, tt.at); got != tt.want {
			t.Errorf("%s: %t, want %t", what, got, tt.want)
		}
	}
}

func TestTokensEnd(t *testing.T) {
	b, _ := book(t)
	line := issue(t, b, 1)
	err := b.Redeem(line, "b", identity.PublicKey{1}, "x", now().Add(time.Hour), agree)
	wantTag(t, "expired", err, identity.TokenExpired)
	err = b.Redeem(line, "b", identity.PublicKey{1}, "x", now().Add(time.Hour-time.Second), agree)
	wantTag(t, "a second before", err, "")
	line = issue(t, b, 1)
	token, err := join.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Cancel(token.ID, now()); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	err = b.Redeem(line, "b", identity.PublicKey{1}, "x", now(), agree)
	wantTag(t, "cancelled", err, identity.TokenExpired)
	if ok, err := b.Cancel("nothing", now()); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// tampered changes bytes of a token and repairs its checksum.
func tampered(t *testing.T, line string, change func([]byte)) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(line, "tally-join-"))
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	sum := sha256.Sum256(b[:len(b)-4])
	copy(b[len(b)-4:], sum[:])
	return "tally-join-" + base64.RawURLEncoding.EncodeToString(b)
}

func TestTamperedTokens(t *testing.T) {
	b, _ := book(t)
	line := issue(t, b, 1)
	for name, tt := range map[string]struct {
		line string
		want identity.Tag
	}{
		"nothing":          {"", identity.TokenMalformed},
		"something else":   {"hello", identity.TokenMalformed},
		"cut":              {line[:len(line)-1], identity.TokenMalformed},
		"longer":           {line + "A", identity.TokenMalformed},
		"a typing error":   {strings.ToUpper(line[:20]) + line[20:], identity.TokenMalformed},
		"another version":  {tampered(t, line, func(b []byte) { b[0] = 2 }), identity.TokenMalformed},
		"another id":       {tampered(t, line, func(b []byte) { b[1]++ }), identity.TokenUnknown},
		"another secret":   {tampered(t, line, func(b []byte) { b[20]++ }), identity.TokenUnknown},
		"another root":     {tampered(t, line, func(b []byte) { b[40]++ }), identity.TokenUnknown},
		"a later end":      {tampered(t, line, func(b []byte) { b[len(b)-8]++ }), identity.TokenUnknown},
		"of another books": {issue(t, func() *join.Book { b, _ := book(t); return b }(), 1), identity.TokenUnknown},
	} {
		err := b.Redeem(tt.line, "b", identity.PublicKey{1}, name, now(), agree) // each from a source of its own
		wantTag(t, name, err, tt.want)
	}
	err := b.Redeem(line, "b", identity.PublicKey{1}, "x", now(), agree)
	wantTag(t, "the token itself", err, "")
}

func TestWhoGuessesIsMadeToWait(t *testing.T) {
	b, _ := book(t)
	line := issue(t, b, 5)
	guess := tampered(t, line, func(b []byte) { b[20]++ })
	for i := range 10_000 {
		err := b.Redeem(guess, "b", identity.PublicKey{1}, "10.6.6.6", now(), agree)
		want := identity.TokenUnknown
		if i >= 10 {
			want = identity.TokenGuessing
		}
		if identity.TagOf(err) != want {
			t.Fatalf("try %d: %v, want %s", i, err, want)
		}
	}
	err := b.Redeem(line, "b", identity.PublicKey{1}, "10.6.6.6", now(), agree)
	wantTag(t, "the right one from there", err, identity.TokenGuessing)
	if r, _ := errors.AsType[*identity.Refusal](err); r == nil || r.RetryAfter != time.Minute || r.Tag.Status() != 429 {
		t.Errorf("%v", err)
	}
	err = b.Redeem(line, "b", identity.PublicKey{1}, "10.0.0.2", now(), agree)
	wantTag(t, "from elsewhere", err, "")
	err = b.Redeem(line, "b", identity.PublicKey{1}, "10.6.6.6", now().Add(time.Minute), agree)
	wantTag(t, "a minute later", err, "")
	for i := range 1_000 { // from everywhere: what is remembered is bounded, and nothing is let in
		if err := b.Redeem(guess, "b", identity.PublicKey{1}, strconv.Itoa(i), now(), agree); err == nil {
			t.Fatal("a guess was right")
		}
	}
}

func TestOneUseIsOneUseAlsoAtOnce(t *testing.T) {
	b, _ := book(t)
	line := issue(t, b, 1)
	var wg sync.WaitGroup
	results := make([]error, 20)
	for i := range results {
		wg.Go(func() { results[i] = b.Redeem(line, "b", identity.PublicKey{1}, strconv.Itoa(i), now(), agree) })
	}
	wg.Wait()
	var taken int
	for _, err := range results {
		if err == nil {
			taken++
		} else if identity.TagOf(err) != identity.TokenUsed {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("redeemed %d times", taken)
	}
}

func TestTokensOutsideOfTheLimits(t *testing.T) {
	b, _ := book(t)
	for ttl, uses := range map[time.Duration]int{0: 1, -time.Hour: 1, join.MaxTTL + 1: 1, time.Hour: 0, time.Minute: join.MaxUses + 1} {
		if _, _, err := b.Issue(root(), ttl, uses, join.Terms{}, now()); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s, %d uses: %v", ttl, uses, err)
		}
	}
}

// broken is a disk that has failed.
type broken struct{ load, save error }

func (b broken) Load() ([]join.Record, error) { return nil, b.load }
func (b broken) Save([]join.Record) error     { return b.save }

func TestNothingIsIssuedOrRedeemedWithoutTheDisk(t *testing.T) {
	disk := errors.New("the disk is gone")
	for _, s := range []broken{{load: disk}, {save: disk}} {
		if _, _, err := join.NewBook(s).Issue(root(), time.Hour, 1, join.Terms{}, now()); !errors.Is(err, disk) {
			t.Errorf("issued: %v", err)
		}
	}
	b, _ := book(t)
	if err := join.NewBook(broken{load: disk}).Redeem(issue(t, b, 1), "b", identity.PublicKey{1}, "x", now(), agree); !errors.Is(err, disk) {
		t.Errorf("redeemed: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	b := join.NewBook(identity.List[join.Record]{Path: filepath.Join(f.TempDir(), "x")})
	line, _, err := b.Issue(root(), time.Hour, 1, join.Terms{}, now())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add("tally-join-" + strings.Repeat("A", 103))
	f.Fuzz(func(t *testing.T, line string) {
		token, err := join.Parse(line)
		if err != nil && identity.TagOf(err) != identity.TokenMalformed {
			t.Error(err)
		}
		if err == nil && len(token.ID) != 16 {
			t.Errorf("%+v", token)
		}
	})
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`[{"id":"x","hash":"y","created":"2026-11-25T12:00:00Z","expires":"2026-11-25T13:00:00Z","uses":1,"used":[]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := identity.DecodeList[join.Record](data); err != nil && !errors.Is(err, memory.ErrInvalid) {
			t.Error(err)
		}
	})
}
