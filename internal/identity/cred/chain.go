package cred

import (
	"encoding/base64"
	"fmt"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/strictcbor"
)

// Chain are the intermediates between a root and a credential: the one that the
// root has issued first.
type Chain []*Credential

// Header returns the value of [HeaderChain], "" for a chain of none.
func (c Chain) Header() (string, error) {
	if len(c) == 0 {
		return "", nil
	}
	list := make([][]byte, len(c))
	for i, link := range c {
		var err error
		if list[i], err = link.Bytes(); err != nil {
			return "", err
		}
	}
	data, err := strictcbor.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode chain: %w", err)
	}
	return prefix + base64.StdEncoding.EncodeToString(data), nil
}

// ParseChainHeader reads the value of [HeaderChain]; "" is a chain of none. Its
// cost is bounded by [MaxChainHeader], however deep the chain claims to be.
func ParseChainHeader(value string) (Chain, error) {
	if value == "" {
		return nil, nil
	}
	if len(value) > MaxChainHeader {
		return nil, identity.Refuse(identity.ChainTooDeep, "header of %d bytes, limit %d", len(value), MaxChainHeader)
	}
	data, err := decodeHeader(value, MaxChainHeader)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	if err := strictcbor.Unmarshal(data, MaxChainHeader, &list); err != nil {
		return nil, identity.Refuse(identity.CredentialMalformed, "chain: %v", err)
	}
	return ParseChain(list)
}

// ParseChain reads the credentials of a chain.
func ParseChain(list [][]byte) (Chain, error) {
	if len(list) > MaxIntermediates {
		return nil, identity.Refuse(identity.ChainTooDeep, "%d intermediates, limit %d", len(list), MaxIntermediates)
	}
	var chain Chain
	for _, data := range list {
		link, err := Parse(data)
		if err != nil {
			return nil, err
		}
		chain = append(chain, link)
	}
	return chain, nil
}

// Bytes returns the credentials of c, for [ParseChain].
func (c Chain) Bytes() ([][]byte, error) {
	var out [][]byte
	for _, link := range c {
		b, err := link.Bytes()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}
