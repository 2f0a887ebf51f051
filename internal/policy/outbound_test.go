package policy

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
)

func TestTheFirstRuleThatMatchesSays(t *testing.T) {
	o, err := ParseOutbound([]string{
		"deny  webhook http://*",
		"allow webhook https://hooks.example.org:443",
		"deny webhook *.example.org",
		"allow * 10.1.0.0/16",
		"deny * 10.0.0.0/8",
		"deny legacy *:9079",
		"allow push https://*",
		"allow pull https://[::1]:9078",
		"deny pull *",
		"deny * 2001:db8::1",
	})
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"webhook http://hooks.example.org":         "1",
		"webhook HTTPS://Hooks.Example.org/a?b=c":  "2 allow",
		"webhook https://hooks.example.org:8443":   "3",
		"webhook https://example.org":              "",
		"webhook https://10.1.2.3":                 "4 allow",
		"webhook https://10.2.2.3":                 "5",
		"push http://10.2.2.3:80":                  "5",
		"legacy http://ten:9079":                   "6",
		"legacy http://ten:9080":                   "",
		"push https://b:9078":                      "7 allow",
		"push http://b:9078":                       "",
		"pull https://[::1]:9078":                  "8 allow",
		"pull https://b:9078":                      "9",
		"push http://[2001:db8::1]":                "10",
		"webhook https://[::ffff:10.2.3.4]/x":      "5",
		"webhook https://hooks.example.org.evil.x": "",
	} {
		purpose, raw, _ := strings.Cut(call, " ")
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		d := o.Decide(Purpose(purpose), u)
		rule, allows := strings.CutSuffix(want, " allow")
		if wantRefusal := rule != "" && !allows; (d.Verdict == Refuse) != wantRefusal || rule != "" && !strings.HasPrefix(d.Reason, "rule "+rule+" of outbound: ") || rule == "" && d.Reason != "" {
			t.Errorf("%s: %+v, want rule %q", call, d, want)
		}
	}
	for address, refused := range map[string]bool{"10.1.0.1": false, "10.9.0.1": true, "::ffff:10.9.0.1": true, "192.0.2.1": false} {
		if d := o.DecideAddress(Webhook, netip.MustParseAddr(address)); (d.Verdict == Refuse) != refused {
			t.Errorf("%s: %+v", address, d)
		}
	}
}

func TestRulesThatAreNone(t *testing.T) {
	for _, line := range []string{
		"", "deny", "deny webhook", "forbid webhook *", "deny email *", "deny webhook http:// x", "deny webhook http://", "deny webhook a/b",
		"deny webhook host:", "deny webhook a@b", "deny * 10.0.0.0/99",
	} {
		if o, err := ParseOutbound([]string{"allow * *", line}); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%q: %+v, %v", line, o, err)
		}
	}
}

func FuzzOutbound(f *testing.F) {
	f.Add("deny webhook http://*", "https://a.example.org:1")
	f.Add("allow * *.example.org:44*", "http://10.0.0.1")
	f.Add("deny pull 10.0.0.0/8", "https://[::1]:9078")
	f.Fuzz(func(t *testing.T, rule, target string) {
		u, err := url.Parse(target)
		if err != nil {
			return
		}
		o, err := ParseOutbound([]string{rule, "deny * *"})
		if err != nil {
			return
		}
		for _, p := range Purposes() {
			if d := o.Decide(p, u); d.Reason == "" || d.Verdict != Refuse && strings.HasPrefix(d.Reason, "rule 2") {
				t.Errorf("%+v", d)
			}
		}
	})
}
