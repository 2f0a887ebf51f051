package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/api"
)

// federationOf runs n nodes in this process.
func federationOf(tb testing.TB, n int) []string {
	tb.Helper()
	addrs := freeAddrs(tb, n)
	urls := make([]string, n)
	for i := range n {
		urls[i] = inProcess(tb, single(tb, func(c *Config) {
			c.Node, c.Listen, c.WebhookAllow = nodeName(i), addrs[i], []string{"127.0.0.0/8"}
			for j := range n {
				if j != i {
					c.Members = append(c.Members, Member{Name: nodeName(j), URL: "http://" + addrs[j]})
				}
			}
		})).url
	}
	return urls
}

// surface is what a recipe has to prepare its request with.
type surface struct {
	t     *testing.T
	urls  []string
	hook  string // where subscriptions may deliver to
	round int
}

// target is the node that gets the request, and elsewhere the one on which it is
// prepared: what a route is about comes from another member.
func (s *surface) target() string    { return s.urls[s.round%len(s.urls)] }
func (s *surface) elsewhere() string { return s.urls[(s.round+1)%len(s.urls)] }

// ask is a request that changes something.
type ask struct {
	path  string // with the query
	body  string
	agent string
	media string // "": JSON; with one, the operator sends it
}

// send sends a request to a node and returns the answer, which must be a success.
func (s *surface) send(url, method string, a ask) map[string]any {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, url+a.path, strings.NewReader(a.body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if a.media != "" {
		req.Header.Set("Content-Type", a.media)
		req.Header.Set("Authorization", "Bearer "+operatorOf(s.t, url))
	}
	if a.agent != "" {
		req.Header.Set("X-Agent-Id", a.agent)
	}
	res, err := httpClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %d: %.500s", method, a.path, res.StatusCode, raw)
	}
	var body map[string]any
	_ = json.Unmarshal(raw, &body)
	return body
}

// prepare sends a request to another node than the one that is to be tested, and
// returns a field of its answer.
func (s *surface) prepare(path, body, field string) string {
	s.t.Helper()
	got, _ := s.send(s.elsewhere(), http.MethodPost, ask{path: path, body: body})[field].(string)
	return got
}

// memo makes a memory that is nobody's, and title what no other has.
func (s *surface) memo(name string) string {
	s.t.Helper()
	return s.prepare("/api/v1/memories", fmt.Sprintf(`{"title":%q,"content":"text of %s"}`, s.title(name), name), "id")
}

func (s *surface) title(name string) string { return fmt.Sprintf("%s %d", name, s.round) }

func (s *surface) archived(name string) string {
	s.t.Helper()
	id := s.memo(name)
	s.prepare("/api/v1/archive", `{"ids":["`+id+`"]}`, "")
	return id
}

func (s *surface) linked() (source, target string) {
	s.t.Helper()
	source, target = s.memo("source"), s.memo("target")
	s.prepare("/api/v1/links", `{"source_id":"`+source+`","target_id":"`+target+`","relation":"supersedes"}`, "")
	return source, target
}

// proposed makes a proposal that waits for a vote.
func (s *surface) proposed() string {
	s.t.Helper()
	ns := fmt.Sprint("guarded/", s.round)
	s.standard(ns)
	return s.prepare("/api/v1/memories", fmt.Sprintf(`{"title":%q,"content":"x","namespace":%q}`, s.title("asked"), ns), "pending_id")
}

func (s *surface) standard(ns string) {
	s.t.Helper()
	s.prepare("/api/v1/namespaces/"+ns+"/standard", `{"governance":{"write":"approve","approver":"human"}}`, "")
}

// asOperator is the media type of what the operator sends.
const asOperator = "application/json"

func (s *surface) team(name string) {
	s.t.Helper()
	s.send(s.elsewhere(), http.MethodPost, ask{path: "/api/v1/teams/" + name, body: `{"add":["alice"]}`, media: asOperator})
}

func (s *surface) subscribed() string {
	s.t.Helper()
	return s.prepare("/api/v1/subscriptions", fmt.Sprintf(`{"url":"%s/%d"}`, s.hook, s.round), "id")
}

