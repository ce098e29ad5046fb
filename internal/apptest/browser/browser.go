// Package browser opens a server's pages in Chromium, for tests of what only a browser shows.
package browser

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
	"amrutam/scripts/demoserver/cookie"
)

// Page is one tab of a browser with an empty profile.
type Page struct {
	// Ctx ends with the test, or after three minutes.
	Ctx context.Context
	// URL is the clinic's address with the name localhost: passkeys are bound to names.
	URL string

	t      *testing.T
	mu     sync.Mutex
	errors []string
}

// path returns the path of Chromium, or "".
func path() string {
	names := []string{
		os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Find returns the path of Chromium. Without one it skips the test, or fails it in CI.
func Find(t *testing.T) string {
	t.Helper()
	found := path()
	if found == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no Chromium: scripts/chromium.sh installs one")
		}
		t.Skip("there is no Chromium: scripts/chromium.sh installs one")
	}
	return found
}

// shared is the browser of all tests of a process, which ends with it: a start costs more than a short test.
var shared = sync.OnceValues(func() (context.Context, error) {
	ctx, _ := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path()),
		chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// A made-up camera and microphone, and calls within this machine.
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
	))
	return ctx, chromedp.Do(ctx)
})

// Open opens a page with a profile of its own, as in another browser, and collects its errors.
func Open(t *testing.T, c *apptest.Clinic) *Page {
	t.Helper()
	Find(t)
	all, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	tab, cancelTab := chromedp.NewContext(all, chromedp.WithNewBrowserContext())
	t.Cleanup(func() {
		_ = chromedp.Cancel(tab)
		cancelTab()
	})
	p := &Page{t: t, URL: strings.Replace(c.URL, "127.0.0.1", "localhost", 1)}
	p.Must(chromedp.Listen(tab, p.record))
	limited, cancel := context.WithTimeout(tab, 3*time.Minute)
	t.Cleanup(cancel)
	p.Ctx = limited
	_, err = chromedp.Call(p.Ctx, audits.Enable, cdp.Empty{})
	p.Must(err)
	_, err = chromedp.Call(p.Ctx, log.Enable, cdp.Empty{})
	p.Must(err)
	return p
}

// record records violations of the Content-Security-Policy, exceptions, and errors in the console.
func (p *Page) record(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *audits.EventIssueAdded:
		if details := e.Issue.Details.ContentSecurityPolicyIssueDetails; details != nil {
			p.errors = append(p.errors, "policy: "+details.ViolatedDirective)
		}
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceSecurity {
			p.errors = append(p.errors, "console: "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// Errors returns the errors recorded so far.
func (p *Page) Errors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

// Must fails the test if there is an error.
func (p *Page) Must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// Run carries out steps.
func (p *Page) Run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.Must(chromedp.Do(p.Ctx, steps...))
}

// Visit opens an address and waits until the page is loaded.
func (p *Page) Visit(address string) {
	p.t.Helper()
	p.Run(chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")))
}

// Script runs JavaScript in the page and returns its result, an object. The code may call ask(method, path, body),
// which sends a request to the API and returns {status, body}.
func (p *Page) Script(code string) map[string]any {
	p.t.Helper()
	out, err := p.TryScript(code)
	p.Must(err)
	return out
}

// TryScript is Script for code that a navigation may end.
func (p *Page) TryScript(code string) (map[string]any, error) {
	const ask = `const ask = async (method, path, body) => {
		const response = await fetch('/api/v1/' + path, {
			method,
			headers: body ? {'Content-Type': 'application/json'} : {},
			body: body && JSON.stringify(body),
		});
		const text = await response.text();
		return {status: response.status, body: text ? JSON.parse(text) : null};
	};`
	evaluate := chromedp.Evaluate[map[string]any]("(async () => {"+ask+code+"})()", chromedp.EvalAwaitPromise)
	return chromedp.Run(p.Ctx, evaluate)
}

// SignIn gives the browser a session of a user.
func (p *Page) SignIn(c *apptest.Clinic, user apptest.User) {
	p.t.Helper()
	p.setCookie("__Host-amrutam", c.Cookie(user))
}

// SpeakLanguage chooses the language of the console's pages.
func (p *Page) SpeakLanguage(tag string) {
	p.t.Helper()
	p.setCookie("language", tag)
}

func (p *Page) setCookie(name, value string) {
	p.t.Helper()
	p.Must(cookie.Set(p.Ctx, p.URL, name, value))
}
