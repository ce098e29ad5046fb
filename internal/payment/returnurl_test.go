package payment_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

const app = "https://app.example.org"

func TestReturnURLs(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.ReturnOrigins = []string{app} })
	patient, consultation, _ := unpaid(c)
	initiate := func(to string) *apptest.Answer {
		return c.Post(patient, "payments/initiate", object{"consultationId": consultation, "returnUrl": to})
	}
	own, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{c.URL + "/", c.URL, c.URL + "/paid?a=b#c", app + "/paid?id=1",
		"https://APP.example.org:443/x", app} {
		initiate(good).Want(201)
	}
	for _, bad := range []string{
		"https://evil.example/", "//evil.example", "/paid", "paid", "https:evil.example", "javascript:alert(1)",
		"data:text/html,x", "ftp://app.example.org/",
		"http://app.example.org/", "https://app.example.org:8443/", "https://app.example.org.evil.example/",
		"https://evil.example/?" + app,
		"https://app.example.org@evil.example/", "https://user@app.example.org/", "https://user:word@app.example.org/",
		"https://@app.example.org/",
		"https://app.example.org\\@evil.example/", "https:\\\\app.example.org",
		"https://evil.example\\.app.example.org/", "https://app.example.org%2eevil.example/",
		" " + app, app + "\n", "https://app.example.org\t.evil.example/", "https://\u0430pp.example.org/",
		"https://app.example.org\u3002evil.example/",
		"https:///app.example.org/", "https://", "http://[::1]@" + own.Host + "/", "http://" + own.Hostname() + "/",
		"http://" + own.Hostname() + ":1/",
		"https://app.example.org\u200b/", strings.Repeat("https://app.example.org/", 100),
	} {
		a := initiate(bad)
		if a.Status != 422 {
			t.Errorf("%q: status %d", bad, a.Status)
			continue
		}
		faults, _ := a.At("errors").([]any)
		if first, _ := faults[0].(object); first["location"] != "body.returnUrl" ||
			strings.Contains(string(a.Body), "evil") {
			t.Errorf("%q is refused with %s", bad, a.Body)
		}
	}
}

func TestCheckoutReturnsToApp(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.ReturnOrigins = []string{app} })
	for _, button := range []string{"pay", "fail"} {
		patient, consultation, _ := unpaid(c)
		const to = app + "/paid?id=1&x=%22%3E"
		// The newest address counts for the open attempt.
		begun := c.Post(patient, "payments/initiate", object{"consultationId": consultation, "returnUrl": to}).
			Want(201)
		page, err := url.Parse(begun.Text("attempt", "checkout", "url"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+page.Path,
			strings.NewReader("outcome="+button))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := (&http.Transport{}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != to ||
			!strings.Contains(string(body), `href="https://app.example.org/paid?id=1&amp;x=%22%3E"`) {
			t.Errorf("%s: %d %q %s", button, answer.StatusCode, answer.Header.Get("Location"), body)
		}
		shown := c.Do(apptest.User{}, "GET", page.Path, nil).Want(200)
		if csp := shown.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+app+";") {
			t.Errorf("a browser doesn't follow: %s", csp)
		}
	}
}
