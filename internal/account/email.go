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

// EmailChangeRequest asks to change the address of the caller's account.
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

// ChangeEmail mails a link to the new address. If another user has that address, the mail says so instead, and the
// answer is the same. Returns ErrInvalidCredentials if the password is wrong, limit.ErrTooMany after too many failures
// or requests, a 422 of all faults.
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
		wrong.add("body.newEmail", faultSameAddress)
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

// mailNewAddress mails the link to the new address, or informs the user who has the address.
func (s *Service) mailNewAddress(ctx context.Context, tx *postgres.Tx, actor access.Actor, email string) error {
	if err := deleteEmailTickets(ctx, tx, &actor.ID); err != nil {
		return fmt.Errorf("delete tickets: %w", err)
	}
	token, hash := session.NewToken("")
	expires := tx.Now.Add(emailTicketLife)
	mail := notification.Mail{Address: email, Reader: actor.ID, Kind: "confirm-new-address",
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
	// Many users may request one address.
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

// ConfirmEmail changes the address of the token's user to the one that the token was mailed to, and informs the old
// one. Returns ErrInvalidToken if the token is wrong or expired, ErrAddressTaken if another user has the address.
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
	// The user is locked before the ticket, as in a change of the password.
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
	released, err := s.releaseUnverifiedEmail(ctx, tx, actor, email) // the link proves the address
	if err != nil {
		return none, err
	}
	if err := deletePendingSignUps(ctx, tx, ticket.UserID); err != nil { // of the old address
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
	return none, s.Mails.Enqueue(ctx, tx, notification.Mail{Address: old, Reader: user, Kind: "address-changed"})
}

// useEmailTicket marks the ticket of an email change as used. Returns ErrInvalidToken if it was used before, or if the
// session that requested it has ended: the user may have ended a thief's session.
func useEmailTicket(ctx context.Context, tx *postgres.Tx, ticket findEmailTicketRow, hash []byte) error {
	if ticket.SessionID == nil { // the ticket comes from an older release, without a session
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
