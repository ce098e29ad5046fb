package account

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

const (
	emailTicket     = "EMAIL"
	emailTicketLife = 24 * time.Hour
)

// EmailChangeRequest asks to use another address.
type EmailChangeRequest struct {
	Body struct {
		_ struct{} `doc:"The new address, and the password"`

		CurrentPassword string `json:"currentPassword" text:"opaque" minLength:"1" maxLength:"1024" doc:"Your password" example:"seven lamps light the well"`
		NewEmail        string `json:"newEmail" text:"opaque" minLength:"3" maxLength:"320" doc:"Where the mail with the link goes; until it is followed nothing changes" example:"asha.rao@example.org"`
	}
}

// EmailConfirmationRequest has the token of the mail to the new address.
type EmailConfirmationRequest struct {
	Body struct {
		_ struct{} `doc:"The token that proves the new address"`

		Token string `json:"token" text:"opaque" minLength:"1" maxLength:"200" doc:"The token of the link in the mail; 24 hours, once" example:"b3BlbiBzZXNhbWUsIHNhaWQgdGhlIG5ldyBhZGRyZXNzIQ"`
	}
}

// ChangeEmail mails a link to the new address. One that is somebody else's gets another mail, and the caller isn't
// told. Returns ErrInvalidCredentials if the password is wrong, limit.ErrTooMany after too many failures or requests,
// a 422 of all faults.
func (s *Service) ChangeEmail(ctx context.Context, actor access.Actor, in EmailChangeRequest) (none httpapi.None,
	err error) {
	email := normalizeEmail(in.Body.NewEmail)
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
		wrong.add("body.newEmail", reachFault(s.Mails.CanReach(ctx, email)))
	}
	if err := wrong.err(); err != nil {
		return none, err
	}
	return none, s.DB.Write(ctx, func(tx *postgres.Tx) error {
		if _, err := lockActive(ctx, tx, actor.ID); err != nil {
			return err
		}
		if err := s.Limits.CountAttempt(ctx, tx, limit.Mail("new-address"), actor.ID.String()); err != nil {
			return err
		}
		audit.Write(tx, actor, "user.request-new-address", actor.ID, nil)
		return s.mailNewAddress(ctx, tx, actor, email)
	})
}

// mailNewAddress mails the link to the new address, or another mail to the user who has it.
func (s *Service) mailNewAddress(ctx context.Context, tx *postgres.Tx, actor access.Actor, email string) error {
	if err := deleteEmailTickets(ctx, tx, &actor.ID); err != nil {
		return fmt.Errorf("delete tickets: %w", err)
	}
	token, hash := session.NewToken("")
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
		return fmt.Errorf("find the owner of an address: %w", err)
	}
	// many users may name one address
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

// ConfirmEmail moves the token's user to the address that the token was mailed to, and mails the old one. Returns
// ErrInvalidToken if the token is wrong or over, ErrAddressTaken if another user has the address now.
func (s *Service) ConfirmEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in EmailConfirmationRequest) (httpapi.None, error) {
	var none httpapi.None
	hash := session.HashToken(in.Body.Token)
	ticket, err := findEmailTicket(ctx, tx, hash, tx.Now)
	if postgres.NoRows(err) {
		return none, ErrInvalidToken
	}
	if err != nil {
		return none, fmt.Errorf("find a ticket: %w", err)
	}
	user, email := *ticket.UserID, string(ticket.Data)
	// The user before the ticket, as a change of the password locks them.
	old, err := lockEmail(ctx, tx, user)
	if postgres.NoRows(err) {
		return none, ErrInvalidToken
	}
	if err != nil {
		return none, fmt.Errorf("lock a user: %w", err)
	}
	if err := useEmailTicket(ctx, tx, ticket, hash); err != nil {
		return none, err
	}
	released, err := s.releaseUnverifiedEmail(ctx, tx, actor, email) // the address is proven here
	if err != nil {
		return none, err
	}
	if err := deletePendingSignUps(ctx, tx, ticket.UserID); err != nil { // they were for the old address
		return none, fmt.Errorf("delete pending sign-ups: %w", err)
	}
	if err := s.pendingSignUps(user).addDecoys(ctx, tx, released...); err != nil {
		return none, err
	}
	err = updateEmail(ctx, tx, email, tx.Now, user)
	if postgres.Violates(err, "users_email_key") {
		return none, ErrAddressTaken
	}
	if err != nil {
		return none, fmt.Errorf("update an address: %w", err)
	}
	audit.Write(tx, actor, "user.change-address", user, nil)
	return none, s.Mails.Enqueue(ctx, tx, notification.Mail{Address: old, Kind: "address-changed"})
}

// useEmailTicket uses up the ticket of a move to another address. Returns ErrInvalidToken if it was used, or if the
// session that asked for it has ended: it may have been a thief's, and its owner has ended it.
func useEmailTicket(ctx context.Context, tx *postgres.Tx, ticket findEmailTicketRow, hash []byte) error {
	if ticket.SessionID == nil { // tickets of older servers name no session
		return ErrInvalidToken
	}
	switch active, err := session.Lock(ctx, tx, *ticket.SessionID); {
	case err != nil:
		return err
	case !active:
		return ErrInvalidToken
	}
	switch used, err := markTicketUsed(ctx, tx, &tx.Now, hash); {
	case err != nil:
		return fmt.Errorf("use a ticket: %w", err)
	case used == 0:
		return ErrInvalidToken
	}
	return nil
}
