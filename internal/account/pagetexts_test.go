package account

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"amrutam/internal/account/password"
	"amrutam/internal/language"
)

// TestPageTexts tests that every language has the texts of every page, and says each fault of a password.
func TestPageTexts(t *testing.T) {
	t.Parallel()
	english := pageTexts[language.English]
	policy := password.Policy{MinLength: 15, Service: serviceName}
	faults := []string{policy.Fault("\xff", "", ""), policy.Fault("short", "", ""),
		policy.Fault(strings.Repeat("long ", 300), "", ""), policy.Fault("asha rao asha rao", "", "Asha Rao"),
		policy.Fault("my amrutam password", "", ""), policy.Fault(strings.Repeat("a", 20), "", ""),
		policy.Fault("abcdefghijklmnopqrstuvwxyz", "", "")}
	for l, texts := range pageTexts {
		if !slices.Equal(slices.Sorted(maps.Keys(texts.Pages)), slices.Sorted(maps.Keys(english.Pages))) ||
			!slices.Equal(slices.Sorted(maps.Keys(texts.Faults)), slices.Sorted(maps.Keys(english.Faults))) {
			t.Errorf("%s has other texts than English", l)
		}
		for name, text := range texts.Pages {
			other := english.Pages[name]
			if text.Title == "" || text.Text == "" || (text.Button == "") != (other.Button == "") ||
				(text.Label == "") != (other.Label == "") {
				t.Errorf("%s: %s lacks a text", l, name)
			}
			if l == language.Hindi && (!isDevanagari(text.Title) || !isDevanagari(text.Text)) {
				t.Errorf("%s isn't in Hindi", name)
			}
		}
		for _, message := range faults {
			sentence := texts.fault(message)
			if message == "" || sentence == message || strings.Contains(sentence, "%") ||
				isDevanagari(sentence) != (l == language.Hindi) {
				t.Errorf("%s says %q as %q", l, message, sentence)
			}
		}
	}
}

func isDevanagari(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Devanagari, r) })
}
