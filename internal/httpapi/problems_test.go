package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"amrutam/internal/apptest"
	"amrutam/internal/language"
	"amrutam/internal/problem"
)

// TestProblemPages tests that the index links to every problem, and a problem's page to the operation in its advice.
func TestProblemPages(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	index := string(c.Get(nobody, "/problems").Want(200).Body)
	titles := map[string]string{}
	for _, p := range problem.All() {
		if !strings.Contains(index, `href="/problems/`+p.Slug+`"`) {
			t.Errorf("the index has no link to %s", p.Slug)
		}
		if other, taken := titles[p.Title]; taken {
			t.Errorf("%s and %s have the same title", p.Slug, other)
		}
		titles[p.Title] = p.Slug
	}
	page := string(c.Get(nobody, "/problems/slot-taken").Want(200).Body)
	if link := `<a href="/docs/#/availability/list-free-slots">`; !strings.Contains(page, link) {
		t.Errorf("no %s in %s", link, page)
	}
	one := c.Do(nobody, "GET", "/problems/slot-taken", nil, "Accept", "application/json").Want(200)
	if one.Text("title") != "The slot is taken" {
		t.Errorf("as JSON: %s", one.Body)
	}
	all := c.Do(nobody, "GET", "/problems", nil, "Accept", "application/json").Want(200).Items()
	if len(all) != len(problem.All()) {
		t.Errorf("%d problems as JSON, not %d", len(all), len(problem.All()))
	}
}

func TestEveryProblemHasAPage(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	all := problem.All()
	if len(all) < 30 {
		t.Fatalf("only %d problems", len(all))
	}
	for _, p := range all {
		page := c.Get(nobody, "/problems/"+p.Slug).Want(200)
		if page.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			!strings.Contains(string(page.Body), "<code>"+p.Slug+"</code>, HTTP "+fmt.Sprint(p.Status)) {
			t.Errorf("%s: %s", p.Slug, page.Body)
		}
		if p.Title == "" || p.Detail == "" || p.Advice == "" || p.Status < 400 || url.PathEscape(p.Slug) != p.Slug ||
			strings.ToLower(p.Slug) != p.Slug {
			t.Errorf("%s says too little: %+v", p.Slug, *p)
		}
	}
	for _, slug := range []string{"no-such", "%3Cscript%3E", "..%2Fnot-found", "NOT-FOUND"} {
		c.Get(nobody, "/problems/"+slug).Want(404, "not-found")
	}
}

// TestEveryProblemInHindi tests that each problem has all its texts in Hindi, which name the same operations.
func TestEveryProblemInHindi(t *testing.T) {
	t.Parallel()
	apptest.Open(t) // defines the problems of every package
	operation := regexp.MustCompile(`(GET|POST|PATCH|DELETE) /[a-zA-Z0-9/{}-]+|AMRUTAM_\w+|Retry-After`)
	file, err := os.ReadFile("../problem/hi.json")
	if err != nil {
		t.Fatal(err)
	}
	translated, titles := map[string]problem.Text{}, map[string]string{}
	if err := json.Unmarshal(file, &translated); err != nil {
		t.Fatal(err)
	}
	all := problem.All()
	if len(translated) != len(all) {
		t.Errorf("%d problems, %d in Hindi", len(all), len(translated))
	}
	for _, p := range all {
		if _, known := translated[p.Slug]; !known {
			t.Errorf("%s isn't in hi.json", p.Slug)
			continue
		}
		text := p.In(language.Hindi)
		for _, part := range []string{text.Title, text.Detail} {
			if !hasDevanagari(part) {
				t.Errorf("%s isn't in Hindi: %q", p.Slug, part)
			}
		}
		if other, taken := titles[text.Title]; taken {
			t.Errorf("%s and %s have the same title", p.Slug, other)
		}
		titles[text.Title] = p.Slug
		english, hindi := operation.FindAllString(p.Advice, -1), operation.FindAllString(text.Advice, -1)
		slices.Sort(english)
		slices.Sort(hindi)
		if !hasDevanagari(text.Advice) || !slices.Equal(english, hindi) {
			t.Errorf("%s: the advice names %v, in Hindi %v: %s", p.Slug, english, hindi, text.Advice)
		}
	}
}

func hasDevanagari(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Devanagari, r) })
}

// TestProblemsInAcceptedLanguage tests that refusals and their pages are in the language of Accept-Language, and in
// English for clients that don't send it.
func TestProblemsInAcceptedLanguage(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for header, want := range map[string]string{"hi-IN,hi;q=0.9,en;q=0.1": "hi", "hi": "hi", "": "en", "fr": "en",
		"en-US,hi;q=0.5": "en", ";;;": "en", strings.Repeat("hi,", 2000): "en"} {
		var headers []string
		if header != "" {
			headers = []string{"Accept-Language", header}
		}
		a := c.Do(nobody, "GET", "users/me", nil, headers...).Want(401, "unauthenticated")
		title := map[string]string{"en": "Not signed in", "hi": "आपने साइन इन नहीं किया है"}[want]
		if a.Text("title") != title || a.Text("type") != "/problems/unauthenticated" ||
			a.Header.Get("Content-Language") != want ||
			!slices.Contains(a.Header.Values("Vary"), "Accept-Language") {
			t.Errorf("%.30s: %s, %v", header, a.Body, a.Header)
		}
		page := c.Do(nobody, "GET", "/problems/unauthenticated", nil, headers...).Want(200)
		if body := string(page.Body); !strings.Contains(body, `<html lang="`+want+`">`) ||
			!strings.Contains(body, title) || page.Header.Get("Content-Language") != want ||
			!strings.Contains(strings.Join(page.Header.Values("Vary"), ","), "Accept-Language") {
			t.Errorf("%.30s: %s, %v", header, body, page.Header)
		}
		index := c.Do(nobody, "GET", "/problems", nil, headers...).Want(200)
		if !strings.Contains(string(index.Body), title) {
			t.Errorf("%.30s: the index doesn't have %q", header, title)
		}
	}
	link := `<a href="/docs/#/availability/list-free-slots">`
	if page := c.Do(nobody, "GET", "/problems/slot-taken", nil, "Accept-Language", "hi"); !strings.Contains(
		string(page.Body), link) {
		t.Errorf("no %s in %s", link, page.Body)
	}
}
