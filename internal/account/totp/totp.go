// Package totp generates and checks the one-time codes of authenticators (RFC 6238).
package totp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// stepSeconds is the length of a time step. A code is valid in its own step and stepsAside steps before and after
	// it, because clocks differ (RFC 6238, 5.2).
	stepSeconds = 30
	stepsAside  = 1
	// secretBytes are 160 bits (RFC 4226, 4).
	secretBytes = 20
)

// options are those that every authenticator supports: SHA-1 and six digits (RFC 6238).
var options = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// NewSecret returns a random secret in base32.
func NewSecret() string {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw)
	return base32.StdEncoding.EncodeToString(raw)
}

// URL returns the otpauth URL of a secret, which authenticators open. They show the issuer and the account.
func URL(issuer, account, secret string) string {
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" +
		url.Values{"secret": {secret}, "issuer": {issuer}}.Encode()
}

// Step returns the time step of a code, among those that are valid now and later than lastUsed, or 0 if there is none.
// It computes the codes of all steps, also after a match. Returns an error if the secret is invalid.
func Step(secret, code string, now time.Time, lastUsed int64) (found int64, err error) {
	current := now.Unix() / stepSeconds
	for step := current - stepsAside; step <= current+stepsAside; step++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(step), options) //nolint:gosec // after 1970
		if err != nil {
			return 0, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > lastUsed {
			found = step
		}
	}
	return found, nil
}
