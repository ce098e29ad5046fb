package password

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestFaultsAreTranslated tests that the pages on which a password is chosen say each of its faults in Hindi.
func TestFaultsAreTranslated(t *testing.T) {
	t.Parallel()
	texts, err := os.ReadFile("../../console/web/text/hi/entry.ts")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`\d+`)
	faults := map[string]bool{}
	for _, password := range []string{"\xff", "short", strings.Repeat("long ", 300), "asha rao asha rao",
		"my amrutam password", strings.Repeat("a", 20), "abcdefghijklmnopqrstuvwxyz", "password"} {
		minLength := 15
		if password == "password" {
			minLength = 8
		}
		said := fault(password, minLength, "", "Asha Rao")
		faults[said] = true
		if said == "" || !strings.Contains(string(texts), `"`+number.ReplaceAllString(said, "#")+`": "`) {
			t.Errorf("%q isn't said in Hindi", said)
		}
	}
	if len(faults) < 6 {
		t.Errorf("the passwords have the faults %v", faults)
	}
}
