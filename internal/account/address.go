package account

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	emailTicket     = "EMAIL"
	emailTicketLife = 24 * time.Hour
)

// EmailChange asks to use another address.
type EmailChange struct {
	Body struct {
		CurrentPassword string `json:"currentPassword" text:"opaque" minLength:"1" maxLength:"1024" doc:"Your password" example:"seven lamps light the well"`
		NewEmail        string `json:"newEmail" text:"opaque" minLength:"3" maxLength:"320" doc:"Where the mail with the link goes; until it is followed nothing changes" example:"asha.rao@example.org"`
	}
}

// EmailConfirmation spends the token of the mail to the new address.
type EmailConfirmation struct {
	Body struct {
		Token string `json:"token" text:"opaque" minLength:"1" maxLength:"200" doc:"The token of the link in the mail; 24 hours, once" example:"b3BlbiBzZXNhbWUsIHNhaWQgdGhlIG5ldyBhZGRyZXNzIQ"`
	}
}

// ChangeEmail mails a link to the new address. One that is somebody else's gets another mail, and the asker isn't
// told. Errors: ErrInvalidCredentials, limit.ErrTooMany, or a 422.
func (s *Service) ChangeEmail(ctx context.Context, actor access.Actor, in EmailChange) (none httpapi.None, err error) {
	email := canonicalEmail(in.Body.NewEmail)
	user, err := s.provePassword(ctx, actor, in.Body.CurrentPassword)
	if err != nil {
		return none, err
	}
	var wrong faults
	wrong.add("body.newEmail", emailFault(email))
	if email == user.Email {
		wrong.add("body.newEmail", "is your address already")
	}
	if len(wrong) == 0 {
		wrong.add("body.newEmail", reachFault(s.Mails.Reaches(ctx, email)))
	}
	if err := wrong.err(); err != nil {
		return none, err
	}
	return none, s.DB.Write(ctx, func(tx *postgres.Tx) error {
		if _, err := s.lockUser(ctx, tx, actor.ID); err != nil {
			return err
		}
		if err := s.Limits.Try(ctx, tx, limit.Mail("new-address"), actor.ID.String()); err != nil {
			return err
		}
		audit.Write(tx, actor, "user.request-new-address", actor.ID, nil)
		return s.mailNewAddress(ctx, tx, actor, email)
	})
}

func (s *Service) mailNewAddress(ctx context.Context, tx *postgres.Tx, actor access.Actor, email string) error {
	if err := endEmailTickets(ctx, tx, &actor.ID); err != nil {
		return fmt.Errorf("end tickets: %w", err)
	}
	token, hash := newToken("")
	expires := tx.Now.Add(emailTicketLife)
	mail := notification.Mail{Address: email, Kind: "confirm-new-address",
		Data: map[string]string{"token": token, "expires": expires.Format(time.RFC3339)}}
	switch owner, err := findOwner(ctx, tx, tx.Now, email); {
	case err == nil && owner.Taken:
		if mailed, err := s.allowMail(ctx, tx, "address-taken", owner.ID.String()); err != nil || !mailed {
			return err
		}
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: owner.ID, Kind: "address-taken"})
	case err != nil && !postgres.NoRows(err):
		return fmt.Errorf("find an address: %w", err)
	}
	// of many who name one address
	if mailed, err := s.allowMail(ctx, tx, "confirm-new-address", email); err != nil || !mailed {
		return err
	}
	err := insertTicket(ctx, tx, insertTicketParams{Hash: hash, Kind: emailTicket, UserID: &actor.ID,
		SessionID: &actor.SessionID, Data: []byte(email), Now: tx.Now, ExpiresAt: expires})
	if err != nil {
		return fmt.Errorf("insert a ticket: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx, mail)
}

// ConfirmEmail moves the token's user to the address that the token was mailed to, and tells the old one.
// Errors: ErrInvalidToken, ErrAddressTaken.
func (s *Service) ConfirmEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in EmailConfirmation) (httpapi.None, error) {
	var none httpapi.None
	hash := hashToken(in.Body.Token)
	ticket, err := findEmailTicket(ctx, tx, hash, tx.Now)
	if postgres.NoRows(err) {
		return none, ErrInvalidToken
	}
	if err != nil {
		return none, fmt.Errorf("find a ticket: %w", err)
	}
	// The user before the ticket, as a change of the password locks them.
	old, err := lockEmail(ctx, tx, *ticket.UserID)
	if postgres.NoRows(err) {
		return none, ErrInvalidToken
	}
	if err != nil {
		return none, fmt.Errorf("hold a user: %w", err)
	}
	// A move that somebody else's session asked for is over when its owner has ended that session.
	if ticket.SessionID == nil { // from a server of before
		return none, ErrInvalidToken
	}
	switch goesOn, err := sessionGoesOn(ctx, tx, *ticket.SessionID); {
	case err != nil:
		return none, fmt.Errorf("lock a session: %w", err)
	case !goesOn:
		return none, ErrInvalidToken
	}
	switch used, err := useTicket(ctx, tx, &tx.Now, hash); {
	case err != nil:
		return none, fmt.Errorf("use a ticket: %w", err)
	case used == 0:
		return none, ErrInvalidToken
	}
	freed, err := s.releaseUnverifiedEmail(ctx, tx, actor, string(ticket.Data)) // its mail was read here
	if err != nil {
		return none, err
	}
	if err := endSignUps(ctx, tx, ticket.UserID); err != nil { // they were for the old one
		return none, fmt.Errorf("end sign-ups: %w", err)
	}
	if err := s.cover(ctx, tx, *ticket.UserID, freed...); err != nil {
		return none, err
	}
	err = setEmail(ctx, tx, string(ticket.Data), tx.Now, *ticket.UserID)
	if postgres.Violates(err, "users_email_key") {
		return none, ErrAddressTaken
	}
	if err != nil {
		return none, fmt.Errorf("set an address: %w", err)
	}
	audit.Write(tx, actor, "user.change-address", *ticket.UserID, nil)
	return none, s.Mails.Enqueue(ctx, tx, notification.Mail{Address: old, Kind: "address-changed"})
}

func (s *Service) addressRoutes(api *httpapi.API) {
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/change-email", ID: "change-email", Tag: "auth",
		Summary: "Ask to sign in with another address",
		Doc: "A mail with a link goes to the new address. Nothing changes until it is followed; a newer request " +
			"replaces an older one, and the end of " +
			"the session that asked or a new second factor ends it. " +
			"Whoever has a second factor proves it in the five minutes before, others have signed in then.",
		Roles: access.SignedIn, Recent: true, Status: http.StatusAccepted,
		Unkeyed:  httpapi.UnkeyedProof,
		Refusals: []*problem.Error{ErrInvalidCredentials, limit.ErrTooMany},
	}, s.ChangeEmail)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/confirm-email", ID: "confirm-email", Tag: "auth",
		Summary: "Prove your new address with the token of the mail",
		Doc:     "From then on you sign in with it. The old address is told.",
		Roles:   access.Public, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrInvalidToken, ErrAddressTaken},
	}, s.ConfirmEmail)
}
