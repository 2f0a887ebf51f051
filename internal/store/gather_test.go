package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// A transaction of many entries must leave the rows that transactions of one leave.
func TestRowsDoNotDependOnHowEntriesAreBatched(t *testing.T) {
	for seed := range uint64(4) {
		s := suite()
		_, ships, _ := s.History(t, seed, 3, 80)
		rng := rand.New(rand.NewPCG(seed, 3))
		for i := range ships {
			if rng.IntN(3) == 0 {
				ships[i].Embedding = &memory.Embedding{Model: "m", Vector: []float32{float32(i + 1), 1}}
			}
		}
		rng.Shuffle(len(ships), func(i, j int) { ships[i], ships[j] = ships[j], ships[i] })
		ships = append(ships, ships[:20]...) // some come twice

		var want map[string][]string
		for name, size := range map[string]func() int{
			"one by one":  func() int { return 1 },
			"in batches":  func() int { return 2 + rng.IntN(30) },
			"all at once": func() int { return len(ships) },
		} {
			n := s.Open(t, "reader", t.TempDir())
			for left := ships; len(left) > 0; {
				k := min(size(), len(left))
				n.Take(left[:k]...)
				left = left[k:]
			}
			n.CheckState(nil)
			n.Stop()
			got := rowsOf(t, n.Dir())
			if want == nil {
				want = got
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("seed %d, %s (-before +now):\n%s", seed, name, d)
			}
		}
	}
}

// rowsOf returns the rows of the tables that follow from entries.
func rowsOf(t *testing.T, dir string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	out := map[string][]string{}
	for table, q := range map[string]string{
		"log": `* FROM log ORDER BY lsn`, "memories": `* FROM memories ORDER BY rid`, "registers": `* FROM registers ORDER BY family, a, b, c`,
		"foreseen": `* FROM foreseen ORDER BY record, dot`, "embeddings": `* FROM embeddings ORDER BY record`,
		"origins": `name, head, chain FROM origins WHERE head > 0 ORDER BY name`, "parked": `member, origin, seq, code, text FROM parked ORDER BY origin, seq`,
	} {
		out[table] = allRows(t, db, `SELECT `+q)
	}
	return out
}

func allRows(t *testing.T, db *sql.DB, q string) []string {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // its error is that of Err
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		values := make([]any, len(names))
		dest := make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		var line strings.Builder
		for i, name := range names {
			fmt.Fprintf(&line, "%s=%v ", name, values[i])
		}
		out = append(out, line.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
