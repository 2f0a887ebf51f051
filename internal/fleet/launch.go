package fleet

import (
	"fmt"
	"os/exec"
)

// Launch starts a program of the machine that shows something to whoever sits at
// it, such as a browser, and does not wait until it is closed.
func Launch(env []string, program string, args ...string) error {
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // chosen by the caller; it outlives us
	cmd.Env = env
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	return cmd.Process.Release()
}
