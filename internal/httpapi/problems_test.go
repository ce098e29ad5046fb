package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"amrutam/internal/apptest"
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
