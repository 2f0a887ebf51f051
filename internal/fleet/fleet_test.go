package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/fleet"
)

// The nodes of these tests are the test binary again, which then acts as this
// variable says.
const role = "FLEET_TEST_ROLE"

func TestMain(m *testing.M) {
	if r := os.Getenv(role); r != "" {
		os.Exit(play(r))
	}
	os.Exit(m.Run())
}

// play acts as a node.
func play(r string) int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Fprintln(os.Stderr, "log of", r)
	switch r {
	case "broken":
		return 3
	case "silent":
		<-stop
		return 0
	}
	fmt.Println("ready http://node") //nolint:forbidigo // a program
	switch r {
	case "ends":
		return 4
	case "unclean":
		<-stop
		return 5
	}
	<-stop
	fmt.Print("bye") //nolint:forbidigo // a program
	return 0
}

func start(t *testing.T, r string) (*fleet.Node, error) {
	t.Helper()
	var f fleet.Family
	n := f.Node(fleet.Config{
		Name: "north", Program: os.Args[0], Env: append(os.Environ(), role+"="+r), Log: filepath.Join(t.TempDir(), "log"),
	})
	t.Cleanup(n.Kill)
	return n, n.Start(t.Context())
}

func TestANodeIsStartedAndStopped(t *testing.T) {
	n, err := start(t, "good")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // and again
		if n.URL() != "http://node" || n.PID() == 0 {
			t.Errorf("at %q, process %d", n.URL(), n.PID())
		}
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
		if code, rest := n.Wait(); code != 0 || rest != "bye" {
			t.Errorf("ended with %d, and said %q", code, rest)
		}
		if got := n.Logs(); got != "log of good\n" {
			t.Errorf("the log of one run is %q", got)
		}
		if err := n.Stop(); err != nil {
			t.Errorf("when it is down: %v", err)
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestANodeThatDoesNotStartSaysWhy(t *testing.T) {
	n, err := start(t, "broken")
	if err == nil || !strings.Contains(err.Error(), "north did not start") || !strings.Contains(err.Error(), "log of broken") {
		t.Errorf("got %v", err)
	}
	if code, _ := n.Wait(); code != 3 {
		t.Errorf("status %d, want 3", code)
	}
}

func TestWaitingForANodeEndsWithTheContext(t *testing.T) {
	var f fleet.Family
	n := f.Node(fleet.Config{Program: os.Args[0], Env: append(os.Environ(), role+"=silent"), Log: filepath.Join(t.TempDir(), "log")})
	if err := n.Spawn(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Ready(ctx); err == nil {
		t.Error("it is ready")
	}
	if n.Signal(syscall.SIGTERM) == nil {
		t.Error("it is still there")
	}
}

func TestANodeThatEndsBadlyIsReported(t *testing.T) {
	n, err := start(t, "unclean")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(); err == nil || !strings.Contains(err.Error(), "exit status 5") {
		t.Errorf("got %v", err)
	}
	if n, err = start(t, "ends"); err != nil {
		t.Fatal(err)
	}
	n.Wait()
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n.Signal(syscall.Signal(0)) == nil { // until it is gone and was waited for
	}
	if err := n.Stop(); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("got %v", err)
	}
}

func TestAFamilyIsKilledAtOnce(t *testing.T) {
	var f fleet.Family
	var nodes []*fleet.Node
	for range 3 {
		nodes = append(nodes, f.Node(fleet.Config{
			Program: os.Args[0], Env: append(os.Environ(), role+"=good"), Log: filepath.Join(t.TempDir(), "log"),
		}))
	}
	if err := fleet.Start(t.Context(), nodes...); err != nil {
		t.Fatal(err)
	}
	f.Kill()
	for _, n := range nodes {
		if code, rest := n.Wait(); code == 0 || rest != "" {
			t.Errorf("ended with %d, and said %q", code, rest)
		}
	}
}

func TestNoneRunsIfOneDoesNotStart(t *testing.T) {
	var f fleet.Family
	node := func(r string) *fleet.Node {
		return f.Node(fleet.Config{
			Name: r, Program: os.Args[0], Env: append(os.Environ(), role+"="+r), Log: filepath.Join(t.TempDir(), "log"),
		})
	}
	good := node("good")
	if err := fleet.Start(t.Context(), good, node("broken")); err == nil {
		t.Error("all started")
	}
	if good.Signal(syscall.SIGTERM) == nil {
		t.Error("the other runs on")
	}
}

func TestPlacesNameEachOther(t *testing.T) {
	places, err := fleet.Places(t.Context(), "a", "b", "c")
	if err != nil {
		t.Fatal(err)
	}
	places[2].Via = "http://proxy"
	want := []string{
		"--node", "b", "--listen", places[1].Addr, "--data", "/d", "--member", "a=http://" + places[0].Addr, "--member", "c=http://proxy",
	}
	if d := cmp.Diff(want, fleet.Flags(places, 1, "/d")); d != "" {
		t.Error(d)
	}
	if places[0].Addr == places[1].Addr {
		t.Error("one address twice")
	}
}

func TestNoPortIsFoundTwice(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			places, err := fleet.Places(t.Context(), make([]string, 40)...) // more than one block has
			mu.Lock()
			defer mu.Unlock()
			if err != nil || len(places) != 40 {
				t.Errorf("%d places, %v", len(places), err)
			}
			for _, p := range places {
				if addr, err := netip.ParseAddrPort(p.Addr); err != nil || addr.Port() >= 32768 || seen[p.Addr] {
					t.Errorf("%s: %v, found before: %v", p.Addr, err, seen[p.Addr])
				}
				seen[p.Addr] = true
			}
		})
	}
	all.Wait()
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := fleet.Places(ended, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSettingsDoNotReachNodes(t *testing.T) {
	if d := cmp.Diff([]string{"HOME=/h", "X=TALLY_"}, fleet.Environ([]string{"HOME=/h", "TALLY_AGENT=a", "X=TALLY_"})); d != "" {
		t.Error(d)
	}
}
