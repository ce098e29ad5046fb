package contract_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"amrutam/internal/apptest"
)

// unlimited has the inputs without a limit of their own, and why. The pipeline limits the headers and body of a
// webhook.
var unlimited = map[string]string{
	"post /api/v1/payments/webhook/{provider} path provider": "an unknown provider is not found: 404",
	"post /api/v1/payments/webhook/{provider} header Webhook-Id": "what is over 255 characters has no valid " +
		"signature: 401",
	"post /api/v1/payments/webhook/{provider} header Webhook-Timestamp": "what is no number has no valid " +
		"signature: 401",
	"post /api/v1/payments/webhook/{provider} header Webhook-Signature": "what is too long is no valid signature: 401",
	"post /api/v1/payments/webhook/{provider} body.data.currency": "a provider's report is never refused for " +
		"it: one that is none is left out",
	"post /api/v1/payments/webhook/{provider} body.data.failureReason": "a provider's report is never refused for " +
		"it: it is cut",
	"post /api/v1/payments/webhook/{provider} body (as received)": "the raw bytes that are signed",
}

// TestInputsAreDescribedAndLimited checks that every input has a description, an example and limits.
func TestInputsAreDescribedAndLimited(t *testing.T) {
	t.Parallel()
	v := inputs{t: t, root: apptest.Open(t).Document().Root, excused: map[string]bool{}}
	for path, item := range v.root["paths"].(map[string]any) {
		for method, o := range item.(map[string]any) {
			operation, place := o.(map[string]any), method+" "+path
			parameters, _ := operation["parameters"].([]any)
			for _, p := range parameters {
				p := resolve(v.root, p)
				at := place + " " + p["in"].(string) + " " + p["name"].(string)
				v.checkDescription(at, p)
				v.checkLimit(at, p["schema"])
			}
			if operation["requestBody"] == nil {
				continue
			}
			for kind, content := range resolve(v.root, operation["requestBody"])["content"].(map[string]any) {
				at := place + " body"
				if kind != "application/json" {
					at += " (as received)"
				}
				v.checkLimit(at, content.(map[string]any)["schema"])
			}
		}
	}
	if v.seen < 100 {
		t.Errorf("only %d inputs: this test reads the document wrongly", v.seen)
	}
	for at := range unlimited {
		if !v.excused[at] {
			t.Errorf("%s needs no exception", at)
		}
	}
}

// TestDescriptions checks that schemas, their fields, parameters and headers have descriptions.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	root := apptest.Open(t).Document().Root
	components := root["components"].(map[string]any)
	n := 0
	checkDescription := func(at string, part any, how string) {
		n++
		if text, _ := part.(map[string]any)["description"].(string); text == "" {
			t.Errorf("%s has no description: %s", at, how)
		}
	}
	for kind, how := range map[string]string{"headers": "see httpapi/headers.go", "parameters": "give it a doc tag"} {
		for name, part := range components[kind].(map[string]any) {
			checkDescription(kind+" "+name, part, how)
		}
	}
	for name, schema := range components["schemas"].(map[string]any) {
		checkDescription("schema "+name, schema, "give its type a field _ struct{} with a doc tag")
		s := schema.(map[string]any)
		properties, _ := s["properties"].(map[string]any)
		for member, property := range properties {
			checkDescription("schema "+name+"."+member, property, "give the field a doc tag")
		}
	}
	if n < 500 {
		t.Errorf("only %d parts: this test reads the document wrongly", n)
	}
}

// hasExample reports whether a field has an example, or a schema from which one follows.
func hasExample(root map[string]any, part any) bool {
	schema := resolve(root, part)
	_, nullable := schema["type"].([]any)
	switch {
	case schema["examples"] != nil, schema["enum"] != nil, schema["properties"] != nil, nullable:
		return true
	case schema["items"] != nil:
		return hasExample(root, schema["items"])
	}
	return false
}

// inputs checks the inputs of requests.
type inputs struct {
	t       *testing.T
	root    map[string]any
	seen    int
	excused map[string]bool
}

func (v *inputs) checkDescription(at string, node map[string]any) {
	if text, _ := node["description"].(string); text == "" {
		v.t.Errorf("%s has no description: give the field a doc tag", at)
	}
}

// unbounded matches the unbounded repetitions of a regular expression.
var unbounded = regexp.MustCompile(`[*+]|\{\d+,\}`)

func (v *inputs) checkLimit(at string, node any) {
	v.seen++
	schema := resolve(v.root, node)
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return schema[key] != nil })
	}
	pattern, _ := schema["pattern"].(string)
	bounded := pattern != "" && pattern[0] == '^' && pattern[len(pattern)-1] == '$' && !unbounded.MatchString(pattern)
	format, _ := schema["format"].(string)
	ok := true
	switch kind(schema) {
	case "string":
		ok = bounded || has("maxLength", "enum", "const") ||
			slices.Contains([]string{"uuid", "date", "date-time"}, format)
	case "integer", "number":
		ok = has("enum", "const") || has("minimum", "exclusiveMinimum") && has("maximum", "exclusiveMaximum")
	case "array":
		ok = has("maxItems")
		v.checkLimit(at+"[]", schema["items"])
	case "object":
		properties, _ := schema["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			property := properties[name].(map[string]any)
			if property["description"] == nil {
				property = resolve(v.root, property)
			}
			v.checkDescription(at+"."+name, property)
			if !hasExample(v.root, property) {
				v.t.Errorf("%s.%s has no example: give the field an example tag", at, name)
			}
			v.checkLimit(at+"."+name, properties[name])
		}
	case "boolean", "null":
	default:
		choices, _ := schema["oneOf"].([]any)
		ok = len(choices) > 0
		for _, choice := range choices {
			v.checkLimit(at, choice)
		}
	}
	if _, excused := unlimited[at]; excused && !ok {
		v.excused[at] = true
	} else if !ok {
		v.t.Errorf("%s has no limit", at)
	}
}

// kind returns the type of a value beside null, or "" if there are several.
func kind(schema map[string]any) string {
	if all, ok := schema["type"].([]any); ok {
		all = slices.DeleteFunc(slices.Clone(all), func(one any) bool { return one == "null" })
		if len(all) == 1 {
			return all[0].(string)
		}
		return ""
	}
	one, _ := schema["type"].(string)
	return one
}
