package bench

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// database answers as rqlite does: the table first, then rows of three texts.
func database(t *testing.T, rows *atomic.Int64) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var statements []json.RawMessage
		var row []string
		if r.URL.Path != "/db/execute" || json.NewDecoder(r.Body).Decode(&statements) != nil || len(statements) != 1 {
			http.Error(w, "want one statement", http.StatusBadRequest)
			return
		}
		switch {
		case strings.HasPrefix(string(statements[0]), `"CREATE TABLE`):
		case json.Unmarshal(statements[0], &row) != nil || len(row) != 4 || len(row[3]) != memorySize || row[1] != "bench":
			w.Write([]byte(`{"results":[{"error":"no such statement"}]}`)) //nolint:errcheck // the client counts
			return
		default:
			rows.Add(1)
		}
		w.Write([]byte(`{"results":[{"last_insert_id":1,"rows_affected":1}]}`)) //nolint:errcheck // the client counts
	}))
	t.Cleanup(srv.Close)
	return srv
}

// The sweep measures what runs already beside our federations, and says what they work on.
func TestRivalsAreMeasuredInTheSameRounds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	var rows atomic.Int64
	var out bytes.Buffer
	profiles := filepath.Join(t.TempDir(), "profiles")
	err := Run(t.Context(), Options{
		Binary: build(t, "../cmd/tally"), Dir: t.TempDir(), Rounds: 1, Duration: 400 * time.Millisecond, Only: []string{"g"},
		Against: []string{"rqlite=" + database(t, &rows).URL}, Profile: profiles,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if rows.Load() == 0 || !strings.Contains(out.String(), "rqlite, ours / it") || strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "failures") {
		t.Errorf("%d rows:\n%s", rows.Load(), &out)
	}
	files, err := os.ReadDir(profiles)
	if err != nil || len(files) != 3*5 {
		t.Errorf("profiles: %v (%v)", files, err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(filepath.Join(profiles, f.Name())); err != nil || !bytes.HasPrefix(b, []byte("\x1f\x8b")) {
			t.Errorf("%s is no profile: %.20q (%v)", f.Name(), b, err)
		}
	}
}

func TestRivalsThatCannotBeMeasuredAreRefused(t *testing.T) {
	for _, s := range []string{"", "x", "=http://a:1", "x=", "x=https://a:1", "x=http://a:1/path", "x=http://u:p@a:1", "x=a:1", "x=http://a:1,"} {
		if v, err := parseRival(s); err == nil {
			t.Errorf("%q: %+v", s, v)
		}
	}
	for _, list := range [][]string{{"ours=http://a:1"}, {"x=http://a:1", "x=http://b:1"}, {"control=http://a:1"}} {
		if _, err := parseRivals(list); err == nil {
			t.Errorf("%v: taken", list)
		}
	}
	nobody := Options{Dir: t.TempDir(), Only: []string{"g"}, Against: []string{"rqlite=http://127.0.0.1:1"}}
	if err := Run(t.Context(), nobody, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "rqlite") {
		t.Errorf("nobody is there, and: %v", err)
	}
}
