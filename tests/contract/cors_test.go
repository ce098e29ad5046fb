package contract_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// TestCORSNamesEveryHeader: a page of another origin may send and read every header that the document names.
func TestCORSNamesEveryHeader(t *testing.T) {
	t.Parallel()
	const origin = "https://app.example"
	c := apptest.Open(t, func(cfg *config.Config) { cfg.CORSOrigins = []string{origin} })
	answer := c.Do(apptest.User{}, http.MethodOptions, "/health/live", nil, "Origin", origin,
		"Access-Control-Request-Method", "POST").Want(204)
	list := func(name string) []string { return strings.Split(strings.ToLower(answer.Header.Get(name)), ", ") }
	methods, taken, exposed := list("Access-Control-Allow-Methods"), list("Access-Control-Allow-Headers"),
		list("Access-Control-Expose-Headers")
	want := func(got []string, place, name string) {
		if !slices.Contains(got, strings.ToLower(name)) {
			t.Errorf("%s: CORS doesn't name %s", place, name)
		}
	}
	// taken everywhere, documented in prose
	for _, name := range []string{"Authorization", "Content-Type", "Traceparent", "X-Request-Id"} {
		want(taken, "every operation", name)
	}
	paths := c.Document().Root["paths"].(map[string]any)
	named := 0
	for path, item := range paths {
		for method, o := range item.(map[string]any) {
			operation := o.(map[string]any)
			place := method + " " + path
			want(methods, place, method)
			parameters, _ := operation["parameters"].([]any)
			for _, p := range parameters {
				p := resolve(c.Document().Root, p)
				name := p["name"].(string)
				// A provider's server sends these, no browser.
				if p["in"] == "header" && !strings.HasPrefix(name, "Webhook-") {
					named++
					want(taken, place, name)
				}
			}
			for _, response := range operation["responses"].(map[string]any) {
				headers, _ := resolve(c.Document().Root, response)["headers"].(map[string]any)
				for name := range headers {
					if name == "Set-Cookie" { // which no page may read, and no other origin's gets
						continue
					}
					named++
					want(exposed, place, name)
				}
			}
		}
	}
	if named < 100 {
		t.Errorf("the document names %d headers: this test reads it wrongly", named)
	}
}

// resolve follows a node's $ref.
func resolve(root map[string]any, node any) map[string]any {
	here := node.(map[string]any)
	for {
		ref, ok := here["$ref"].(string)
		if !ok {
			return here
		}
		here = root
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			here = here[name].(map[string]any)
		}
	}
}
