package browser_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is where Debian puts it; the variable names another one.
func chromium() string {
	if p := os.Getenv("CHROMIUM"); p != "" {
		return p
	}
	return "/usr/bin/chromium"
}

// tab is a tab of a browser of its own, which remembers what its page complained
// about.
type tab struct {
	ctx   context.Context //nolint:containedctx // it is what chromedp calls a tab
	heard chan struct{}   // closed when the browser says no more

	mu     sync.Mutex
	faults []string
}

// pageTimeout is how long a page may take to show something, on a machine that has much
// else to do.
const pageTimeout = time.Minute

// start starts a browser. Without one the test is skipped.
func start(t *testing.T) *tab {
	t.Helper()
	if os.Getenv("TALLY_BROWSER") == "" {
		t.Skip("`make browser` runs the tests in a browser: they need more than Go, and a minute or two")
	}
	if testing.Short() {
		t.Skip("-short: a browser and three nodes take a while")
	}
	if _, err := os.Stat(chromium()); err != nil {
		t.Skip("there is no browser at " + chromium() + ": install chromium, or say with CHROMIUM where it is")
	}
	flag := func(name string) chromedp.ExecAllocatorOption { return chromedp.Flag(name, true) }
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium()), chromedp.NoSandbox, chromedp.DisableGPU,
		flag("disable-quic"), flag("disable-background-networking"), flag("disable-component-update"), flag("disable-sync"), flag("enable-precise-memory-info"),
		chromedp.Flag("js-flags", "--expose-gc"), chromedp.UserDataDir(t.TempDir()))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, shut := chromedp.NewContext(ctx)
	b := &tab{ctx: ctx, heard: make(chan struct{})}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // it is thrown away
		shut()
		stop()
		<-b.heard
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	b.listen()
	return b
}

// listen notes what pages of the tab complain about.
func (b *tab) listen() {
	said := chromedp.Console(b.ctx)
	go func() {
		defer close(b.heard)
		for m, err := range said {
			if err != nil {
				return
			}
			b.note(m)
		}
	}()
}

// note remembers what a page should not say.
func (b *tab) note(m chromedp.ConsoleMessage) {
	if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.Type == chromedp.ConsoleException {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fmt.Sprintf("%s: %s", m.Type, m.Text))
	}
}

// complaints are what pages complained about since the last time.
func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.faults
	b.faults = nil
	return out
}

// do runs actions, in time.
func (b *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%v; the page says:\n%s", err, b.says())
	}
}

// says is the text of the page.
func (b *tab) says() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText.slice(0, 3000)")) // for a message
	return text
}

// ask evaluates an expression.
func ask[T any](t *testing.T, b *tab, js string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil && !errors.Is(err, chromedp.ErrJSUndefined) {
		t.Fatalf("%s: %v; the page says:\n%s", js, err, b.says())
	}
	return v
}

// until waits for an expression to be true.
func (b *tab) until(t *testing.T, js string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+js+")", chromedp.WithPollingInterval(50*time.Millisecond))); err != nil {
		t.Fatalf("waited for %s: %v; the page says:\n%s", js, err, b.says())
	}
}

// shows waits until a text is on the page.
func (b *tab) shows(t *testing.T, text string) {
	t.Helper()
	b.until(t, "document.body.innerText.includes("+quote(text)+")")
}

// open goes to a page and waits until it has what it asked the node for.
func (b *tab) open(t *testing.T, url string) {
	t.Helper()
	b.do(t, chromedp.Navigate(url))
	b.settled(t)
}

func (b *tab) settled(t *testing.T) {
	t.Helper()
	b.until(t, `document.querySelector("main h1") && !document.querySelector("main [aria-busy=true]") && document.querySelector(".status-text").textContent != "asking the node …"`)
}

// press presses keys, one after the other.
func (b *tab) press(t *testing.T, keys string) {
	t.Helper()
	b.do(t, chromedp.KeyEvent(keys))
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
