package totp

import (
	"bytes"
	"encoding/base32"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestStep uses the last six digits of the test vectors of RFC 6238, appendix B.
func TestStep(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{ // by Unix seconds
		1111111109: "081804",
		1111111111: "050471",
		1234567890: "005924",
		2000000000: "279037",
	} {
		step := at / 30
		for name, c := range map[string]struct {
			at, lastUsed, want int64
		}{
			"in its step":        {at, 0, step},
			"a step before":      {at - 30, 0, step},
			"a step after":       {at + 30, 0, step},
			"two steps after":    {at + 60, 0, 0},
			"two steps before":   {at - 60, 0, 0},
			"a second use":       {at, step, 0},
			"after a later code": {at, step + 1, 0},
		} {
			if got, err := Step(secret, code, time.Unix(c.at, 0), c.lastUsed); err != nil || got != c.want {
				t.Errorf("%s at %d: step %d (%v), want %d", name, at, got, err, c.want)
			}
		}
	}
	if got, err := Step(secret, "287083", time.Unix(59, 0), 0); err != nil || got != 0 {
		t.Errorf("a wrong code: step %d (%v)", got, err)
	}
	if _, err := Step("not base32!", "287082", time.Unix(59, 0), 0); err == nil {
		t.Error("an invalid secret is accepted")
	}
}

func TestSecretsAndCodes(t *testing.T) {
	t.Parallel()
	secret := NewSecret()
	if raw, err := base32.StdEncoding.DecodeString(secret); err != nil || len(raw) != 20 {
		t.Errorf("secret: %d bytes (%v)", len(raw), err)
	}
	if secret == NewSecret() {
		t.Error("two secrets are the same")
	}
	address := URL("Amrutam", "asha@example.org", secret)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Amrutam:asha@example.org" ||
		u.Query().Get("secret") != secret || u.Query().Get("issuer") != "Amrutam" {
		t.Errorf("address: %v", err)
	}
	picture, characters, err := QRCode(address)
	if err != nil {
		t.Fatal(err)
	}
	image, err := png.Decode(bytes.NewReader(picture))
	if err != nil || image.Bounds().Dx() != image.Bounds().Dy() {
		t.Errorf("picture: %v", err)
	}
	lines := strings.Split(strings.TrimSuffix(characters, "\n"), "\n")
	width, modules := utf8.RuneCountInString(lines[0]), image.Bounds().Dx()/pixelsPerModule
	if len(lines) != (modules+1)/2 || width != modules {
		t.Errorf("%d lines of %d characters for %d modules", len(lines), width, modules)
	}
}
