package httpapi_test

import (
	"testing"

	"amrutam/internal/httpapi"
)

// TestInertCell tests that what a spreadsheet might take for a formula gets an apostrophe, and nothing else does.
func TestInertCell(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`=HYPERLINK("https://evil.example","x")`, "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1",
		"\n=1", "＝1", "＋1", "－1", "＠SUM(1)"} {
		if got := httpapi.InertCell(text); got != "'"+text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	for _, text := range []string{"", "-12.5", "7", "Asha=Nair", "नाम", "'=1"} {
		if got := httpapi.InertCell(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
