package doctor

import (
	"net"
	"time"

	"github.com/tallystick/tallystick/client"
)

// Listening judges how clients are answered: at an address, in the clear beyond this
// machine only if that is said to be meant.
func Listening(listen string, insecure bool) client.Finding {
	var r report
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	local := err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
	if insecure && !local {
		r.warn("TLS", "insecure_listen: clients are answered without TLS on "+listen, "have something in front of the node that has TLS, or give it a certificate: tls_cert and tls_key")
	} else {
		r.well("TLS", "clients are answered with TLS, or on this machine only")
	}
	return r[0]
}

// Certificate judges a node's certificate, long before it ends: life is how long one
// lasts, grace how long members believe one that has ended.
func Certificate(until, now time.Time, life, grace time.Duration) client.Finding {
	var r report
	left := until.Sub(now)
	const next = "it is renewed at half of its life by a member that holds an authority: see that one answers (tally member list), or tally ca import"
	switch {
	case left <= 0 && left > -grace:
		r.fail("certificate", "has ended: members with the same expired_grace believe it for another "+span(left+grace), next)
	case left <= 0:
		r.fail("certificate", "has ended", next)
	case left < life/3:
		r.warn("certificate", "ends in "+span(left), next)
	default:
		r.well("certificate", "ends in "+span(left))
	}
	return r[0]
}

// ChangeUnderWay is a change of the members that has not ended.
func ChangeUnderWay() client.Finding {
	return client.Finding{
		Check: "members", State: client.FindingWarn, Text: "a change of them is under way",
		Next: "it ends when enough members go by it and hold what the others acknowledged: see that they run; tally member list says who must",
	}
}
