package language_test

import (
	"strings"
	"testing"
	"time"

	xlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"amrutam/internal/language"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]language.Tag{"en": "en", "hi": "hi", "hi-IN": "hi", "HI-in": "hi", "en-GB": "en",
		"hi-Deva-IN": "hi", "fr": "en", "zz": "en", "ta-IN": "en", "en-US-x-own": "en", "und": "en"} {
		if got, err := language.Match(tag); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", tag, got, err, want)
		}
	}
	for _, tag := range []string{"", " ", "h", "hi_IN", "hindi-language-tag", "हिन्दी", "hi;q=1", "-", "hi-", "en\x00",
		strings.Repeat("a-", 5000), "en-x-" + strings.Repeat("aaaaaaaa-", 20) + "a"} {
		if _, err := language.Match(tag); err == nil {
			t.Errorf("%.40q counts as a language tag", tag)
		}
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]language.Tag{"": "en", "hi": "hi", "hi-IN,hi;q=0.9,en;q=0.8": "hi",
		"en-US,en;q=0.9,hi;q=0.8": "en", "en;q=0.1, hi;q=0.2": "hi", "fr-FR, hi;q=0.5": "hi", "fr, de": "en",
		"*":      "en",
		"hi;q=0": "en", "hi;q=x": "en", ";;,": "en", strings.Repeat("hi,", 10_000): "en"} {
		if got := language.Accepted(header); got != want {
			t.Errorf("%.40q asks for %s, want %s", header, got, want)
		}
	}
}

// The facts are CLDR's, as ICU prints them for en-IN (with the clock of 24 hours) and hi.
func TestTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 10, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		language         language.Tag
		full, day, clock string
		at               time.Time
	}{
		{"en", "Friday, 27 November 2026 at 10:30", "27 November 2026", "10:30", at},
		{"hi", "शुक्रवार, 27 नवंबर 2026, 10:30 am", "27 नवंबर 2026", "10:30 am", at},
		{"hi", "रविवार, 1 फ़रवरी 2026, 12:05 am", "1 फ़रवरी 2026", "12:05 am",
			time.Date(2026, 2, 1, 0, 5, 0, 0, time.UTC)},
		{"hi", "सोमवार, 5 अक्टूबर 2026, 12:00 pm", "5 अक्टूबर 2026", "12:00 pm",
			time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)},
		{"hi", "बुधवार, 6 मई 2026, 11:59 pm", "6 मई 2026", "11:59 pm", time.Date(2026, 5, 6, 23, 59, 0, 0, time.UTC)},
	} {
		full, day, clock := c.language.DateTime(c.at), c.language.Date(c.at), c.language.Clock(c.at)
		if full != c.full || day != c.day || clock != c.clock {
			t.Errorf("%s: %s | %s | %s", c.language, full, day, clock)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, l := range language.All {
		for code, want := range map[string]string{"INR": "₹1,23,456.00", "EUR": "€1,23,456.00",
			"AED": "AED\u00a01,23,456.00", "???": "123456.00 ???"} {
			if got := l.Money("123456.00", code); got != want {
				t.Errorf("%s: %q, want %q", l, got, want)
			}
		}
	}
	printer := message.NewPrinter(xlanguage.MustParse("hi-IN"))
	for _, amount := range []float64{0, 5, 999.99, 1000, 99_999, 100_000, 9_999_999.5, 10_000_000, 9_999_999_999.99} {
		format := number.Decimal(amount, number.Scale(2), number.NoSeparator())
		plain := message.NewPrinter(xlanguage.Und).Sprint(format)
		want := "₹" + printer.Sprint(number.Decimal(amount, number.Scale(2)))
		if got := language.Hindi.Money(plain, "INR"); got != want {
			t.Errorf("%s became %s, want %s", plain, got, want)
		}
	}
}
