package contract_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"amrutam/internal/apptest"
	"amrutam/internal/language"
	"amrutam/internal/problem"
)

// TestEveryMessageInHindi tests that each fault of a field and each detail has its text in Hindi with the same
// parameters, and each description of a pattern its words.
func TestEveryMessageInHindi(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t) // defines the messages of every package
	parameter := regexp.MustCompile(`\{[a-z]+\}`)
	text, err := os.ReadFile("../../internal/problem/messages_hi.json")
	if err != nil {
		t.Fatal(err)
	}
	var translated struct{ Messages map[string]any }
	if err := json.Unmarshal(text, &translated); err != nil {
		t.Fatal(err)
	}
	for code := range translated.Messages { // a message without its text in Hindi can't be defined
		m, isDefined := problem.FindMessage(code)
		if !isDefined {
			t.Errorf("no message has the code %s", code)
			continue
		}
		english, hindi := m.In(language.English), m.In(language.Hindi)
		if english == "" || !isHindi(hindi) {
			t.Errorf("%s isn't in Hindi: %q, %q", code, english, hindi)
		}
		names, inHindi := parameter.FindAllString(english, -1), parameter.FindAllString(hindi, -1)
		slices.Sort(names)
		slices.Sort(inHindi)
		if !slices.Equal(names, inHindi) {
			t.Errorf("%s names %v, in Hindi %v", code, names, inHindi)
		}
	}
	pattern, _ := problem.FindMessage("pattern")
	for name, schema := range c.App.API.Document().Components.Schemas.Map() {
		for _, property := range schema.Properties {
			words := property.PatternDescription
			if words == "" || words == "more than spaces" || words == "a UUID" {
				continue // the others have messages of their own
			}
			if text := pattern.With("expected", words).In(language.Hindi); strings.Contains(text, words) {
				t.Errorf("%s: %q isn't in Hindi", name, words)
			}
		}
	}
}

// TestFaultsInAcceptedLanguage tests that a fault has a code and its parameters for programs, and its message in the
// language of Accept-Language with the right plural.
func TestFaultsInAcceptedLanguage(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	body := map[string]any{"email": "", "fullName": "Asha Rao", "password": "short"}
	for l, want := range map[string][2]string{
		"en": {"must have at least 15 characters", "must not be empty"},
		"hi": {"कम से कम 15 अक्षर होने चाहिए", "खाली नहीं हो सकता"},
	} {
		a := c.Do(apptest.User{}, "POST", "auth/signup", map[string]any{"email": "asha@example.org",
			"fullName": "Asha Rao", "password": "fourteen chars", "role": "PATIENT"}, "Accept-Language", l).
			Want(422, "validation-failed")
		fault := firstFault(a)
		if fault["code"] != "minLength" || !reflect.DeepEqual(fault["params"], map[string]any{"limit": 15.0}) ||
			fault["message"] != want[0] {
			t.Errorf("%s: %s", l, a.Body)
		}
		body["password"] = ""
		a = c.Do(apptest.User{}, "POST", "auth/login", body, "Accept-Language", l).Want(422, "validation-failed")
		if !strings.Contains(string(a.Body), `"message":"`+want[1]+`"`) {
			t.Errorf("%s: %s", l, a.Body)
		}
	}
}

// firstFault returns the first of the errors of a refusal.
func firstFault(a *apptest.Answer) map[string]any {
	faults, _ := a.At("errors").([]any)
	if len(faults) == 0 {
		return nil
	}
	fault, _ := faults[0].(map[string]any)
	return fault
}

func isHindi(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Devanagari, r) })
}
