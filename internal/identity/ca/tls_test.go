package ca_test

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
)

// shake connects a client and a server, and returns what each of them says.
func shake(t *testing.T, client, server *tls.Config) (seen *tls.ConnectionState, clientErr, serverErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	done := make(chan error, 1)
	s := tls.Server(b, server)
	go func() {
		err := s.HandshakeContext(t.Context())
		if err == nil {
			_, err = s.Write([]byte{1}) // the client reads it when it has sent its certificate
		}
		done <- err
	}()
	c := tls.Client(a, client)
	clientErr = c.HandshakeContext(t.Context())
	if clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	} else {
		_ = a.Close()
	}
	serverErr = <-done
	state := s.ConnectionState()
	return &state, clientErr, serverErr
}

func current(g *ca.Grant, k identity.Key) ca.Current {
	c := g.TLS(k)
	return func() *tls.Certificate { return c }
}

func TestMembersProveThemselvesToEachOther(t *testing.T) {
	top := root(t)
	r := roots(top)
	a := current(grant(t, top, "a"), identitytest.Key(t, "a"))
	b := current(grant(t, below(t, top, "region/eu"), "region/eu/b"), identitytest.Key(t, "region/eu/b"))
	state, clientErr, serverErr := shake(t, r.ClientTLS(a, "region/eu/b", now), ca.ServerTLS(b))
	if err := errors.Join(clientErr, serverErr); err != nil {
		t.Fatal(err)
	}
	leaf, err := r.Peer(state, now())
	if err != nil || leaf.Name != "a" {
		t.Errorf("%+v, %v", leaf, err)
	}
	_, err = r.Peer(state, now().Add(25*3600*1e9))
	wantTag(t, "the connection outlives the certificate", err, identity.CertificateExpired)
}

func TestHandshakesThatFail(t *testing.T) {
	top := root(t)
	r := roots(top)
	a, b := current(grant(t, top, "a"), identitytest.Key(t, "a")), current(grant(t, top, "b"), identitytest.Key(t, "b"))
	t.Run("another member answers", func(t *testing.T) {
		_, err, _ := shake(t, r.ClientTLS(a, "c", now), ca.ServerTLS(b))
		wantTag(t, "client", err, identity.CertificateNotOfMember)
	})
	t.Run("another federation answers", func(t *testing.T) {
		other, err := ca.NewRoot("acme", identitytest.Key(t, "stranger"), now())
		if err != nil {
			t.Fatal(err)
		}
		_, err, _ = shake(t, r.ClientTLS(a, "b", now), ca.ServerTLS(current(grant(t, other, "b"), identitytest.Key(t, "b"))))
		wantTag(t, "client", err, identity.CertificateSignature)
	})
	t.Run("TLS 1.2", func(t *testing.T) {
		old := r.ClientTLS(a, "b", now)
		old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		if _, clientErr, serverErr := shake(t, old, ca.ServerTLS(b)); clientErr == nil || serverErr == nil {
			t.Errorf("%v, %v", clientErr, serverErr)
		}
		_, err := r.Peer(&tls.ConnectionState{Version: tls.VersionTLS12}, now())
		wantTag(t, "peer", err, identity.TLSTooOld)
	})
	t.Run("a certificate without its key", func(t *testing.T) {
		stolen := current(grant(t, top, "a"), identitytest.Key(t, "thief"))
		if _, clientErr, serverErr := shake(t, r.ClientTLS(stolen, "b", now), ca.ServerTLS(b)); clientErr == nil && serverErr == nil {
			t.Error("taken")
		}
	})
	t.Run("no certificate", func(t *testing.T) {
		anonymous := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}
		state, clientErr, serverErr := shake(t, anonymous, ca.ServerTLS(b))
		if err := errors.Join(clientErr, serverErr); err != nil {
			t.Fatal(err)
		}
		_, err := r.Peer(state, now())
		wantTag(t, "peer", err, identity.CertificateMissing)
		_, err = r.Peer(nil, now())
		wantTag(t, "no TLS", err, identity.CertificateMissing)
	})
	t.Run("none to show", func(t *testing.T) {
		none := func() *tls.Certificate { return nil }
		if _, clientErr, serverErr := shake(t, r.ClientTLS(none, "b", now), ca.ServerTLS(b)); clientErr == nil && serverErr == nil {
			t.Error("taken")
		}
		if _, clientErr, _ := shake(t, r.ClientTLS(a, "b", now), ca.ServerTLS(none)); clientErr == nil {
			t.Error("taken")
		}
	})
}

// Certificates are asked for in each handshake: a renewed one is shown at once.
func TestARenewedCertificateIsShown(t *testing.T) {
	top := root(t)
	r := roots(top)
	a := current(grant(t, top, "a"), identitytest.Key(t, "a"))
	shown := grant(t, top, "b").TLS(identitytest.Key(t, "b"))
	server := ca.ServerTLS(func() *tls.Certificate { return shown })
	if _, err, _ := shake(t, r.ClientTLS(a, "b", now), server); err != nil {
		t.Fatal(err)
	}
	shown = grant(t, top, "c").TLS(identitytest.Key(t, "c"))
	if _, err, _ := shake(t, r.ClientTLS(a, "c", now), server); err != nil {
		t.Fatal(err)
	}
}
