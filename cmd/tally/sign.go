package main

import (
	"cmp"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// publicKey reads the public key of an agent: as text, or from a file; nil for "".
func publicKey(a *app, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	if key := keyIn(text); key != nil {
		return key, nil
	}
	data, err := fileOrStdin(a, text)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("--public-key %.80q: want an Ed25519 key in base64 or hex, or a file of one", text)
	}
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(data); block != nil {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if public, ok := key.(ed25519.PublicKey); err == nil && ok {
			return public, nil
		}
	}
	if key := keyIn(strings.TrimSpace(string(data))); key != nil {
		return key, nil
	}
	return nil, usage("--public-key %s: it holds no Ed25519 key", text)
}

// keyIn returns the key that a text is, or nil.
func keyIn(text string) []byte {
	for _, decode := range []func(string) ([]byte, error){base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString, hex.DecodeString} {
		if key, err := decode(text); err == nil && len(key) == ed25519.PublicKeySize {
			return key
		}
	}
	return nil
}

// signDraft signs a draft with the key in a file, as the agent that writes it. What it
// leaves to the node is said here, for it is signed, too. Without a file it does nothing.
func signDraft(d *client.Draft, file, agent string, now time.Time) error {
	if file == "" {
		return nil
	}
	if agent == "" {
		return usage("--sign-key: say who signs, with --agent or TALLY_AGENT")
	}
	key, err := identity.LoadKey(file)
	if err != nil {
		return err
	}
	d.Namespace, d.Kind = cmp.Or(d.Namespace, memory.DefaultNamespace), cmp.Or(d.Kind, memory.DefaultKind)
	at := now.UTC().Truncate(time.Second)
	s := memory.Signature{Agent: memory.AgentID(agent), At: at.Format(time.RFC3339)}
	value := key.Sign(s.Message(&memory.Memory{Namespace: d.Namespace, MemoryKind: d.Kind, Title: d.Title, Content: d.Content}))
	d.CreatedAt, d.Signature = client.When(at), base64.StdEncoding.EncodeToString(value)
	return nil
}
