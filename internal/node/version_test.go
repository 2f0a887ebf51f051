package node

import "testing"

func TestVersionsAreShort(t *testing.T) {
	for v, want := range map[string]string{
		"":                                   "dev",
		"(devel)":                            "dev",
		"v1.2.3":                             "v1.2.3",
		"v1.2.3-rc.1":                        "v1.2.3-rc.1",
		"v0.0.0-20261123204149-b2b5cec9cdfc": "dev-b2b5cec9cdfc",
		"v0.0.0-20261123204149-b2b5cec9cdfc+dirty":   "dev-b2b5cec9cdfc",
		"v1.2.4-0.20261123204149-b2b5cec9cdfc+dirty": "dev-b2b5cec9cdfc",
	} {
		if got := shortVersion(v); got != want {
			t.Errorf("%q is shown as %q, want %q", v, got, want)
		}
	}
}
