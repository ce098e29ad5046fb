package notification_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"amrutam/internal/config"
	"amrutam/internal/language"
	"amrutam/internal/notification"
)

// TestTemplatesMatch tests that the templates of a kind take the same values and lead to the same pages in each
// language.
func TestTemplatesMatch(t *testing.T) {
	t.Parallel()
	for _, kind := range notification.Kinds(language.English) {
		english := notification.TemplateKeys(language.English, kind)
		for _, l := range language.All[1:] {
			if other := notification.TemplateKeys(l, kind); !slices.Equal(english, other) {
				t.Errorf("%s takes %v in English and %v in %s", kind, english, other, l)
			}
		}
	}
}

// notTranslated is what stays as it is: names of ours, of people and of zones, commands and what somebody wrote.
var notTranslated = regexp.MustCompile(`Amrutam|Dr\. Meera Nair|The registration <lapsed> in 2030\.|"amrutam check"|` +
	`nobody-in-two-places|money-adds-up|Firefox on Windows|Asia/Kolkata|\d [ap]m\b|https://\S+`)

// isHindi reports whether a text has words in Devanagari and no words in Latin letters.
func isHindi(text string) bool {
	text = notTranslated.ReplaceAllString(text, "")
	isLatin := func(r rune) bool { return unicode.Is(unicode.Latin, r) && unicode.IsLower(r) }
	isDevanagari := func(r rune) bool { return unicode.Is(unicode.Devanagari, r) }
	return !strings.ContainsFunc(text, isLatin) && strings.ContainsFunc(text, isDevanagari)
}

func TestEveryKindInHindi(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""), func(cfg *config.Config) { cfg.LoginLimit = "off" })
	reader, _ := f.user("आशा राव", "Asia/Kolkata")
	f.exec("UPDATE profiles SET language = 'hi' WHERE user_id = $1", reader)
	for kind, each := range samples() {
		for _, data := range each {
			before := len(p.mails())
			must(t, f.run(f.enqueue(notification.Mail{To: reader, Kind: kind, Data: data})))
			m := parse(t, p.mails()[before].raw)
			if !isHindi(m.subject) || !strings.HasPrefix(m.text, "नमस्ते आशा राव,\n") {
				t.Errorf("%s: subject %q, %.40q", kind, m.subject, m.text)
			}
			if found := unresolved.FindString(m.subject + m.text + m.html); found != "" {
				t.Errorf("%s holds %q:\n%s", kind, found, m.text)
			}
			for paragraph := range strings.SplitSeq(strings.TrimSpace(m.text), "\n\n") {
				if paragraph != "" && !strings.HasPrefix(paragraph, "https://") && !isHindi(paragraph) {
					t.Errorf("%s isn't in Hindi: %s", kind, paragraph)
				}
			}
			if page := readHTML(t, m.html); page.lang != "hi" || page.title != m.subject {
				t.Errorf("%s: lang %q, title %q", kind, page.lang, page.title)
			}
			if data["refund"] != "" && data["as"] == "PATIENT" && !strings.Contains(m.text, "₹500.00") {
				t.Errorf("%s doesn't tell the refund:\n%s", kind, m.text)
			}
			if _, hasStart := data["start"]; hasStart &&
				!strings.Contains(m.text, "रविवार, 2 मार्च 2031, 1:45 am (Asia/Kolkata, UTC+05:30)") {
				t.Errorf("%s doesn't tell the time:\n%s", kind, m.text)
			}
		}
	}
}

// A mail to an address of no user is in the language and the zone of its reader, and a digest in those of its mails.
func TestLanguageOfReader(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("आशा राव", "Asia/Kolkata")
	f.exec("UPDATE profiles SET language = 'hi' WHERE user_id = $1", reader)
	id := f.enqueue(notification.Mail{Address: "old@example.org", Reader: reader, Kind: "address-changed"})
	f.exec("UPDATE profiles SET language = 'en', timezone = 'UTC' WHERE user_id = $1", reader)
	must(t, f.run(id))
	if m := parse(t, p.mails()[0].raw); !isHindi(m.text) || !strings.Contains(m.text, "Asia/Kolkata") {
		t.Errorf("the mail is %s", m.text)
	}
	f.exec("UPDATE profiles SET language = 'hi' WHERE user_id = $1", reader)
	for i := range 13 {
		must(t, f.run(f.enqueue(notification.Mail{To: reader, Kind: "role-changed",
			Data: map[string]string{"role": fmt.Sprint("ROLE", i)}})))
	}
	f.runDigests()
	m := parse(t, p.mails()[len(p.mails())-1].raw)
	if m.subject != "3 और: आपकी भूमिका बदल गई है" || !isHindi(m.text) {
		t.Errorf("the digest is %q: %s", m.subject, m.text)
	}
}
