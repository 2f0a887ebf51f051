package node

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// TestANodeWhoseFilesAreDamagedAmongWholeOnes damages the database of one of three nodes as a disk
// does, and starts it again. It says what to do, and then that helps; or it serves what is right,
// or says that it is damaged. Nothing that was acknowledged is lost by it, no number is used twice,
// and what it has becomes what the others have, or a status says that it cannot.
func TestANodeWhoseFilesAreDamagedAmongWholeOnes(t *testing.T) {
	t.Parallel()
	for kind := storetest.PageZeroed; kind <= storetest.LogGone; kind++ {
		t.Run(fmt.Sprint("kind ", kind), func(t *testing.T) {
			t.Parallel()
			newDamagedNode(t, kind, 5).run()
		})
	}
}

// damagedNode is the first of three nodes.
type damagedNode struct {
	t        *testing.T
	kind     storetest.FileDamage
	rng      *rand.Rand
	cfgs     []Config
	nodes    []*running
	receipts map[string]created // by title
	dots     map[string]string  // who has a number, by digest
	did      string
}

func newDamagedNode(t *testing.T, kind storetest.FileDamage, seed uint64) *damagedNode {
	t.Helper()
	d := &damagedNode{t: t, kind: kind, rng: rand.New(rand.NewPCG(seed, uint64(kind))), receipts: map[string]created{}, dots: map[string]string{}}
	addrs := freeAddrs(t, 3)
	for i := range addrs {
		d.cfgs = append(d.cfgs, single(t, func(c *Config) {
			c.Listen, c.Node, c.QuorumTimeout = addrs[i], nodeName(i), 5*time.Second
			for j := range addrs {
				if j != i {
					c.Members = append(c.Members, Member{Name: nodeName(j), URL: "http://" + addrs[j]})
				}
			}
		}))
		d.nodes = append(d.nodes, inProcess(t, d.cfgs[i]))
	}
	return d
}

// write has a node take a memory. What is acknowledged is asked for later.
func (d *damagedNode) write(i int, title string) (int, created) {
	d.t.Helper()
	var got created
	code, err := call(http.MethodPost, d.nodes[i].url+"/api/v1/memories", map[string]any{"title": title, "content": strings.Repeat(title+" ", 60)}, &got)
	if err != nil {
		d.t.Fatalf("after %s: %s: %v", d.did, title, err)
	}
	if dot := got.Receipt.Dot; dot != "" {
		if other, used := d.dots[dot]; used && other != got.Receipt.Digest {
			d.t.Errorf("after %s: the number %s was used twice", d.did, dot)
		}
		d.dots[dot] = got.Receipt.Digest
	}
	if code == http.StatusCreated {
		d.receipts[title] = got
	}
	return code, got
}

func (d *damagedNode) run() {
	t := d.t
	for i := range 30 {
		if code, got := d.write(i%3, fmt.Sprint("note ", i)); code != http.StatusCreated {
			t.Fatalf("%d %+v", code, got)
		}
	}
	data := d.cfgs[0].Data
	if d.kind.OfLog() { // as a process that is killed leaves it
		image := t.TempDir()
		copyFiles(t, data, image)
		data = image
	}
	d.nodes[0].stop()
	d.cfgs[0].Data = data
	d.did = d.kind.Do(t, d.rng, filesOf(data))
	n, err := tryInProcess(t, d.cfgs[0])
	if err != nil {
		if !strings.Contains(err.Error(), "put a backup in its place") || !strings.Contains(err.Error(), data) {
			t.Fatalf("after %s: it does not start, and does not say what to do: %v", d.did, err)
		}
		for _, suffix := range []string{"", "-wal", "-shm"} { // as it says
			_ = os.Rename(filepath.Join(data, store.FileName+suffix), filepath.Join(t.TempDir(), "away"))
		}
		n = inProcess(t, d.cfgs[0])
	}
	d.nodes[0] = n
	d.ask(0, true)
	for i := range 6 {
		code, got := d.write(i%3, fmt.Sprint("later ", i))
		if code != http.StatusCreated && (i%3 != 0 || !strings.Contains(got.Error, "damaged")) {
			t.Errorf("after %s: a write at %s: %d %+v", d.did, nodeName(i%3), code, got)
		}
	}
	d.settle()
	d.ask(1, false)
	d.ask(2, false)
}

// ask reads everything that was acknowledged from a node, which may say that it is damaged.
func (d *damagedNode) ask(i int, damaged bool) {
	d.t.Helper()
	for title, want := range d.receipts {
		var m struct{ Title, Content, Error string }
		code, err := call(http.MethodGet, d.nodes[i].url+"/api/v1/memories/"+want.ID, nil, &m)
		right := code == http.StatusOK && m.Title == title && m.Content == strings.Repeat(title+" ", 60)
		// What was lost with the log of a node comes from the others, a moment later.
		told := damaged && (code == http.StatusNotFound || code == http.StatusInternalServerError && strings.Contains(m.Error, "damaged"))
		if err != nil || !right && !told {
			d.t.Errorf("after %s: %q on %s: %d %+v, %v", d.did, title, nodeName(i), code, m.Error, err)
		}
	}
}

// settle waits until all nodes are equal, or the damaged one says that it cannot be.
func (d *damagedNode) settle() {
	d.t.Helper()
	waitFor(d.t, 30*time.Second, "equal after "+d.did, func() (string, bool) {
		digests := map[string]bool{}
		for i, n := range d.nodes {
			var s struct {
				Digest   string
				Damaged  int
				Warnings []string
			}
			code, err := call(http.MethodGet, n.url+"/api/v1/status", nil, &s)
			if err != nil || code != http.StatusOK {
				return fmt.Sprint(code, err), false
			}
			if i == 0 && strings.Contains(strings.Join(s.Warnings, " "), client.WarningBroken) {
				return "", true
			}
			digests[s.Digest] = true
		}
		return fmt.Sprint(len(digests), " digests"), len(digests) == 1
	})
	if d.t.Failed() {
		return
	}
	d.ask(0, true)
}

func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(from, store.FileName+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, filepath.Join(from, store.BootFile)) {
		raw, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(name)), raw, 0o600)
		}
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// filesOf are those of the database in a directory.
func filesOf(dir string) storetest.Files {
	name := filepath.Join(dir, store.FileName)
	return storetest.Files{Database: name, Log: name + "-wal", Index: name + "-shm"}
}
