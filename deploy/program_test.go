package deploy_test

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// buildFlags are those of the image, of `make build` and of releases.
var buildFlags = []string{"-trimpath", "-ldflags", "-s -w"}

// profile is what they are compiled by.
const profile = "cmd/tally/tally.pgo"

// program is the path of a tally that was built like that.
var program string

func TestMain(m *testing.M) {
	os.Exit(withProgram(m))
}

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "deploy")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	program = filepath.Join(dir, "tally")
	// The checkout may be one that git does not trust, and the tests need no version.
	args := append([]string{"build", "-buildvcs=false", "-pgo", "../" + profile, "-o", program}, buildFlags...)
	cmd := exec.Command("go", append(args, "../cmd/tally")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func TestTheProgramIsOneSmallStaticFile(t *testing.T) {
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 40 << 20
	if info.Size() >= limit {
		t.Errorf("%d bytes, want less than %d", info.Size(), limit)
	}
	if runtime.GOOS != "linux" {
		return
	}
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it wants a dynamic linker, which an empty image does not have")
		}
	}
}

// tally runs a command to its end, with nothing in the environment but env.
func tally(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append([]string{"HOME=" + t.TempDir()}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("tally %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// serves starts a node with a command line and an environment from one of the
// files, but with its own directory and port, and returns its address. A setting
// that the program does not know fails the test.
func serves(t *testing.T, env, args []string) (url string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be asked to end there")
	}
	checkFlags(t, args)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, append(slices.Clone(args), "--data", t.TempDir(), "--listen", "127.0.0.1:0")...)
	cmd.Env = append([]string{"HOME=" + t.TempDir()}, env...)
	var logs bytes.Buffer
	cmd.Stderr = &logs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // if it is gone, Wait says how
		if err := cmd.Wait(); err != nil {
			t.Errorf("tally %s: %v", strings.Join(args, " "), err)
		}
		if strings.Contains(logs.String(), "is not a setting") || t.Failed() {
			t.Errorf("tally %s:\n%s", strings.Join(args, " "), &logs)
		}
	})
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("not ready: %q, %v", line, err)
	}
	return url
}

// checkFlags compares a command line with the help of the command.
func checkFlags(t *testing.T, args []string) {
	t.Helper()
	if len(args) == 0 || args[0] != "serve" {
		t.Fatalf("%q does not run a node", args)
	}
	known := flagsOf(t, "serve")
	for _, arg := range args[1:] {
		name, _, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(name, "-") && !slices.Contains(known, name) {
			t.Errorf("%s is no flag of tally serve", name)
		}
	}
}

func flagsOf(t *testing.T, command string) []string {
	t.Helper()
	list := regexp.MustCompile(`(?m)^ +(?:-\w, +)?(--[a-z-]+)`).FindAllStringSubmatch(tally(t, nil, command, "--help"), -1)
	var out []string
	for _, m := range list {
		out = append(out, m[1])
	}
	if !slices.Contains(out, "--config") && command == "serve" {
		t.Fatalf("the flags were not found in the help: %q", out)
	}
	return out
}

// manager is the end of a service manager that hears of starts.
func manager(t *testing.T) (env string, heard func() string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd") //nolint:usetesting // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a temporary directory
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // only read from
	return "NOTIFY_SOCKET=" + filepath.Join(dir, "s"), func() string {
		buf := make([]byte, 4096)
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}
