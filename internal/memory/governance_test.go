package memory_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
)

func TestRuleNamesAreTheKeysOfRules(t *testing.T) {
	var keys []string
	for f := range reflect.TypeFor[memory.Governance]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		keys = append(keys, name)
	}
	if names := memory.RuleNames(); !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(keys))) {
		t.Errorf("%q, want %q", names, keys)
	}
}
