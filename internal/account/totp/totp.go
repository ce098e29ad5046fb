// Package totp makes and checks the one-time codes of authenticators (RFC 6238).
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
	// stepSeconds and stepsAside: a code is good in its own step and in one step either side, for clocks that differ
	// (RFC 6238, 5.2).
	stepSeconds = 30
	stepsAside  = 1
	// secretBytes are 160 bits (RFC 4226, 4).
	secretBytes = 20
)

// options are what every authenticator can do: SHA-1 and six digits (RFC 6238).
var options = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// NewSecret makes a random secret in base32.
func NewSecret() string {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw)
	return base32.StdEncoding.EncodeToString(raw)
}

// URL is the secret as an address that authenticators open. issuer and account name it there.
func URL(issuer, account, secret string) string {
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" +
		url.Values{"secret": {secret}, "issuer": {issuer}}.Encode()
}

// Step finds the time step whose code it is, among those that are good now and later than lastUsed; 0 if there is
// none. It computes all of them, whichever fits. Returns an error if the secret is none.
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
