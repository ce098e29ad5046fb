// Package account manages users: sign-up, verification of addresses, sign-in, second factors, recovery and profiles.
package account

import (
	"log/slog"
	"net/http"

	"amrutam/internal/account/password"
	"amrutam/internal/account/webauthn"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
	"amrutam/internal/session"
)

// serviceName is the name of this service in texts for users and in authenticators.
const serviceName = "Amrutam"

// The refusals of accounts.
var (
	ErrInvalidCredentials = problem.Define(http.StatusUnauthorized, "invalid-credentials", "Wrong credentials",
		"The e-mail address or the password is wrong.",
		"Check both; POST /api/v1/auth/request-password-reset sends a mail to set a new password.")
	ErrEmailNotVerified = problem.Define(http.StatusForbidden, "email-not-verified",
		"The e-mail address is not verified",
		"The password is that of a sign-up whose e-mail address is not verified. "+
			"If you have verified it since, sign in with the password that you chose then.",
		"Follow the link in the mail; POST /api/v1/auth/resend-verification sends it again.")
	ErrInvalidToken = problem.Define(http.StatusUnprocessableEntity, "invalid-token", "The token can't be used",
		"The token is wrong, was used, or has expired.",
		"Ask for a new mail; only the token of the latest one works, once.")
	ErrAddressTaken = problem.Conflict("address-taken", "The e-mail address is taken",
		"Another user has this e-mail address.",
		"Use another address, or delete that user first.")
)

// authBody is the limit, in bytes, of bodies that may contain a credential of a passkey, whose size no schema limits
// tightly.
const authBody = 64 << 10

// Service has what the operations of accounts need. Log and Cursors may be zero if no routes are registered.
type Service struct {
	DB           *postgres.DB
	Sealer       *seal.Sealer
	Sessions     *session.Service
	Mails        *notification.Service
	Queue        *jobs.Queue
	Config       *config.Config
	Passwords    *password.Hasher
	Limits       limit.Limiter
	RelyingParty *webauthn.RelyingParty
	Cursors      httpapi.Cursors
	Log          *slog.Logger
}

// User is a user in short, as in the answers of sign-up and sign-in.
type User = session.User
