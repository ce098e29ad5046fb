package account

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"amrutam/internal/config"
	"amrutam/internal/language"
	"amrutam/internal/problem"
)

// TestPageTexts tests that every language has the texts of every page, and says each fault of a password.
func TestPageTexts(t *testing.T) {
	t.Parallel()
	english := pageTexts[language.English]
	s := &Service{Config: &config.Config{PasswordMin: 15}}
	faults := []*problem.Message{s.passwordFault("\xff", "", ""), s.passwordFault("short", "", ""),
		s.passwordFault(strings.Repeat("long ", 300), "", ""), s.passwordFault("asha rao asha rao", "", "Asha Rao"),
		s.passwordFault("my amrutam password", "", ""), s.passwordFault(strings.Repeat("a", 20), "", ""),
		s.passwordFault("abcdefghijklmnopqrstuvwxyz", "", ""), faultCommon}
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
		for _, fault := range faults {
			sentence := texts.fault(problem.FaultAt("body.newPassword", fault))
			if sentence == fault.In(l) || strings.Contains(sentence, "{") ||
				isDevanagari(sentence) != (l == language.Hindi) {
				t.Errorf("%s says %q as %q", l, fault.Code, sentence)
			}
		}
	}
}

func isDevanagari(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Devanagari, r) })
}
