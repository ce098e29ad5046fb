package webauthn

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
)

func relyingParty(t *testing.T, secret string) *RelyingParty {
	t.Helper()
	rp, err := New("Amrutam", "clinic.example", []string{"https://clinic.example"}, nil, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

// TestChallenges checks that a challenge is valid for its purpose, on the server that made it, for five minutes.
func TestChallenges(t *testing.T) {
	t.Parallel()
	rp, now, user := relyingParty(t, "secret"), time.Unix(1_800_000_000, 0), uuid.New()
	challenge := rp.RequestOptions(now).PublicKey.Challenge
	if challenge == rp.RequestOptions(now).PublicKey.Challenge {
		t.Error("two challenges are the same")
	}
	raw, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(i int) string {
		c := append([]byte{}, raw...)
		c[i] ^= 1
		return base64URL(c)
	}
	foreign := relyingParty(t, "another secret").RequestOptions(now).PublicKey.Challenge
	registration := rp.CreationOptions(User{ID: user}, nil, now).PublicKey.Challenge
	for name, c := range map[string]struct {
		purpose, challenge string
		after              time.Duration
		want               bool
	}{
		"at once":                           {assertion, challenge, 0, true},
		"in the last second":                {assertion, challenge, ChallengeLife - time.Second, true},
		"expired":                           {assertion, challenge, ChallengeLife, false},
		"another nonce":                     {assertion, changed(0), 0, false},
		"another expiry":                    {assertion, changed(nonceBytes + 7), 0, false},
		"another MAC":                       {assertion, changed(len(raw) - 1), 0, false},
		"cut off":                           {assertion, base64URL(raw[1:]), 0, false},
		"not base64url":                     {assertion, "!", 0, false},
		"of another server":                 {assertion, foreign, 0, false},
		"of an assertion, for registration": {registrationOf(user), challenge, 0, false},
		"of a registration, for assertion":  {assertion, registration, 0, false},
		"of a registration":                 {registrationOf(user), registration, 0, true},
		"of another user's registration":    {registrationOf(uuid.New()), registration, 0, false},
	} {
		if got := rp.valid(c.purpose, c.challenge, now.Add(c.after)); got != c.want {
			t.Errorf("%s: valid is %v", name, got)
		}
	}
}

func TestInvalidCredentials(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "null", "{}", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		if _, err := (NewCredential{[]byte(text)}).Parse(); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q as a new credential: %v", text, err)
		}
		if _, err := (ProvenCredential{[]byte(text)}).Parse(); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q as an assertion: %v", text, err)
		}
	}
	if _, err := New("Amrutam", "https://clinic.example", nil, nil, nil); err == nil {
		t.Error("a URL is accepted as a domain")
	}
}
