package contract_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// TestCORSHeaders checks that a page of another origin may send and read every header of the document.
func TestCORSHeaders(t *testing.T) {
	t.Parallel()
	const origin = "https://app.example"
	c := apptest.Open(t, func(cfg *config.Config) { cfg.CORSOrigins = []string{origin} })
	answer := c.Do(apptest.User{}, http.MethodOptions, "/health/live", nil, "Origin", origin,
		"Access-Control-Request-Method", "POST").Want(204)
	list := func(name string) []string { return strings.Split(strings.ToLower(answer.Header.Get(name)), ", ") }
	methods := list("Access-Control-Allow-Methods")
	allowed := list("Access-Control-Allow-Headers")
	exposed := list("Access-Control-Expose-Headers")
	want := func(got []string, place, name string) {
		if !slices.Contains(got, strings.ToLower(name)) {
			t.Errorf("%s: CORS doesn't allow %s", place, name)
		}
	}
	// Every operation takes these; the document has them in its description only.
	for _, name := range []string{"Authorization", "Content-Type", "Traceparent", "X-Request-Id"} {
		want(allowed, "every operation", name)
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
				// Webhook headers are sent by servers only.
				if p["in"] == "header" && !strings.HasPrefix(name, "Webhook-") {
					named++
					want(allowed, place, name)
				}
			}
			for _, response := range operation["responses"].(map[string]any) {
				headers, _ := resolve(c.Document().Root, response)["headers"].(map[string]any)
				for name := range headers {
					if name == "Set-Cookie" { // scripts can't read it
						continue
					}
					named++
					want(exposed, place, name)
				}
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d headers were found in the document", named)
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
