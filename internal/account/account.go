// Package account keeps people: how they sign up, prove their address, sign in, recover and describe themselves.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// How long the token of a mail is good for.
const (
	verificationLife = 24 * time.Hour
	resetLife        = time.Hour
)

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
	ErrInvalidRefreshToken = problem.Define(http.StatusUnauthorized, "invalid-refresh-token", "The session has ended",
		"The refresh token is wrong, was used, or belongs to a session that has ended.",
		"Sign in again. Each refresh token works once: keep the one that came with the latest answer.")
	ErrAddressTaken = problem.Conflict("address-taken", "Another user has this e-mail address.",
		"Use another address, or delete that user first.")
)

// Service holds what accounts need of the server. The zero Log and Cursors are for use without routes.
type Service struct {
	DB           *postgres.DB
	Sealer       *seal.Sealer
	Mails        *notification.Service
	Queue        *jobs.Queue
	Config       *config.Config
	Limits       limit.Limiter
	RelyingParty *RelyingParty
	Cursors      httpapi.Cursors
	Log          *slog.Logger
	// OnStop is what follows in other packages when a user stops, in the same transaction. Errors: ErrHolding,
	// ErrHasConsultations.
	OnStop func(ctx context.Context, tx *postgres.Tx, actor access.Actor, user Stopping) error
}

// User is the short form of a person.
type User struct {
	ID              uuid.UUID   `json:"id" doc:"The user's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Email           string      `json:"email" format:"idn-email" doc:"The address, in lower case" example:"asha@example.org"`
	Role            access.Role `json:"role" enum:"PATIENT,DOCTOR,SUPPORT,ADMIN" doc:"What the user may do" example:"PATIENT"`
	IsEmailVerified bool        `json:"isEmailVerified" doc:"Whether the address is proven; signing in needs it" example:"true"`
	MFAEnabled      bool        `json:"mfaEnabled" doc:"Whether signing in asks for a second factor" example:"false"`
	FullName        string      `json:"fullName" doc:"The name others see" example:"Asha Rao"`
	CreatedAt       time.Time   `json:"createdAt" doc:"When the user signed up" example:"2026-11-23T09:30:00Z"`
}

// newToken makes a 256-bit random token and what the database keeps of it: its SHA-256.
func newToken(prefix string) (token string, hash []byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	token = prefix + base64.RawURLEncoding.EncodeToString(raw)
	return token, hashToken(token)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// acting is who, once it is known which user that is.
func acting(actor access.Actor, id uuid.UUID, role access.Role) access.Actor {
	actor.ID, actor.Role = id, role
	return actor
}
