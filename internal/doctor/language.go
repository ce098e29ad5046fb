package doctor

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	bcp47 "golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"amrutam/internal/problem"
)

// canonical has one tag for a language: today's code, the macrolanguage's, no script that goes without saying.
const canonical = bcp47.DeprecatedBase | bcp47.Macro | bcp47.SuppressScript

const languageFormat = "expected a language tag (BCP 47), like hi or en-IN"

// canonicalTag is the canonical form of a tag: language, script, region and variants. fault tells what is wrong, and which
// tag a name may mean.
func canonicalTag(text string) (tag, fault string) {
	text = strings.TrimSpace(text)
	parsed, err := canonical.Parse(text)
	base, script, region := parsed.Raw()
	if err == nil && !slices.Contains([]string{"und", "mul", "mis", "zxx"}, base.String()) {
		if parsed, err = bcp47.Raw.Compose(base, script, region, parsed.Variants()); err == nil {
			return parsed.String(), ""
		}
	}
	if meant := languageNames()[strings.ToLower(text)]; meant != "" {
		return "", fmt.Sprintf("%s; you may mean %s", languageFormat, meant)
	}
	return "", languageFormat
}

// canonicalTags are the canonical tags, each once. Error: a 422 of all faults.
func canonicalTags(texts []string) ([]string, error) {
	wrong := *problem.Invalid
	out := make([]string, 0, len(texts))
	for i, text := range texts {
		tag, fault := canonicalTag(text)
		switch {
		case fault != "":
			wrong = *wrong.WithField(fmt.Sprintf("body.languagesSpoken[%d]", i), fault)
		case !slices.Contains(out, tag):
			out = append(out, tag)
		}
	}
	if len(wrong.Fields) > 0 {
		return nil, &wrong
	}
	return out, nil
}

// languageNames finds the tag of a name, in English and in the language itself (Unicode CLDR).
var languageNames = sync.OnceValue(func() map[string]string {
	names, english := map[string]string{}, display.English.Languages()
	for _, base := range bcp47.Supported.BaseLanguages() {
		tag, err := canonical.Compose(base)
		if err != nil {
			continue
		}
		for _, name := range []string{english.Name(tag), display.Self.Name(tag)} {
			if name = strings.ToLower(name); name != "" && names[name] == "" {
				names[name] = tag.String()
			}
		}
	}
	return names
})