// recipes say how to make each route change something. They do not say which
// routes there are.
func recipes() map[string]func(*surface) ask {
	return map[string]func(*surface) ask{
		"POST /api/v1/memories": func(s *surface) ask {
			return ask{path: "/api/v1/memories", body: fmt.Sprintf(`{"title":%q,"content":"x"}`, s.title("new"))}
		},
		"POST /api/v1/memories/bulk": func(s *surface) ask {
			return ask{path: "/api/v1/memories/bulk", body: fmt.Sprintf(`[{"title":%q,"content":"x"},{"title":%q,"content":"y"}]`, s.title("one"), s.title("two"))}
		},
		"PUT /api/v1/memories/{id}":    func(s *surface) ask { return ask{path: "/api/v1/memories/" + s.memo("put"), body: `{"content":"new"}`} },
		"PATCH /api/v1/memories/{id}":  func(s *surface) ask { return ask{path: "/api/v1/memories/" + s.memo("patch"), body: `{"priority":9}`} },
		"DELETE /api/v1/memories/{id}": func(s *surface) ask { return ask{path: "/api/v1/memories/" + s.memo("delete")} },
		"POST /api/v1/memories/{id}/promote": func(s *surface) ask {
			id := s.prepare("/api/v1/memories", fmt.Sprintf(`{"title":%q,"content":"x","tier":"mid"}`, s.title("promote")), "id")
			return ask{path: "/api/v1/memories/" + id + "/promote"}
		},
		"POST /api/v1/memories/{id}/erase": func(s *surface) ask { return ask{path: "/api/v1/memories/" + s.memo("erase") + "/erase"} },
		"POST /api/v1/consolidate": func(s *surface) ask {
			return ask{path: "/api/v1/consolidate", body: fmt.Sprintf(`{"ids":[%q,%q],"title":%q,"summary":"both"}`, s.memo("first"), s.memo("second"), s.title("both"))}
		},
		"POST /api/v1/forget": func(s *surface) ask {
			s.memo("forgettable")
			return ask{path: "/api/v1/forget", body: `{"pattern":"forgettable"}`}
		},
		"POST /api/v1/links": func(s *surface) ask {
			return ask{path: "/api/v1/links", body: fmt.Sprintf(`{"source_id":%q,"target_id":%q}`, s.memo("from"), s.memo("to"))}
		},
		"DELETE /api/v1/links": func(s *surface) ask {
			a, b := s.linked()
			return ask{path: "/api/v1/links?source_id=" + a + "&target_id=" + b}
		},
		"POST /api/v1/kg/invalidate": func(s *surface) ask {
			a, b := s.linked()
			return ask{path: "/api/v1/kg/invalidate", body: fmt.Sprintf(`{"source_id":%q,"target_id":%q,"relation":"supersedes"}`, a, b)}
		},
		"POST /api/v1/entities": func(s *surface) ask {
			return ask{path: "/api/v1/entities", body: fmt.Sprintf(`{"canonical_name":%q,"namespace":"firms","aliases":["a"]}`, s.title("firm"))}
		},
		"POST /api/v1/archive": func(s *surface) ask {
			return ask{path: "/api/v1/archive", body: `{"ids":["` + s.memo("archive") + `"]}`}
		},
		"POST /api/v1/archive/{id}/restore": func(s *surface) ask { return ask{path: "/api/v1/archive/" + s.archived("restore") + "/restore"} },
		"DELETE /api/v1/archive": func(s *surface) ask {
			s.archived("purge")
			return ask{path: "/api/v1/archive"}
		},
		"POST /api/v1/pending/{id}/approve": func(s *surface) ask { return ask{path: "/api/v1/pending/" + s.proposed() + "/approve", agent: "judge"} },
		"POST /api/v1/pending/{id}/reject":  func(s *surface) ask { return ask{path: "/api/v1/pending/" + s.proposed() + "/reject", agent: "judge"} },
		"POST /api/v1/approvals/{id}": func(s *surface) ask {
			return ask{path: "/api/v1/approvals/" + s.proposed(), body: `{"decision":"approve"}`, agent: "judge"}
		},
		"POST /api/v1/namespaces": func(s *surface) ask {
			return ask{path: "/api/v1/namespaces", body: fmt.Sprintf(`{"namespace":"set/%d","governance":{"write":"any"}}`, s.round)}
		},
		"POST /api/v1/namespaces/{rest...}": func(s *surface) ask {
			return ask{path: fmt.Sprintf("/api/v1/namespaces/set/%d/standard", s.round), body: `{"governance":{"write":"any"}}`}
		},
		"DELETE /api/v1/namespaces": func(s *surface) ask {
			s.standard("cleared")
			return ask{path: "/api/v1/namespaces?namespace=cleared"}
		},
		"DELETE /api/v1/namespaces/{rest...}": func(s *surface) ask {
			s.standard("cleared/too")
			return ask{path: "/api/v1/namespaces/cleared/too/standard"}
		},
		"POST /api/v1/agents": func(s *surface) ask {
			return ask{path: "/api/v1/agents", body: fmt.Sprintf(`{"agent_id":"robot-%d","agent_type":"ai:test"}`, s.round)}
		},
		"POST /api/v1/teams/{name}": func(s *surface) ask {
			return ask{path: fmt.Sprintf("/api/v1/teams/team-%d", s.round), body: `{"add":["alice","bob"]}`, media: asOperator}
		},
		"DELETE /api/v1/teams/{name}": func(s *surface) ask {
			s.team("ended")
			return ask{path: "/api/v1/teams/ended", media: asOperator}
		},
		"POST /api/v1/outbound": func(s *surface) ask {
			return ask{path: "/api/v1/outbound", body: fmt.Sprintf(`{"rules":["deny webhook http://h%d.invalid"]}`, s.round), media: asOperator}
		},
		"POST /api/v1/notify": func(*surface) ask {
			return ask{path: "/api/v1/notify", body: `{"target_agent_id":"bob","title":"tea","payload":"is ready"}`}
		},
		"POST /api/v1/share": func(s *surface) ask {
			return ask{path: "/api/v1/share", body: `{"source_memory_id":"` + s.memo("share") + `","target_agent_id":"bob"}`, agent: "alice"}
		},
		"POST /api/v1/capture_turn": func(s *surface) ask {
			return ask{path: "/api/v1/capture_turn", body: fmt.Sprintf(`{"host_session_id":"s%d","host_turn_index":0,"role":"user","content":"hello"}`, s.round)}
		},
		"POST /api/v1/handoff": func(s *surface) ask {
			return ask{path: "/api/v1/handoff", body: fmt.Sprintf(`{"title":%q,"summary":"half done"}`, s.title("handed over"))}
		},
		"POST /api/v1/subscriptions": func(s *surface) ask {
			return ask{path: "/api/v1/subscriptions", body: fmt.Sprintf(`{"namespace":"watched/%d"}`, s.round)}
		},
		"DELETE /api/v1/subscriptions":          func(s *surface) ask { return ask{path: "/api/v1/subscriptions?id=" + s.subscribed()} },
		"DELETE /api/v1/subscriptions/{id}":     func(s *surface) ask { return ask{path: "/api/v1/subscriptions/" + s.subscribed()} },
		"POST /api/v1/subscriptions/{id}/adopt": func(s *surface) ask { return ask{path: "/api/v1/subscriptions/" + s.subscribed() + "/adopt"} },
		"POST /api/v1/memory_subscription_replay": func(s *surface) ask {
			return ask{path: "/api/v1/memory_subscription_replay", body: `{"subscription_id":"` + s.subscribed() + `","redeliver":true,"since":"2026-01-01T00:00:00Z"}`}
		},
		"POST /api/v1/import": func(s *surface) ask {
			return ask{path: "/api/v1/import", body: fmt.Sprintf(`{"memories":[{"title":%q,"content":"x"}]}`, s.title("imported"))}
		},
		"POST /api/v1/import/complete": func(s *surface) ask {
			// The log of a node that none of the members has met.
			stranger := inProcess(s.t, single(s.t, func(c *Config) { c.Node = "stranger" }))
			s.send(stranger.url, http.MethodPost, ask{path: "/api/v1/memories", body: `{"title":"brought along","content":"from far away"}`})
			req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, stranger.url+"/api/v1/export?format=complete", http.NoBody)
			if err != nil {
				s.t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+operatorOf(s.t, stranger.url))
			res, err := httpClient.Do(req)
			if err != nil {
				s.t.Fatal(err)
			}
			defer res.Body.Close() //nolint:errcheck // read to its end
			var log bytes.Buffer
			if _, err := log.ReadFrom(res.Body); err != nil {
				s.t.Fatal(err)
			}
			return ask{path: "/api/v1/import/complete", body: log.String(), media: "application/x-ndjson"}
		},
	}
}

