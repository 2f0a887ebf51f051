// Package identitytest has what tests of identities share.
package identitytest

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/internal/identity"
)

// Key is the key that has name, of 32 bytes at most, as its seed: the same in every
// run, so that golden files can hold what it signs.
func Key(tb testing.TB, name string) identity.Key {
	tb.Helper()
	k, err := identity.KeyFromSeed(fmt.Appendf(nil, "%-32s", name))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}
