package ca

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/memory"
)

// Files of an authority in its directory.
const (
	KeyFile  = "ca.key"  // mode 0600: whoever has it is the authority
	textFile = "ca.json" // no secret: certificates and credentials
)

// authorityText is an authority without its key.
type authorityText struct {
	Name         identity.Name   `json:"name"`
	Domain       identity.Domain `json:"domain"`
	Certificates string          `json:"certificates"` // PEM: its own, then those of the intermediates above
	Chain        string          `json:"chain,omitempty"`
}

// Save writes the authority to files of a directory, which must not hold one: a
// key is never overwritten.
func (a *Authority) Save(dir string) error {
	t := authorityText{Name: a.name, Domain: a.domain, Certificates: string(EncodeCertificates(a.certificates()))}
	var err error
	if t.Chain, err = a.links.Header(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, textFile)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("save authority: %s: %w", path, errors.Join(fs.ErrExist, err))
	}
	if err := identity.SaveKey(filepath.Join(dir, KeyFile), a.key); err != nil {
		return err
	}
	return identity.WritePrivate(path, append(text, '\n'))
}

// Erase takes the authority out of a directory.
func Erase(dir string) error {
	return errors.Join(os.Remove(filepath.Join(dir, KeyFile)), os.Remove(filepath.Join(dir, textFile)))
}

// Below reports why the roots would not believe what a signs, or nil: its certificates
// must lead to one of them.
func (a *Authority) Below(roots Roots, now time.Time) error {
	if len(a.above) == 0 {
		return identity.Refuse(identity.CertificateIssuer, "%s is no intermediate", a.name)
	}
	key, err := identity.NewKey()
	if err != nil {
		return err
	}
	g, err := a.Issue(a.name.Scope()+"/probe", key.Public(), nil, now)
	if err != nil {
		return err
	}
	_, err = roots.Verify(g.Certificates, now)
	return err
}

func (a *Authority) certificates() []*x509.Certificate {
	if len(a.above) == 0 {
		return []*x509.Certificate{a.cert}
	}
	return a.above
}

// Load reads the authority of a directory. Its key file must be closed to others,
// else the error is [identity.ErrExposed]; without one it is [fs.ErrNotExist].
func Load(dir string) (*Authority, error) {
	key, err := identity.LoadKey(filepath.Join(dir, KeyFile))
	if err != nil {
		return nil, err
	}
	data, err := identity.ReadPrivate(filepath.Join(dir, textFile), maxGrant)
	if err != nil {
		return nil, fmt.Errorf("load authority: %w", err)
	}
	var t authorityText
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("load authority: %w: %w", err, memory.ErrInvalid)
	}
	certs, err := ParseCertificates([]byte(t.Certificates))
	if err != nil {
		return nil, fmt.Errorf("load authority: %w", err)
	}
	links, err := cred.ParseChainHeader(t.Chain)
	if err != nil {
		return nil, fmt.Errorf("load authority: %w", err)
	}
	a := &Authority{name: t.Name, domain: t.Domain, key: key, cert: certs[0], links: links}
	if t.Name != RootName {
		a.above = certs
	}
	if public, ok := identity.PublicKeyOf(certs[0].PublicKey); !ok || public != key.Public() || len(links) != len(a.above) {
		return nil, fmt.Errorf("load authority: %s does not belong to the certificate in %s: %w", KeyFile, textFile, memory.ErrInvalid)
	}
	return a, nil
}

// LoadRoot is [Load] where there may be the key of the root alone, as somebody has put it
// aside: its certificate, and whose it is, every member knows.
func LoadRoot(dir string, domain identity.Domain, root *x509.Certificate) (*Authority, error) {
	a, err := Load(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	key, missing := identity.LoadKey(filepath.Join(dir, KeyFile))
	if missing != nil {
		return nil, err
	}
	if public, ok := identity.PublicKeyOf(root.PublicKey); !ok || public != key.Public() {
		return nil, fmt.Errorf("load authority: %s alone, which is not that of the root here: %s is needed, too: %w", KeyFile, textFile, memory.ErrInvalid)
	}
	return &Authority{name: RootName, domain: domain, key: key, cert: root}, nil
}
