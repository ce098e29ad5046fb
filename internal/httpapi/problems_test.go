package httpapi_test

import (
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/problem"
)

// TestProblemPages: the index leads to every problem, and the page of one to the operation that its advice names.
func TestProblemPages(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	index := string(c.Get(nobody, "/problems").Want(200).Body)
	titles := map[string]string{}
	for _, p := range problem.All() {
		if !strings.Contains(index, `href="/problems/`+p.Slug+`"`) {
			t.Errorf("the index doesn't lead to %s", p.Slug)
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
	if a := c.Do(nobody, "GET", "/problems/slot-taken", nil, "Accept", "application/json").
		Want(200); a.Text("title") !=
		"The slot is taken" {
		t.Errorf("as JSON: %s", a.Body)
	}
	if n := len(c.Do(nobody, "GET", "/problems", nil, "Accept", "application/json").Want(200).Items()); n != len(
		problem.All()) {
		t.Errorf("%d problems as JSON, not %d", n, len(problem.All()))
	}
}
