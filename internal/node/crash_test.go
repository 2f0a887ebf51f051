package node

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// kills is how often a node is killed while clients write.
const kills = 54

// TestKilledNodesLoseNothing kills nodes with SIGKILL, one at a time, while
// clients write to all of them, and then accounts for every receipt: what was
// acknowledged, and also what missed its quorum and was only promised.
func TestKilledNodesLoseNothing(t *testing.T) {
	nodes := processes(t, 3, func(c *Config) { c.QuorumTimeout = 700 * time.Millisecond })
	var (
		mu       sync.Mutex
		receipts = map[string]created{} // by title
		refused  atomic.Int64
		lost     atomic.Int64 // requests without an answer: nothing was promised
		stop     = make(chan struct{})
		clients  sync.WaitGroup
	)
	for c := range 8 {
		clients.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				title := fmt.Sprintf("client %d note %d", c, i)
				var got created
				code, err := call(http.MethodPost, nodes[(c+i)%3].url+"/api/v1/memories", map[string]any{
					"title": title, "content": strings.Repeat(title+" ", 20), "namespace": fmt.Sprintf("crash/%d", c),
				}, &got)
				switch {
				case err != nil:
					lost.Add(1)
				case code == http.StatusCreated && got.Receipt.Durability == "quorum" && len(got.Receipt.HeldBy) >= 2,
					code == http.StatusCreated && got.Receipt.Durability == "all",
					code == http.StatusServiceUnavailable && got.Error == "quorum_not_met":
					if code != http.StatusCreated {
						refused.Add(1)
					}
					if got.Receipt.Dot == "" {
						t.Errorf("%d without a receipt: %+v", code, got)
					}
					mu.Lock()
					receipts[title] = got
					mu.Unlock()
				default:
					t.Errorf("%s: %d %+v", title, code, got)
					return
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range kills {
		p := nodes[rng.IntN(len(nodes))]
		pause(time.Duration(20+rng.IntN(120)) * time.Millisecond)
		p.Kill()
		p.start()
	}
	close(stop)
	clients.Wait()
	urls := []string{nodes[0].url, nodes[1].url, nodes[2].url}
	waitEqual(t, 30*time.Second, urls)
	t.Logf("%d kills, %d receipts (%d of writes that missed their quorum), %d requests without an answer",
		kills, len(receipts), refused.Load(), lost.Load())
	if len(receipts) < kills {
		t.Errorf("only %d receipts: the clients hardly wrote", len(receipts))
	}
	account(t, urls, receipts)
}

// account checks that each receipt is kept on every node.
func account(t *testing.T, urls []string, receipts map[string]created) {
	t.Helper()
	for title, want := range receipts {
		for _, url := range urls {
			var m struct {
				Title   string `json:"title"`
				Content string `json:"content"`
			}
			if code, err := call(http.MethodGet, url+"/api/v1/memories/"+want.ID, nil, &m); err != nil || code != http.StatusOK || m.Title != title {
				t.Errorf("%s of %q (%s) on %s: %d, %v", want.Receipt.Dot, title, want.ID, url, code, err)
			}
			var r held
			code, err := call(http.MethodGet, url+"/api/v1/receipts/"+want.Receipt.Dot, nil, &r)
			if err != nil || code != http.StatusOK || r.Digest != want.Receipt.Digest {
				t.Errorf("receipt %s on %s: %d %+v, %v", want.Receipt.Dot, url, code, r, err)
			}
		}
		if t.Failed() {
			return
		}
	}
	// Who holds what is known from what members said last: give them a moment.
	for _, want := range receipts {
		waitFor(t, 10*time.Second, "held by all", func() (string, bool) {
			var r held
			_, err := call(http.MethodGet, urls[0]+"/api/v1/receipts/"+want.Receipt.Dot, nil, &r)
			return fmt.Sprintf("%+v %v", r, err), err == nil && slices.Equal(r.HeldBy, []string{"a", "b", "c"})
		})
	}
}

// pause is real time: the nodes are other processes.
func pause(d time.Duration) { <-time.After(d) }
