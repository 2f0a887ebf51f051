package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestNamespacesOfAPeer(t *testing.T) {
	tests := map[string]struct {
		glob     string
		yes, not []string
	}{
		"all":             {"**", []string{"a", "a/b"}, nil},
		"all, shorter":    {"*", []string{"a", "a/b"}, nil},
		"a name":          {"a", []string{"a"}, []string{"a/b", "ab"}},
		"a subtree":       {"a/**", []string{"a", "a/b", "a/b/c"}, []string{"ab", "b/a"}},
		"one level below": {"a/*", []string{"a/b"}, []string{"a", "a/b/c", "ab"}},
		"an ending":       {"*/s", []string{"a/s", "a/b/s"}, []string{"s", "a/s/b"}},
	}
	for name, tt := range tests {
		p := config.Peer{Namespaces: []string{tt.glob}}
		for _, ns := range tt.yes {
			if !p.Allows(ns) {
				t.Errorf("%s: %s is not open", name, ns)
			}
		}
		for _, ns := range tt.not {
			if p.Allows(ns) {
				t.Errorf("%s: %s is open", name, ns)
			}
		}
	}
	if (&config.Peer{}).Allows("a") {
		t.Error("a peer without namespaces has one")
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	good := config.Peer{
		Name: "region/nyc/node-1", URL: "http://10.0.0.5:9077", Key: strings.Repeat("ab", 32), Namespaces: []string{"a/**"},
		Issuers: map[string]string{"root": strings.Repeat("cd", 32)}, Domain: "test.example", Expires: "2030-01-01T00:00:00Z",
	}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*config.Peer){
		"no name":          func(p *config.Peer) { p.Name = "" },
		"a reserved name":  func(p *config.Peer) { p.Name = "daemon" },
		"a long name":      func(p *config.Peer) { p.Name = strings.Repeat("n", 125) },
		"no URL":           func(p *config.Peer) { p.URL = "" },
		"no such URL":      func(p *config.Peer) { p.URL = "10.0.0.5" },
		"no direction":     func(p *config.Peer) { p.Direction = "up" },
		"a bad key":        func(p *config.Peer) { p.Key = "ab" },
		"a bad issuer":     func(p *config.Peer) { p.Issuers = map[string]string{"root": "x"} },
		"no domain":        func(p *config.Peer) { p.Domain = "" },
		"a bad end":        func(p *config.Peer) { p.Expires = "tomorrow" },
		"a bad sender":     func(p *config.Peer) { p.Senders = []string{"a b"} },
		"a bad namespace":  func(p *config.Peer) { p.Namespaces = []string{"a//b"} },
		"a negative quota": func(p *config.Peer) { p.MemoriesPerDay = -1 },
	} {
		p := good
		spoil(&p)
		if err := p.Validate(); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	now := time.Date(2029, 12, 31, 0, 0, 0, 0, time.UTC)
	if !good.Stands(now) || good.Stands(now.AddDate(0, 0, 2)) || !good.Receives() || !good.Sends() {
		t.Error("an end in 2030")
	}
	if p := (config.Peer{Name: "a", Senders: []string{"b"}}); !p.MaySendAs("a") || !p.MaySendAs("b") || p.MaySendAs("c") || p.Actor() != "legacy:a" {
		t.Error("senders")
	}
}
