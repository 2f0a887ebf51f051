package machine

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Run runs commands one after the other. The error of the first that fails has what
// it said.
func Run(ctx context.Context, commands [][]string) error {
	for _, c := range commands {
		cmd := exec.CommandContext(ctx, c[0], c[1:]...) //nolint:gosec // from the table of services
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(c, " "), err, strings.TrimSpace(out.String()))
		}
	}
	return nil
}
