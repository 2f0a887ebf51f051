package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// rival is what is measured beside our federations: it runs already, and is loaded
// with the same texts, in the same rounds.
type rival struct {
	name  string // in the table
	addrs []string
	speech
}

// rqlite is the name of a rival that takes SQL over HTTP, as rqlite does: plain rows.
const rqlite = "rqlite"

// parseRival reads NAME=URL[,URL…]. All but one with the name rqlite speak this API. The
// addresses must be plain HTTP: nothing is measured of TLS in the client.
func parseRival(s string) (rival, error) {
	name, urls, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return rival{}, fmt.Errorf("%q: want NAME=URL, as in ai-memory=http://127.0.0.1:9077 or rqlite=http://127.0.0.1:4001", s)
	}
	r := rival{name: name, speech: memories()}
	if name == rqlite {
		r.speech = rows()
	}
	for part := range strings.SplitSeq(urls, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" && u.Path != "/" || u.User != nil {
			return rival{}, fmt.Errorf("%s=%q: want an address such as http://127.0.0.1:9077", name, part)
		}
		r.addrs = append(r.addrs, u.Host)
	}
	return r, nil
}

// rows is SQL over HTTP.
func rows() speech {
	return speech{
		path:    "/db/execute",
		prepare: `["CREATE TABLE IF NOT EXISTS bench (id INTEGER PRIMARY KEY, namespace TEXT, title TEXT, content TEXT)"]`,
		body: func(b []byte, l *load, client, n int) []byte {
			b = append(b, `[["INSERT INTO bench (namespace, title, content) VALUES (?, ?, ?)", "bench", "`...)
			b = append(l.title(b, client, n), `", "`...)
			return append(append(b, l.text(client, n)...), `"]]`...)
		},
		acked: func(status int, answer []byte) bool {
			return status == http.StatusOK && !bytes.Contains(answer, []byte(`"error"`))
		},
	}
}

// ready makes what the writes need.
func (v *rival) ready(ctx context.Context) error {
	if v.prepare == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+v.addrs[0]+v.path, strings.NewReader(v.prepare))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err == nil && !v.acked(res.StatusCode, answer) {
		err = fmt.Errorf("%s: %.200s", res.Status, answer)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	return nil
}

// parseRivals reads all of them. Two may not have one name.
func parseRivals(list []string) ([]rival, error) {
	var out []rival
	for _, s := range list {
		v, err := parseRival(s)
		if err != nil {
			return nil, err
		}
		if v.name == "ours" || v.name == "control" || slices.ContainsFunc(out, func(o rival) bool { return o.name == v.name }) {
			return nil, fmt.Errorf("%q: there is another one of this name", v.name)
		}
		out = append(out, v)
	}
	return out, nil
}
