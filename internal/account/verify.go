package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// Verification spends the token of a mail.
type Verification struct {
	Body struct {
		Token string `json:"token" text:"opaque" minLength:"1" maxLength:"200" doc:"The token of the link in the mail; 24 hours, once" example:"b3BlbiBzZXNhbWUsIHNhaWQgdGhlIHZlcmlmaWNhdGlvbg"`
	}
}

// AddressOnly names an address; the answer never tells whether it has a user.
type AddressOnly struct {
	Body struct {
		Email string `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"The address the mail goes to, if it has a user" example:"asha@example.org"`
	}
}

// VerifyEmail marks the address of the token's user as theirs. Error: ErrInvalidToken.
func (s *Service) VerifyEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor, in Verification) (httpapi.None,
	error) {
	_, err := s.verify(ctx, tx, actor, in.Body.Token)
	return httpapi.None{}, err
}

// verify tells whether the sign-ups of the address were contested, and its user has yet to choose a password.
func (s *Service) verify(ctx context.Context, tx *postgres.Tx, actor access.Actor, text string) (contested bool,
	err error) {
	token := hashToken(text)
	user, err := verifyEmail(ctx, tx, tx.Now, token)
	switch {
	case postgres.NoRows(err):
		user.ID, contested, err = s.verifyPending(ctx, tx, token)
	case err != nil:
		err = fmt.Errorf("verify an address: %w", err)
	default:
		contested, err = s.contest(ctx, tx, user.ID, user.PasswordHash)
	}
	if err != nil {
		return false, err
	}
	var meta audit.Meta
	if contested {
		meta = audit.Meta{"contested": true}
	}
	audit.Write(tx, actor, "user.verify-email", user.ID, meta)
	return contested, nil
}

// ResendVerification mails a new token when the address waits for one.
func (s *Service) ResendVerification(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in AddressOnly) (httpapi.None, error) {
	return httpapi.None{}, s.enqueueForEmail(ctx, tx, actor, in.Body.Email, "user.request-verification",
		func(id uuid.UUID) jobs.Args { return verificationMail{id} })
}

// enqueueForEmail does the same work for every address: for one without a user, the job is for nobody.
func (s *Service) enqueueForEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor, email, action string,
	job func(uuid.UUID) jobs.Args) error {
	id, err := findAddress(ctx, tx, canonicalEmail(email))
	entity := id.String()
	switch {
	case postgres.NoRows(err):
		id, entity = uuid.Must(uuid.NewV7()), unknown
	case err != nil:
		return fmt.Errorf("find an address: %w", err)
	}
	audit.WriteFor(tx, actor, action, "user", entity, nil)
	return s.Queue.Insert(ctx, tx, job(id))
}

// unknown is the entity of an audit row about an address without a user: the address itself stays out of the log.
const unknown = "unknown"

// allowMail tells whether a mail that anybody can ask for may go to somebody: a few in an hour, and the asker isn't
// told.
func (s *Service) allowMail(ctx context.Context, tx *postgres.Tx, kind, to string) (bool, error) {
	err := s.Limits.Try(ctx, tx, limit.Mail(kind), to)
	if errors.Is(err, limit.ErrTooMany) {
		return false, nil
	}
	return err == nil, err
}

// verificationMail is the job that mails a new verification token.
type verificationMail struct {
	UserID uuid.UUID `json:"userId"`
}

// Kind names the job.
func (verificationMail) Kind() string { return "user.mail-verification" }

// mailVerification makes the user's verification token anew and mails it, unless there is nothing to verify.
func (s *Service) mailVerification(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if mailed, err := s.allowMail(ctx, tx, "verification", id.String()); err != nil || !mailed {
		return err
	}
	token, hash := newToken("")
	expiry := tx.Now.Add(verificationLife)
	role, err := s.renewPending(ctx, tx, id, hash)
	if postgres.NoRows(err) {
		role, err = setVerificationToken(ctx, tx, hash, &expiry, id)
	}
	if postgres.NoRows(err) { // there is nothing to verify
		return nil
	}
	if err != nil {
		return fmt.Errorf("make a link: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx, verifyMail(id, role, token, expiry))
}

// verifyMail says as what somebody signed up: by that people know their own sign-up from a stranger's.
func verifyMail(to uuid.UUID, role access.Role, token string, expiry time.Time) notification.Mail {
	return notification.Mail{To: to, Kind: "verify-email",
		Data: map[string]string{"token": token, "expires": expiry.Format(time.RFC3339), "role": string(role)}}
}
