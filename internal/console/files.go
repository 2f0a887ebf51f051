package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/client"
)

// dist is what `make console` builds of the sources in console/.
//
//go:embed dist
var dist embed.FS

// Root is the path below which the page is.
const Root = "/console/"

// policy lets the page load its own files and call its own node, and nothing
// else: no inline code, no other host, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// index is the file that stands for every address of the page, which finds out
// itself what to show.
const index = "index.html"

// minZip is the size from which a file is worth compressing.
const minZip = 1 << 10

// file is a built file, ready to be sent.
type file struct {
	body   []byte
	media  string
	tag    string
	lasts  bool // its name has a digest of its content in it
	zipped func() []byte
}

// Files lists the built files and their content, by name.
func Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	err := fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := dist.ReadFile(name)
		out[strings.TrimPrefix(name, "dist/")] = body
		return err
	})
	return out, err
}

func load() (map[string]*file, error) {
	all, err := Files()
	if err != nil {
		return nil, err
	}
	out := map[string]*file{}
	for name, body := range all {
		sum := sha256.Sum256(body)
		out[name] = &file{
			body: body, media: mediaOf(name), tag: `"` + hex.EncodeToString(sum[:8]) + `"`, lasts: strings.HasPrefix(name, "assets/"),
			zipped: sync.OnceValue(func() []byte { return zip(body) }),
		}
	}
	return out, nil
}

// mediaOf is the media type of a file by its name; what the machine thinks of
// names does not count.
func mediaOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(ext)
	}
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(body)                                  // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// serveFile answers with a built file; addresses that are none are places in the
// page.
func (c *Console) serveFile(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, client.CodeMethodNotAllowed, "method not allowed: want one of GET, HEAD")
		return
	}
	name := strings.TrimPrefix(r.URL.Path, Root)
	f, is := c.files[name]
	if !is && strings.HasPrefix(name, "assets/") {
		refuse(w, http.StatusNotFound, client.CodeNotFound, "not found: this file is of another version of the console; load the page again")
		return
	}
	h := w.Header()
	if !is {
		f = c.files[index]
		c.preload(h, r.URL.Path)
	}
	guarded(h)
	h.Set("Content-Type", f.media)
	h.Set("ETag", f.tag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if f.lasts {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if len(body) >= minZip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = f.zipped()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a client that is gone is nobody to report to
	}
}

// guarded sets the headers that keep a page to itself.
func guarded(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}
