package httpapi_test

import (
	"strings"
	"testing"

	"amrutam/internal/httpapi"
)

func TestTextFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		// Texts that people write.
		"Asha Rao": "", "O’Neil-Rao": "", "मीरा": "", "李": "", "Nguyễn Thị": "", "1/2 tsp, 38 °C ± 0.5": "", "": "",
		"क्\u200dष": "", "श्रीमान्\u200c": "", "ക്രിസ്\u200d": "", "അവന്\u200d പോയി": "", "র\u200d্যাব": "",
		"ශ්\u200dරී": "", "می\u200cخواهم": "", "ನ್\u200cನ": "",
		"👩\u200d⚕\uFE0F 👩🏽\u200d🔬 ❤\uFE0F 1\uFE0F\u20E3 🙂\u200d↔\uFE0F 🇮🇳": "", "葛\U000E0100城": "", "\u1820\u180B": "",
		"\u0600١٢": "", "x\u0304": "", "\u00a0x\u202fy\u3000": "", "བསྒྲུབས": "",
		// Invisible characters.
		"a\u200bb": "U+200B", "a\u200cb": "U+200C", "a\u200db": "U+200D", "\u200dआशा": "U+200D", "आशा\u200d": "U+200D",
		"क्\u200d\u200dष": "U+200D", "आ\u200c b": "U+200C",
		"👩\u200d": "U+200D", "👩\u200dx": "U+200D", "x\u200d👩": "U+200D", "a\uFE0F": "U+FE0F", "a\uFE01": "U+FE01",
		"a\U000E0100": "U+E0100", "a\u180Eb": "U+180E", "\ufeffa": "U+FEFF", "a\u2060": "U+2060", "a\u00adb": "U+00AD",
		"\u2800": "U+2800", "a\u3164": "U+3164", "a\uffa0": "U+FFA0", "a\u115f": "U+115F", "a\u034fb": "U+034F",
		"a\U000E0041": "U+E0041", "a\u2065": "U+2065", "a\U0001D173": "U+1D173", "a\ufdd0": "U+FDD0",
		"a\U0001FFFE": "U+1FFFE", "a\u17b4": "U+17B4",
		// Characters that change the direction of the text.
		"a\u202eb": "U+202E", "a\u2066b": "U+2066", "a\u200eb": "U+200E", "a\u200f": "U+200F", "a\u061c": "U+061C",
		// Control characters, replacement characters, private use.
		"a\x07": "U+0007", "a\x7f": "U+007F", "a\u0085b": "U+0085", "a\vb": "U+000B", "a\x1b[31m": "U+001B",
		"a\u2028b": "U+2028", "a\nb": "U+000A", "a\tb": "U+0009", "a\rb": "U+000D",
		"a\ufffd": "U+FFFD", "a\ufffc": "U+FFFC", "a\xff": "U+FFFD", "a\ue000": "U+E000",
		// Marks.
		"\u0301": "U+0301", "\u0301a": "U+0301", "a \u0301": "U+0301", "\u00a0\u0301": "U+0301", "\u093e": "U+093E",
		"\u20dd": "U+20DD", "\u200d\u0301": "U+200D",
		"Z" + strings.Repeat("\u0335", 8): "", "Z" + strings.Repeat("\u0335", 9): "U+0335",
		"Z" + strings.Repeat("\u0335", 5) + "\u200d" + strings.Repeat("\u0335", 5): "U+200D",
		"क" + strings.Repeat("\u0951", 9):                                          "U+0951",
		"க" + strings.Repeat("\u0bcd\u200c", 9):                                    "U+0BCD",
	} {
		fault := httpapi.TextFault(httpapi.Normalize(text, httpapi.Line), httpapi.Line)
		if (want == "") != (fault == nil) || (fault != nil && !strings.Contains(fault.Error(), want)) {
			t.Errorf("%+q: %v, want %q", text, fault, want)
		}
	}
}

func TestNormalizeLines(t *testing.T) {
	t.Parallel()
	got := httpapi.Normalize("a\r\nb\rc\u2028d\te\u0301\n", httpapi.Lines)
	if got != "a\nb\nc\nd\té\n" || httpapi.TextFault(got, httpapi.Lines) != nil {
		t.Errorf("%q", got)
	}
	for _, wrong := range []string{"a\x00", "a\v", "\n\u0301", "\t\u0301", "a\u200b", "a\u202e", "a\f"} {
		if httpapi.TextFault(httpapi.Normalize(wrong, httpapi.Lines), httpapi.Lines) == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
	if httpapi.TextFault("\u200b\x07\ufffd", httpapi.Opaque) != nil {
		t.Error("a password is checked like a text")
	}
	if got := httpapi.CleanText("Mozilla\u202e/5.0 \u200b(e\u0301)\xff\x1b ok", 17); got != "Mozilla/5.0 (é)? " {
		t.Errorf("CleanText: %+q", got)
	}
}

func TestHasWord(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"complaint 17": true, "see": true, "जाँच": true, "क्या": true, "治療中": true, "Überprüfung": true,
		"a b audit": true, "e\u0301te\u0301": true, "ക്രിസ്\u200d": true,
		"": false, "ok": false, "a b c": false, "aaa": false, "111": false, "12 ab 34": false, "...": false,
		"- – —": false, "a\u0301\u0301": false, "xx\xff": false, "\u3164\u115f\uffa0": false, "🙂🙂🙂": false,
		"aaa bbb": false, "AaA": false,
	} {
		if httpapi.HasWord(text) != want {
			t.Errorf("%+q says %v", text, !want)
		}
	}
}
