package main

import (
	"strings"
	"testing"
)

func TestCallsOfFsyncAreRead(t *testing.T) {
	const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.300000        1492       201           fsync
 10.00    0.010000         100        12         3 fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    0.310000        1592       213           total
`
	if got := callsIn(summary); got != 213 {
		t.Errorf("%d", got)
	}
}

func TestTheTableHasARowForEachCaseThatRan(t *testing.T) {
	var out strings.Builder
	if err := writeTable(&out, []string{"ttt", "rrr"}, []map[string]string{{"a": "gone", "j": "0"}, {"a": "back"}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[2], "| gone | back |") || !strings.HasSuffix(lines[3], "| 0 |  |") {
		t.Errorf("%s", &out)
	}
}

func TestALayoutWithoutItsProgramIsLeftOut(t *testing.T) {
	if o := (options{}); !o.lacks("rtt") || o.lacks("ttt") {
		t.Error("without a program")
	}
	if err := run(t.Context(), options{layouts: "rrr,rtt"}); err != nil {
		t.Error(err)
	}
}
