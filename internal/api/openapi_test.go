package api

import (
	"testing"
)

func TestTheWholeTableCanBeDescribed(t *testing.T) {
	if _, err := (describer{&API{routes: routes()}}).describe(); err != nil {
		t.Errorf("give each field a doc tag, and each type that writes itself a schema in schemas():\n%v", err)
	}
}

func TestTheCodesOfRoutesAreInTheTable(t *testing.T) {
	for _, rt := range routes() {
		for _, c := range rt.codes {
			if _, listed := c.Row(); !listed {
				t.Errorf("%s %s may answer %s, which is not in client.Codes()", rt.method, rt.path, c)
			}
		}
	}
}
