package config

import "testing"

// What only operators write is not for peers, however wide their globs are.
func TestWhatIsOfOperatorsIsNotForPeers(t *testing.T) {
	for _, glob := range []string{"**", "*", "_federation", "_federation/**"} {
		p := Peer{Namespaces: []string{glob}}
		if p.Allows("_federation") || p.Allows("_federation/teams") {
			t.Errorf("%s opens it", glob)
		}
	}
	if p := (Peer{Namespaces: []string{"**"}}); !p.Allows("work/notes") {
		t.Error("and nothing else is open")
	}
}
