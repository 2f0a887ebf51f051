package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// call makes a request as an agent, and returns the status and the answer; 0 if
// there is none.
func (n *node) call(ctx context.Context, method, path, agent string, body any) (int, object) {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return 0, object{"error": err.Error()}
		}
	}
	return n.send(ctx, method, path, agent, payload, nil)
}

func (n *node) send(ctx context.Context, method, path, agent string, payload []byte, header http.Header) (int, object) {
	const longest = 15 * time.Second
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.url+path, bytes.NewReader(payload))
	if err != nil {
		return 0, object{"error": err.Error()}
	}
	maps.Copy(req.Header, header)
	if agent != "" {
		req.Header.Set("X-Agent-Id", agent)
	}
	if len(payload) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, object{"error": err.Error()}
	}
	defer func() { _ = resp.Body.Close() }()
	const most = 16 << 20
	data, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return 0, object{"error": err.Error()}
	}
	out := object{}
	if json.Unmarshal(data, &out) != nil {
		out = object{"text": string(data)}
	}
	return resp.StatusCode, out
}

// store writes a memory of everybody's, and returns its id.
func (n *node) store(ctx context.Context, ns, title, content string, more object) (string, int) {
	body := object{"namespace": ns, "title": title, "content": content, "tier": "long", "scope": "collective", "tags": []string{"t"}}
	maps.Copy(body, more)
	status, got := n.call(ctx, "POST", "/api/v1/memories", alice, body)
	id, _ := got["id"].(string)
	if id == "" {
		id, _ = got["pending_id"].(string)
	}
	return id, status
}

// alice is who does most of it.
const alice = "alice"

// get returns a memory, nil if the node does not have it, alive.
func (n *node) get(ctx context.Context, id string) object {
	status, got := n.call(ctx, "GET", "/api/v1/memories/"+url.PathEscape(id), alice, nil)
	if status != http.StatusOK {
		return nil
	}
	if m, ok := got["memory"].(object); ok {
		return m
	}
	return got
}

// list returns the memories of a namespace by id.
func (n *node) list(ctx context.Context, ns string) map[string]object {
	_, got := n.call(ctx, "GET", "/api/v1/memories?limit=1000&namespace="+url.QueryEscape(ns), alice, nil)
	out := map[string]object{}
	rows, _ := got["memories"].([]any)
	for _, r := range rows {
		if m, ok := r.(object); ok {
			id, _ := m["id"].(string)
			out[id] = m
		}
	}
	return out
}

// links are those of a memory, as "source relation target".
func (n *node) links(ctx context.Context, id string) []string {
	_, got := n.call(ctx, "GET", "/api/v1/links/"+url.PathEscape(id), alice, nil)
	rows, _ := got["links"].([]any)
	var out []string
	for _, r := range rows {
		if l, ok := r.(object); ok && (l["valid_until"] == nil || l["valid_until"] == "") {
			out = append(out, fmt.Sprintf("%v %v %v", l["source_id"], l["relation"], l["target_id"]))
		}
	}
	slices.Sort(out)
	return out
}

func (n *node) link(ctx context.Context, source, target string) int {
	status, _ := n.call(ctx, "POST", "/api/v1/links", alice, object{"source_id": source, "target_id": target, "relation": "supersedes"})
	return status
}

func (n *node) put(ctx context.Context, id string, change object) int {
	status, _ := n.call(ctx, "PUT", "/api/v1/memories/"+url.PathEscape(id), alice, change)
	return status
}

func (n *node) remove(ctx context.Context, id string) int {
	status, _ := n.call(ctx, "DELETE", "/api/v1/memories/"+url.PathEscape(id), alice, nil)
	return status
}

func (n *node) archive(ctx context.Context, id string) int {
	status, _ := n.call(ctx, "POST", "/api/v1/archive", alice, object{"ids": []string{id}})
	return status
}

func (n *node) restore(ctx context.Context, id string) int {
	status, _ := n.call(ctx, "POST", "/api/v1/archive/"+url.PathEscape(id)+"/restore", alice, object{})
	return status
}

func (n *node) standard(ctx context.Context, ns string) string {
	_, got := n.call(ctx, "GET", "/api/v1/namespaces/"+url.PathEscape(ns)+"/standard", alice, nil)
	id, _ := got["standard_id"].(string)
	return id
}

// approve approves a pending action, signed as ai-memory asks for.
func (n *node) approve(ctx context.Context, id, agent string) (int, object) {
	stamp, path := strconv.FormatInt(time.Now().Unix(), 10), "/api/v1/pending/"+url.PathEscape(id)+"/approve"
	key := sha256.Sum256([]byte(approvalSecret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(stamp + ".POST." + id + ".{}"))
	return n.send(ctx, http.MethodPost, path, agent, []byte("{}"), http.Header{
		"X-Ai-Memory-Signature": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}, "X-Ai-Memory-Timestamp": {stamp},
	})
}

// shown is what a user sees of a memory, as one text.
func shown(m object) string {
	if m == nil {
		return "–"
	}
	tags, _ := m["tags"].([]any)
	var words []string
	for _, t := range tags {
		words = append(words, fmt.Sprint(t))
	}
	slices.Sort(words)
	return fmt.Sprintf("%v|%v|%v|%v|%v", m["title"], m["content"], m["tier"], m["priority"], strings.Join(words, ","))
}
