package node

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkCreate writes 1 KiB memories through HTTP to a federation that runs
// in this process, clients included: for profiles, not for figures.
func BenchmarkCreate(b *testing.B) {
	for _, n := range []int{1, 3, 25} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			urls := federation(b, n)
			text := strings.Repeat("ordinary words of a memory that somebody wrote down ", 20)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}
			var next atomic.Int64
			b.SetParallelism(64)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := next.Add(1)
					body := fmt.Sprintf(`{"title":"note %d","content":%q,"tier":"long"}`, i, text)
					resp, err := client.Post(urls[int(i)%n]+"/api/v1/memories", "application/json", bytes.NewBufferString(body))
					if err != nil {
						b.Error(err)
						return
					}
					reply, _ := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if resp.StatusCode != http.StatusCreated {
						b.Errorf("%d: %s", resp.StatusCode, reply)
						return
					}
				}
			})
			b.StopTimer()
			client.CloseIdleConnections()
		})
	}
}

// federation runs n nodes and returns their URLs.
func federation(tb testing.TB, n int) []string {
	tb.Helper()
	addrs := freeAddrs(tb, n)
	var urls []string
	for _, a := range addrs {
		urls = append(urls, "http://"+a)
	}
	for i := range n {
		cfg := Default()
		cfg.Data, cfg.Listen, cfg.Node, cfg.LogLevel = tb.TempDir(), addrs[i], nodeName(i), "error"
		cfg.QuorumTimeout = 20 * time.Second
		for j := range n {
			if j != i {
				cfg.Members = append(cfg.Members, Member{Name: nodeName(j), URL: urls[j]})
			}
		}
		inProcess(tb, cfg)
	}
	return urls
}
