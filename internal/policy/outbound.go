package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Purpose is what a node calls somebody for.
type Purpose string

// Purposes of calls.
const (
	Push    Purpose = "push"    // what was written here, to a member
	Pull    Purpose = "pull"    // everything that is asked of a member
	Webhook Purpose = "webhook" // an event, to the endpoint of a subscription
	Legacy  Purpose = "legacy"  // either way with a node of ai-memory
	Embed   Purpose = "embed"   // texts, to a model that makes vectors of them
)

// Purposes lists them.
func Purposes() []Purpose { return []Purpose{Push, Pull, Webhook, Legacy, Embed} }

// Outbound are rules about what a node may call. The first that matches says; what none
// matches is allowed.
type Outbound struct{ rules []outboundRule }

// outboundRule is one rule: about names and addresses as URLs have them, or about the
// addresses of a network, whatever name led there.
type outboundRule struct {
	text    string
	refuses bool
	purpose Purpose // "*" is each
	scheme  string  // "*" is each
	host    string  // a glob
	port    string  // "*" is each
	network netip.Prefix
}

// ParseOutbound reads rules, one a line: VERDICT PURPOSE TARGET. The verdict is allow or
// deny, the purpose one of [Purposes] or "*". The target is "*"; [SCHEME://]HOST[:PORT],
// in which "*" stands for anything; or a network such as 10.0.0.0/8, which is about the
// address that is connected to.
func ParseOutbound(lines []string) (Outbound, error) {
	var o Outbound
	for _, line := range lines {
		r, err := parseOutbound(line)
		if err != nil {
			return Outbound{}, fmt.Errorf("rule %.200q: %w: %w", line, err, memory.ErrInvalid)
		}
		o.rules = append(o.rules, r)
	}
	return o, nil
}

func parseOutbound(line string) (outboundRule, error) {
	words := strings.Fields(line)
	if len(words) != 3 {
		return outboundRule{}, errors.New("want three words, such as deny webhook http://*")
	}
	r := outboundRule{text: strings.Join(words, " "), refuses: words[0] == "deny", purpose: Purpose(words[1]), scheme: "*", port: "*"}
	if words[0] != "allow" && words[0] != "deny" {
		return r, errors.New("want allow or deny in front")
	}
	if r.purpose != "*" && !slices.Contains(Purposes(), r.purpose) {
		return r, fmt.Errorf("%q is no purpose: want * or one of %v", words[1], Purposes())
	}
	target := strings.ToLower(words[2])
	if n, err := netip.ParsePrefix(target); err == nil {
		r.network = n.Masked()
		return r, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(target, "[]")); err == nil && a.Zone() == "" {
		r.network = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		return r, nil
	}
	if scheme, rest, ok := strings.Cut(target, "://"); ok {
		r.scheme, target = scheme, rest
	}
	r.host = target
	if i := strings.LastIndexByte(target, ':'); i >= 0 && !strings.HasSuffix(target, "]") {
		r.host, r.port = target[:i], target[i+1:]
	}
	r.host = strings.Trim(r.host, "[]")
	if r.host == "" || r.port == "" || r.scheme == "" || strings.ContainsAny(r.host, "/?#@") {
		return r, fmt.Errorf("%q is no target: want *, [SCHEME://]HOST[:PORT] or a network", words[2])
	}
	return r, nil
}

// Decide says whether a URL may be called for a purpose. Rules about networks are asked
// here only about a host that is an address; about a name [Outbound.DecideAddress] asks
// them when it is connected to.
func (o Outbound) Decide(purpose Purpose, u *url.URL) Decision {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	address, err := netip.ParseAddr(host)
	for i := range o.rules {
		r := &o.rules[i]
		switch {
		case r.purpose != "*" && r.purpose != purpose:
		case r.network.IsValid():
			if err == nil && r.covers(address) {
				return r.decision(i)
			}
		case glob(r.scheme, scheme) && glob(r.host, host) && glob(r.port, port):
			return r.decision(i)
		}
	}
	return Decision{}
}

// DecideAddress says whether an address may be connected to for a purpose, by the rules
// about networks: whatever name led there.
func (o Outbound) DecideAddress(purpose Purpose, address netip.Addr) Decision {
	for i := range o.rules {
		r := &o.rules[i]
		if (r.purpose == "*" || r.purpose == purpose) && r.network.IsValid() && r.covers(address) {
			return r.decision(i)
		}
	}
	return Decision{}
}

func (r *outboundRule) covers(a netip.Addr) bool { return r.network.Contains(a.Unmap().WithZone("")) }

func (r *outboundRule) decision(i int) Decision {
	d := Decision{Reason: fmt.Sprintf("rule %d of outbound: %s", i+1, r.text)}
	if r.refuses {
		d.Verdict = Refuse
	}
	return d
}

// glob reports whether s is as pattern says, in which "*" stands for anything.
func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, parts[last])
}
