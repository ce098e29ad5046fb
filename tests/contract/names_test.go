package contract_test

import (
	"slices"
	"strings"
	"testing"

	"amrutam/internal/apptest"
)

// TestComponentNames: generated clients make types of the names, so a name holds no number that another operation
// would change, and its end says what it is: a request's body, a page of a list, or neither.
func TestComponentNames(t *testing.T) {
	t.Parallel()
	root := apptest.Open(t).Document().Root
	components := root["components"].(map[string]any)
	for kind, parts := range components {
		for name := range parts.(map[string]any) {
			if strings.ContainsAny(name, "0123456789") {
				t.Errorf("%s %s has a digit", kind, name)
			}
		}
	}
	bodies := requestBodies(root)
	for name, schema := range components["schemas"].(map[string]any) {
		if body := slices.Contains(bodies, name); body != strings.HasSuffix(name, "Request") {
			t.Errorf("%s: the body of a request is %v", name, body)
		}
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		if page := properties["nextCursor"] != nil; page != strings.HasSuffix(name, "Page") {
			t.Errorf("%s: a page of a list is %v", name, page)
		}
	}
}

// requestBodies are the names of the schemas that requests consist of.
func requestBodies(root map[string]any) (names []string) {
	for _, methods := range root["paths"].(map[string]any) {
		for _, o := range methods.(map[string]any) {
			body, _ := o.(map[string]any)["requestBody"].(map[string]any)
			contents, _ := body["content"].(map[string]any)
			for _, content := range contents {
				schema, _ := content.(map[string]any)["schema"].(map[string]any)
				if ref, ok := schema["$ref"].(string); ok {
					names = append(names, ref[strings.LastIndex(ref, "/")+1:])
				}
			}
		}
	}
	return names
}
