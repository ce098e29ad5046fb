package doctor_test

import (
	"fmt"
	"strings"
	"testing"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

func TestLanguagesAreCanonical(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	a := c.Post(c.User(access.RoleDoctor), "doctors", application(func(m map[string]any) {
		m["languagesSpoken"] = []string{"HI-in", "hin", "hi-Deva", "zh-hant", "iw", "cmn", "en"}
	})).Want(201)
	want(t, "languages", fmt.Sprint(a.At("languagesSpoken")), "[hi-IN hi zh-Hant he zh en]")
	for text, meant := range map[string]string{"Hindi": "hi", "हिन्दी": "hi", "malayalam": "ml", "Tamil": "ta",
		"xx": "", "und": "", "mul": "", "h": "", "en_": "", "Klingons": ""} {
		a := c.Post(c.User(access.RoleDoctor), "doctors",
			application(func(m map[string]any) { m["languagesSpoken"] = []string{"en", text} })).Want(422)
		said := string(a.Body)
		if !strings.Contains(said, "body.languagesSpoken[1]") ||
			(meant != "") != strings.Contains(said, "you may mean "+meant+`"`) {
			t.Errorf("%s: %s", text, said)
		}
	}
}

func TestSearchByLanguage(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, tag := range []string{"hi-IN", "hi", "en-GB", "zh-Hant-TW", "uz-Latn"} {
		d := c.Doctor("1.00")
		setRow(t, c, d.ID, "languages_spoken = ARRAY[$2], specialization = $2", tag)
	}
	for asked, found := range map[string]string{"hi": "hi hi-IN", "HI-in": "hi hi-IN", "hin": "hi hi-IN",
		"hi-FJ": "hi", "en": "en-GB", "en-IN": "", "zh": "zh-Hant-TW", "zh-hant": "zh-Hant-TW",
		"uz-Latn-UZ": "uz-Latn", "uz-Cyrl": "", "fr": ""} {
		got := map[string]bool{}
		for _, item := range c.Get(anonymous, "doctors?language="+asked).Want(200).Items() {
			got[fmt.Sprint(item["specialization"])] = true
		}
		n := 0
		for _, tag := range strings.Fields(found) {
			n++
			if !got[tag] {
				t.Errorf("%s doesn't find %s", asked, tag)
			}
		}
		if len(got) != n {
			t.Errorf("%s finds %v, want %s", asked, got, found)
		}
	}
	a := c.Get(anonymous, "doctors?language=Hindi").Want(422)
	if !strings.Contains(string(a.Body), "you may mean hi") {
		t.Errorf("%s", a.Body)
	}
}
