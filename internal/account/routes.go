package account

import (
	"context"
	"net/http"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Routes registers the operations of accounts.
func (s *Service) Routes(api *httpapi.API) {
	s.authRoutes(api)
	s.mfaRoutes(api)
	s.passkeyRoutes(api)
	s.addressRoutes(api)
	s.sessionRoutes(api)
	s.staffRoutes(api)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me", ID: "read-own-user", Tag: "users",
		Summary: "Read your profile",
		Doc:     "Your user and your profile.",
		Roles:   access.SignedIn,
	}, s.ReadProfile)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPatch, Path: "/users/me", ID: "update-own-user", Tag: "users",
		Summary: "Update your profile",
		Doc:     "A merge patch (RFC 7396): what is absent stays, null clears.",
		Roles:   access.SignedIn,
	}, s.ChangeProfile)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/users/me", ID: "delete-own-user", Tag: "users",
		Summary: "Delete your account",
		Doc: "Your devices are signed out, your consultations to come are cancelled and refunded (a paid " +
			"one that begins so soon that you could not cancel it is not refunded), and your address can " +
			"sign up anew. What was written down of your care stays, as the law asks.",
		Roles: access.SignedIn, Recent: true, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrLastAdmin, ErrHolding},
	}, s.Leave)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users", ID: "list-users", Tag: "users",
		Summary: "List users",
		Doc: "The newest first; found by the beginning of their addresses, they come in the order of " +
			"these. A cursor belongs to its order. Each page is audited.",
		Roles: access.Admin | access.Support,
	}, s.ListUsers)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/{id}", ID: "read-user", Tag: "users",
		Summary: "Read a user",
		Doc:     "Each reading is audited.",
		Roles:   access.Admin | access.Support,
	}, s.ReadUser)
}

func (s *Service) authRoutes(api *httpapi.API) {
	// Passwords are hashed outside the transaction: a hash takes longer than all of its statements.
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/signup", ID: "sign-up", Tag: "auth",
		Summary: "Sign up",
		Doc: "Makes a user whose e-mail address is not verified yet, and mails a link that verifies it. " +
			"The answer is the same when the address has a user already: then its owner gets a mail and " +
			"nothing is made.",
		Roles: access.Public, Status: http.StatusCreated,
		Refusals: []*problem.Error{limit.ErrTooMany},
	}, s.SignUp)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/verify-email", ID: "verify-email", Tag: "auth",
		Summary: "Verify your e-mail address",
		Doc: "Takes the token of the link in the mail. If the address was signed up with more than once, " +
			"and with different passwords, none of these works from then on: a link to choose one is " +
			"mailed.",
		Roles: access.Public, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrInvalidToken},
	}, s.VerifyEmail)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/resend-verification", ID: "resend-verification", Tag: "auth",
		Summary: "Send the verification mail again",
		Doc:     "The answer never tells whether the address has a user. The token of an earlier mail stops working.",
		Roles:   access.Public, Status: http.StatusAccepted,
	}, s.ResendVerification)
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/login", ID: "sign-in", Tag: "auth",
		Summary: "Sign in",
		Doc: "Proves the e-mail address and the password. The answer holds the tokens of a new session (or" +
			" sets its cookie) or, for users with a second factor, an `mfaToken` to finish with at " +
			"`/auth/verify-mfa`.",
		Roles:    access.Public,
		Refusals: []*problem.Error{ErrInvalidCredentials, ErrEmailNotVerified, problem.CrossSite, limit.ErrTooMany},
	}, s.SignIn)
	// A reused token is refused and ends the session at once: the refusal must not roll the ending back.
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/refresh-token", ID: "refresh-session", Tag: "auth",
		Summary: "Refresh a session",
		Doc: "Exchanges a refresh token for new tokens. Each refresh token works once. One that is " +
			"presented again later ends the whole session, because it must have been copied; right after " +
			"the exchange it gets the same new tokens, for clients that lost the answer.",
		Roles:    access.Public,
		Refusals: []*problem.Error{ErrInvalidRefreshToken},
	}, s.Refresh)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/logout", ID: "sign-out", Tag: "auth",
		Summary: "Sign out",
		Doc:     "Ends this session: its tokens stop working, and a browser's cookie is cleared.",
		Roles:   access.SignedIn, Enrolment: true, Status: http.StatusNoContent,
		Unkeyed: "a session ends once, and the next request with it is refused",
	}, s.SignOut)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/request-password-reset", ID: "request-password-reset", Tag: "auth",
		Summary: "Request a password reset",
		Doc: "Mails a link to choose a new password. The answer never tells whether the address has a " +
			"user.",
		Roles: access.Public, Status: http.StatusAccepted,
	}, s.RequestPasswordReset)
	// As with signing up: the hash is made outside the transaction.
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/reset-password", ID: "reset-password", Tag: "auth",
		Summary: "Reset a password",
		Doc: "Sets a new password with the token of the link in the mail. Ends all sessions, and verifies " +
			"the address the mail went to.",
		Roles: access.Public, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrInvalidToken},
	}, s.ResetPassword)
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/change-password", ID: "change-password", Tag: "auth",
		Summary: "Change your password",
		Doc:     "Ends all sessions, this one too: sign in again with the new password.",
		Roles:   access.SignedIn, Status: http.StatusNoContent,
		Unkeyed:  httpapi.UnkeyedProof,
		Refusals: []*problem.Error{ErrInvalidCredentials, limit.ErrTooMany},
	}, s.ChangePassword)
}

// Work registers the jobs of accounts.
func (s *Service) Work() {
	jobs.Work(s.Queue, func(ctx context.Context, tx *postgres.Tx, job verificationMail) error {
		return s.mailVerification(ctx, tx, job.UserID)
	})
	jobs.Work(s.Queue, s.expireSignUps)
	s.Queue.Every(time.Hour, ExpireSignUps{})
	jobs.Work(s.Queue, func(ctx context.Context, tx *postgres.Tx, job resetMail) error {
		return s.mailReset(ctx, tx, job.UserID)
	})
}
