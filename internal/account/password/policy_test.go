package password

import (
	"strings"
	"testing"
)

func fault(password string, minLength int, email, fullName string) string {
	return Policy{MinLength: minLength, Service: "Amrutam"}.Fault(password, email, fullName)
}

func TestPasswordFault(t *testing.T) {
	t.Parallel()
	const (
		short   = TooShort
		long    = TooLong
		name    = HasName
		guessed = IsGuessable
		text    = NotText
	)
	for password, want := range map[string]string{
		"seven lamps light the well": "",
		"सात दीपक कुएँ को रोशन करते हैं": "",
		"correct horse battery":                     "",
		"fourteen chars":                            short,
		"👩‍👩‍👧‍👦 lamps":                             short,
		strings.Repeat("kq7vz3mw", 15) + "diamonds": "",
		strings.Repeat("kq7vz3mw", 16) + "x":        long,
		"light the well, nair":                      name,
		"LIGHT THE WELL, NAIR":                      name,
		"xxmeera.nairxx lamp":                       name,
		"seven wells kumari7":                       name,
		"dots meera.nair@example.org dots":          name,
		"amrutam is my password":                    HasService,
		"seven wells of rao":                        "", // a name of three letters occurs in too many words
		"aaaaaaaaaaaaaaaa":                          guessed,
		"abababababababab":                          guessed,
		"abcabcabcabcabcabc":                        guessed,
		"lamplamplamplamp":                          guessed,
		"lampwelllampwell":                          guessed,
		"123456789012345":                           guessed,
		"987654321098765":                           guessed,
		"qwertyuiopasdfgh":                          guessed,
		"QWERTYUIOPLKJHGF":                          guessed,
		"abcdefghijklmnopq":                         guessed,
		"aaaaabbbbbcccccddddd":                      guessed,
		"seven lamps \x00 the well":                 text,
		"seven lamps \xff the well":                 text,
	} {
		if got := fault(password, 15, "kumari7@example.org", "Meera Nair Rao"); got != want {
			t.Errorf("%q: %q, want %q", password, got, want)
		}
	}
	for _, common := range []string{"password1", "SunShine1", "iloveyou", "trustno1", "1q2w3e4r5t", "football"} {
		if got := fault(common, 8, "a@example.org", "Zoë"); got == "" {
			t.Errorf("the common password %q is accepted", common)
		}
	}
	if got := fault("football1!kettle", 8, "a@example.org", "Zoë"); got != "" {
		t.Errorf("a password that contains a common one: %q", got)
	}
	for _, password := range []string{"om jha om jha likes tea", "OmJha likes his tea", "write to jo@li.in today"} {
		if got := fault(password, 15, "jo@li.in", "Om Jha"); got != name {
			t.Errorf("%q with short names: %q", password, got)
		}
	}
	if got := fault("seven lamps of mu\u0308ller", 15, "a@example.org", "Zoë Müller"); got != name {
		t.Errorf("a decomposed password: %q", got)
	}
}
