package cred

import (
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
)

// Roots are who is believed, and of what domain.
type Roots struct {
	Domain identity.Domain
	// Keys are those of each issuer; more than one while a root is being replaced.
	Keys map[identity.Name][]identity.PublicKey
	// Skew is how far clocks may be apart: a credential holds that much before its
	// NotBefore and after its NotAfter.
	Skew time.Duration
	// Grace is how long after its end the credential of a member is still taken, for
	// times in which the issuer is away. Credentials of intermediates have none.
	Grace time.Duration
}

// Subject is what a believed credential says.
type Subject struct {
	Name identity.Name
	Key  identity.PublicKey
	// Until is when it must have been renewed, without grace.
	Until time.Time
}

// Verify checks that c, over the intermediates of chain, goes back to a root, and
// returns its subject. Every error is an [identity.Refusal].
func (r Roots) Verify(c *Credential, chain Chain, now time.Time) (Subject, error) {
	if len(chain) > MaxIntermediates {
		return Subject{}, identity.Refuse(identity.ChainTooDeep, "%d intermediates, limit %d", len(chain), MaxIntermediates)
	}
	if c.Claims.Subject.Authority() {
		return Subject{}, identity.Refuse(identity.CredentialOfAuthority, "%s is an authority and no member", c.Claims.Subject)
	}
	first := c
	if len(chain) > 0 {
		first = chain[0]
	}
	keys := r.Keys[first.Claims.Issuer]
	if len(keys) == 0 {
		return Subject{}, identity.Refuse(identity.CredentialIssuer, "%s is no root here", first.Claims.Issuer)
	}
	by := issuer{name: first.Claims.Issuer, keys: keys, root: true}
	for _, link := range chain {
		if err := r.verifyLink(link, by, now, 0); err != nil {
			return Subject{}, err
		}
		by = issuer{name: link.Claims.Subject, keys: []identity.PublicKey{link.key()}}
		if !by.name.Authority() {
			return Subject{}, identity.Refuse(identity.ChainIssuerNoCA, "%s is no authority, and has issued a credential", by.name)
		}
	}
	if err := r.verifyLink(c, by, now, r.Grace); err != nil {
		return Subject{}, err
	}
	return Subject{Name: c.Claims.Subject, Key: c.key(), Until: time.Unix(c.Claims.NotAfter, 0)}, nil
}

// issuer is who must have issued a credential.
type issuer struct {
	name identity.Name
	keys []identity.PublicKey
	root bool
}

func (r Roots) verifyLink(c *Credential, by issuer, now time.Time, grace time.Duration) error {
	if c.Claims.Issuer != by.name {
		return identity.Refuse(identity.CredentialIssuer, "of %s, and the chain ends with %s", c.Claims.Issuer, by.name)
	}
	if !slices.ContainsFunc(by.keys, func(k identity.PublicKey) bool { return k.Verify(c.signed, c.sig) }) {
		return identity.Refuse(identity.CredentialSignature, "of %s for %s", by.name, c.Claims.Subject)
	}
	if c.Claims.Domain != r.Domain {
		return identity.Refuse(identity.CredentialDomain, "%s, want %s", c.Claims.Domain, r.Domain)
	}
	if !by.root && !by.name.MayVouch(c.Claims.Subject) {
		return identity.Refuse(identity.ChainOutOfNamespace, "%s may not vouch for %s", by.name, c.Claims.Subject)
	}
	from, to := time.Unix(c.Claims.NotBefore, 0), time.Unix(c.Claims.NotAfter, 0)
	if now.Before(from.Add(-r.Skew)) {
		return identity.Refuse(identity.CredentialNotYet, "holds from %s, and here it is %s", stamp(from), stamp(now))
	}
	if now.After(to.Add(r.Skew + grace)) {
		return identity.Refuse(identity.CredentialExpired, "held until %s, and here it is %s", stamp(to), stamp(now))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
