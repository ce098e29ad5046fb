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

// canonical are the rules by which a language has one tag: the current code, that of the macrolanguage, and no script
// that is the language's usual one.
const canonical = bcp47.DeprecatedBase | bcp47.Macro | bcp47.SuppressScript

// canonicalTag returns the canonical form of a language tag: language, script, region and variants. If the text is no
// tag, fault says so, and which tag the name of a language has.
func canonicalTag(text string) (tag string, fault *problem.Message) {
	text = strings.TrimSpace(text)
	parsed, err := canonical.Parse(text)
	base, script, region := parsed.Raw()
	if err == nil && !slices.Contains([]string{"und", "mul", "mis", "zxx"}, base.String()) {
		if parsed, err = bcp47.Raw.Compose(base, script, region, parsed.Variants()); err == nil {
			return parsed.String(), nil
		}
	}
	if suggestion := languageNames()[strings.ToLower(text)]; suggestion != "" {
		return "", faultLanguageName.With("suggestion", suggestion)
	}
	return "", faultLanguage
}

// canonicalTags returns the canonical form of the tags, each once. Returns problem.Invalid with every fault.
func canonicalTags(texts []string) ([]string, error) {
	invalid := *problem.Invalid
	out := make([]string, 0, len(texts))
	for i, text := range texts {
		tag, fault := canonicalTag(text)
		switch {
		case fault != nil:
			invalid = *invalid.WithField(fmt.Sprintf("body.languagesSpoken[%d]", i), fault)
		case !slices.Contains(out, tag):
			out = append(out, tag)
		}
	}
	if len(invalid.Fields) > 0 {
		return nil, &invalid
	}
	return out, nil
}

// languageNames maps the lower-case names of languages, in English and in the language itself, to tags (Unicode CLDR).
var languageNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	english := display.English.Languages()
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
