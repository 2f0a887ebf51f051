package node

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"testing"

	"github.com/tallystick/tallystick/internal/policy"
)

// A rule for all nodes that kept members apart could never be taken back.
func TestRulesForAllNodesNeverDenyMembers(t *testing.T) {
	t.Parallel()
	o := &outbound{log: slog.New(slog.DiscardHandler)}
	o.rules.Store(&o.mine)
	once, cancel := context.WithCancel(t.Context())
	cancel()
	o.follow(once, func(context.Context) ([]string, error) { return []string{"deny * *", "deny * 0.0.0.0/0"}, nil })
	target, at := &url.URL{Scheme: "https", Host: "192.0.2.1:9078"}, netip.MustParseAddrPort("192.0.2.1:9078")
	for _, p := range policy.Purposes() {
		between := p == policy.Push || p == policy.Pull
		if err := o.call(p)(t.Context(), target); (err == nil) != between {
			t.Errorf("%s to %s: %v", p, target, err)
		}
		if err := o.address(p)(at); (err == nil) != between {
			t.Errorf("%s to %s: %v", p, at, err)
		}
	}
}