// TestEveryRouteThatChangesStateReachesAllMembers takes the routes from the
// table that the API is made of: one that is new fails here until somebody says
// how to exercise it.
func TestEveryRouteThatChangesStateReachesAllMembers(t *testing.T) {
	urls := federationOf(t, 3)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	known := recipes()
	changing := 0
	for i, rt := range api.Routes() {
		name := rt.Method + " " + rt.Path
		recipe, ok := known[name]
		switch {
		case rt.Mutates && !ok:
			t.Errorf("%s changes state, and no recipe says how to exercise it", name)
		case ok && !rt.Mutates:
			t.Errorf("there is a recipe for %s, whose row does not say that it changes state", name)
		}
		delete(known, name)
		if !rt.Mutates || !ok {
			continue
		}
		changing++
		t.Run(name, func(t *testing.T) {
			s := &surface{t: t, urls: urls, hook: hook.URL, round: i}
			a := recipe(s)
			waitEqual(t, 10*time.Second, urls)
			before, err := statusOf(s.target())
			if err != nil {
				t.Fatal(err)
			}
			s.send(s.target(), rt.Method, a)
			after, err := statusOf(s.target())
			if err != nil || after.Digest == before.Digest {
				t.Fatalf("the digest of %s is as before (%v)", before.Node, err)
			}
			waitEqual(t, 10*time.Second, urls)
			for _, url := range urls {
				if st, err := statusOf(url); err != nil || st.Digest == before.Digest {
					t.Errorf("%s is as before (%v)", st.Node, err)
				}
			}
		})
	}
	for name := range known {
		t.Errorf("there is a recipe for %s, and no such route", name)
	}
	if changing < 20 {
		t.Errorf("only %d routes change state", changing)
	}
}
