package webhook_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/webhook"
)

func TestOnlyPublicAddressesMayBeCalled(t *testing.T) {
	refused := []string{
		"127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
		"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "::ffff:0:a00:1", "::ffff:0:808:808", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254",
		"ff02::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
	}
	public := []string{"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"}
	g := guard(t)
	for _, ip := range refused {
		err := g.CheckURL("https://" + net.JoinHostPort(ip, "443") + "/x")
		if !errors.Is(err, webhook.ErrForbidden) || !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v, want it refused", ip, err)
		}
	}
	for _, ip := range public {
		if err := g.CheckURL("https://" + net.JoinHostPort(ip, "443") + "/x"); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	if err := g.CheckURL("https://a.name.that.is.judged.when.dialled/x"); err != nil {
		t.Error(err)
	}
}

func TestTheOperatorAllowsMore(t *testing.T) {
	for name, tt := range map[string]struct {
		allow, url string
		ok         bool
	}{
		"a network":                  {"10.1.0.0/16", "http://10.1.2.3/x", true},
		"beside the network":         {"10.1.0.0/16", "http://10.2.2.3/x", false},
		"an address":                 {"10.1.2.3", "http://10.1.2.3:99/x", true},
		"beside the address":         {"10.1.2.3", "http://10.1.2.4:99/x", false},
		"a network in IPv6":          {"fd00::/8", "http://[fd12::1]/x", true},
		"a mapped address":           {"127.0.0.0/8", "http://[::ffff:127.0.0.1]/x", true},
		"a host and port":            {"127.0.0.1:8080", "http://127.0.0.1:8080/x", true},
		"another port":               {"127.0.0.1:8080", "http://127.0.0.1:8081/x", false},
		"the port of the scheme":     {"127.0.0.1:443", "https://127.0.0.1/x", true},
		"a host and port in IPv6":    {"[::1]:80", "http://[::1]/x", true},
		"a zone is not its address":  {"10.0.0.0/8", "http://[fe80::1%25eth0]/x", false},
		"no port at all":             {"10.0.0.0/8", "https://example.org:99999/x", false},
		"a name does not widen that": {"localhost:80", "http://127.0.0.1/x", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := guard(t, tt.allow).CheckURL(tt.url); (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %v", err, tt.ok)
			}
		})
	}
	for _, bad := range []string{"", "ten", "10.0.0.0/33", "host", "host:", ":80", "host:0", "host:70000", "http://host:80", "fe80::1%eth0"} {
		if _, err := webhook.NewGuard([]string{bad}); err == nil {
			t.Errorf("%q is taken for an exception", bad)
		}
	}
}

// Names, and numbers in disguise, are judged by what they resolve to when they
// are dialled.
func TestWhatIsDialledIsWhatIsJudged(t *testing.T) {
	r := receive(t, nil)
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		url   string
		allow []string
		ok    bool
	}{
		"a name of this machine":                {"http://localhost:" + u.Port(), nil, false},
		"a name of this machine, allowed":       {"http://LocalHost:" + u.Port(), []string{"localhost:" + u.Port()}, true},
		"a name of this machine, network":       {"http://localhost:" + u.Port(), []string{"127.0.0.0/8", "::1"}, true},
		"an allowed name with another port":     {"http://localhost:" + u.Port(), []string{"localhost:1"}, false},
		"an address":                            {r.URL, nil, false},
		"an address, allowed for others":        {r.URL, []string{"10.0.0.0/8"}, false},
		"an address in IPv6 clothes":            {"http://[::ffff:127.0.0.1]:" + u.Port(), nil, false},
		"the unspecified one, which is us, too": {"http://0.0.0.0:" + u.Port(), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(r.all())
			n := open(t, setup{config: func(c *webhook.Config) { c.Guard, c.Attempts = guard(t, tt.allow...), 1 }})
			sub := n.subscribe(tt.url)
			n.create(alice, "secret plan")
			if tt.ok {
				r.wait(before + 1)
				return
			}
			eventually(t, "it is given up", func() bool { return len(n.letters(sub)) == 1 })
			if l := n.letters(sub)[0]; !strings.Contains(l.Error, webhook.ErrForbidden.Error()) {
				t.Errorf("error %q", l.Error)
			}
			if len(r.all()) != before {
				t.Error("it was called")
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var lured atomic.Bool
	inner := receive(t, func(int, got) int {
		lured.Store(true)
		return http.StatusOK
	})
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		outer := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, status) })
		n := open(t, setup{config: func(c *webhook.Config) { c.Attempts = 1 }})
		sub := n.subscribe(outer)
		n.create(alice, "one")
		eventually(t, "it is given up", func() bool { return len(n.letters(sub)) == 1 })
		if l := n.letters(sub)[0]; !strings.Contains(l.Error, "redirects are not followed") {
			t.Errorf("error %q", l.Error)
		}
	}
	if lured.Load() {
		t.Error("a redirect was followed")
	}
}

func TestAnAnswerWithoutEndIsCutOff(t *testing.T) {
	var bytes atomic.Int64
	endless := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 32<<10); ; {
			n, err := w.Write(chunk)
			bytes.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	n := open(t, setup{})
	n.subscribe(endless)
	n.create(alice, "one")
	eventually(t, "it counts as taken", func() bool { return n.hooks.Delivered.Load() == 1 })
	if got := bytes.Load(); got > 32<<20 {
		t.Errorf("%d bytes of an answer were taken", got)
	}
}

func TestOutboundRulesHoldForWebhooks(t *testing.T) {
	r := receive(t, nil)
	no := errors.New("outside the plant")
	n := open(t, setup{config: func(c *webhook.Config) {
		c.Attempts = 1
		c.AllowOutbound = ruled(func(u *url.URL) error {
			if u.Path == "/allowed" {
				return nil
			}
			return no
		})
	}})
	sub := n.subscribe(r.URL + "/forbidden")
	n.subscribe(r.URL + "/allowed")
	n.create(alice, "one")
	r.wait(1)
	eventually(t, "it is given up", func() bool { return len(n.letters(sub)) == 1 })
	if l := n.letters(sub)[0]; l.Error != "not allowed: outside the plant" {
		t.Errorf("error %q", l.Error)
	}
}
