// Package account keeps people: how they sign up, prove their address, sign in, recover and describe themselves.
package account

import (
	"log/slog"
	"net/http"

	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
	"amrutam/internal/session"

	"amrutam/internal/account/webauthn"
)

// serviceName is this service to people and their authenticators.
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

// authBody in bytes is what operations take whose bodies may hold a passkey's proof, which no schema bounds tightly.
const authBody = 64 << 10

// Service holds what accounts need of the server. The zero Log and Cursors are for use without routes.
type Service struct {
	DB           *postgres.DB
	Sealer       *seal.Sealer
	Sessions     *session.Service
	Mails        *notification.Service
	Queue        *jobs.Queue
	Config       *config.Config
	Limits       limit.Limiter
	RelyingParty *webauthn.RelyingParty
	Cursors      httpapi.Cursors
	Log          *slog.Logger
}

// User is the short form of a person.
type User = session.User
