// Package session has the sessions of users: their tokens and devices, and how they start, are extended and end.
package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// ErrInvalidRefreshToken refuses a refresh token that is unknown, was used, or whose session has ended.
var ErrInvalidRefreshToken = problem.Define(http.StatusUnauthorized, "invalid-refresh-token", "The session has ended",
	"The refresh token is wrong, was used, or belongs to a session that has ended.",
	"Sign in again. Each refresh token works once: keep the one that came with the latest answer.")

// Service holds what sessions need of the server.
type Service struct {
	DB      *postgres.DB
	Sealer  *seal.Sealer
	Mails   *notification.Service
	Config  *config.Config
	Cursors httpapi.Cursors
}

// User is the short form of a person.
type User struct {
	_ struct{} `doc:"A user in short"`

	ID              uuid.UUID   `json:"id" doc:"The user's id"`
	Email           string      `json:"email" format:"idn-email" doc:"The address, in lower case" example:"asha@example.org"`
	Role            access.Role `json:"role" doc:"What the user may do" example:"PATIENT"`
	IsEmailVerified bool        `json:"isEmailVerified" doc:"Whether the address is proven; signing in needs it" example:"true"`
	MFAEnabled      bool        `json:"mfaEnabled" doc:"Whether signing in asks for a second factor" example:"false"`
	FullName        string      `json:"fullName" doc:"The name others see" example:"Asha Rao"`
	CreatedAt       time.Time   `json:"createdAt" doc:"When the user signed up"`
}

// Tokens are a session, as its client holds it.
type Tokens struct {
	_ struct{} `doc:"A session: its tokens, unless a cookie holds them, and its user"`

	AccessToken  string `json:"accessToken,omitempty" doc:"Opaque; send it as Authorization: Bearer" example:"at_c2V2ZW4gbGFtcHMgbGlnaHQgdGhlIHdlbGwgYXQgbmlnaHQ"`
	RefreshToken string `json:"refreshToken,omitempty" doc:"Good for one use at /auth/refresh-token; keep it secret" example:"rt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	TokenType    string `json:"tokenType,omitempty" enum:"Bearer" doc:"How to send the access token" example:"Bearer"`
	ExpiresIn    int    `json:"expiresIn" doc:"Seconds until the access token expires, or the cookie when it isn't used" example:"900"`
	User         User   `json:"user" doc:"Who is signed in"`

	cookie string
}

// SessionCookie is the token of a session that a cookie holds, or "".
func (t Tokens) SessionCookie() string { return t.cookie }

// tokenKind is what a token is good for.
type tokenKind string

const (
	accessToken tokenKind = "ACCESS"
	cookieToken tokenKind = "COOKIE"
)

// What tokens begin with.
const (
	accessPrefix  = "at_"
	refreshPrefix = "rt_"
	cookiePrefix  = "ct_"
)

// tokenPair is what a client holds of a session.
type tokenPair struct{ access, refresh string }

func newTokenPair() (p tokenPair) {
	p.access, _ = NewToken(accessPrefix)
	p.refresh, _ = NewToken(refreshPrefix)
	return p
}

func (p tokenPair) tokens(user User, left time.Duration) Tokens {
	return Tokens{AccessToken: p.access, RefreshToken: p.refresh, TokenType: "Bearer",
		ExpiresIn: int(max(left, 0) / time.Second), User: user}
}

// NewToken makes a 256-bit random token, and its SHA-256: all of it that the database stores.
func NewToken(prefix string) (token string, hash []byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	token = prefix + base64.RawURLEncoding.EncodeToString(raw)
	return token, HashToken(token)
}

// HashToken is how the database knows a token.
func HashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
