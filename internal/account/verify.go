package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

// verificationLife is how long the link of a verification mail is good for.
const verificationLife = 24 * time.Hour

// EmailVerificationRequest has the token of a mail.
type EmailVerificationRequest struct {
	Body struct {
		_ struct{} `doc:"The token that proves the address"`

		Token string `json:"token" text:"opaque" minLength:"1" maxLength:"200" doc:"The token of the link in the mail; 24 hours, once" example:"b3BlbiBzZXNhbWUsIHNhaWQgdGhlIHZlcmlmaWNhdGlvbg"`
	}
}

// EmailRequest names an address; the answer is the same whether it has a user or not.
type EmailRequest struct {
	Body struct {
		_ struct{} `doc:"The address that a mail is asked for"`

		Email string `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"The address the mail goes to, if it has a user" example:"asha@example.org"`
	}
}

// VerifyEmail marks the address of the token's user as proven. Returns ErrInvalidToken if the token is wrong or over.
func (s *Service) VerifyEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in EmailVerificationRequest) (httpapi.None, error) {
	_, err := s.verify(ctx, tx, actor, in.Body.Token)
	return httpapi.None{}, err
}

// verify reports whether the address was contested: its user has yet to choose a password then. Returns
// ErrInvalidToken if the token is wrong or over.
func (s *Service) verify(ctx context.Context, tx *postgres.Tx, actor access.Actor, token string) (contested bool,
	err error) {
	hash := session.HashToken(token)
	user, err := verifyEmail(ctx, tx, tx.Now, hash)
	switch {
	case postgres.NoRows(err):
		user.ID, contested, err = s.verifyPending(ctx, tx, hash)
	case err != nil:
		err = fmt.Errorf("verify an address: %w", err)
	default:
		contested, err = s.resolveContest(ctx, tx, user.ID, user.PasswordHash)
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

// verifyPending makes the owner of an address what the pending sign-up of the link said. The others for the address
// come to nothing: they wait on without use, so that nobody learns from theirs that this happened. Returns
// ErrInvalidToken if the link is wrong or over.
func (s *Service) verifyPending(ctx context.Context, tx *postgres.Tx, hash []byte) (owner uuid.UUID, contested bool,
	err error) {
	ticket, err := findSignUp(ctx, tx, hash, tx.Now.Add(-verificationLife))
	if postgres.NoRows(err) {
		return uuid.Nil, false, ErrInvalidToken
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("find a pending sign-up: %w", err)
	}
	owner = *ticket.UserID
	u, err := s.pendingSignUps(owner).open(ticket.Data)
	if err != nil {
		return uuid.Nil, false, err
	}
	first, err := adoptSignUp(ctx, tx, adoptSignUpParams{ID: owner, PasswordHash: u.PasswordHash, Role: u.Role,
		Now: tx.Now})
	switch {
	case postgres.NoRows(err):
		return uuid.Nil, false, ErrInvalidToken
	case err != nil:
		return uuid.Nil, false, fmt.Errorf("adopt a pending sign-up: %w", err)
	}
	if err := s.replaceProfile(ctx, tx, owner, u); err != nil {
		return uuid.Nil, false, err
	}
	contested, err = s.resolveContest(ctx, tx, owner, first)
	return owner, contested, err
}

func (s *Service) replaceProfile(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, u pendingSignUp) error {
	row, err := readProfile(ctx, tx, owner)
	if err != nil {
		return fmt.Errorf("read a profile: %w", err)
	}
	key, err := s.Sealer.PersonKey(ctx, tx, owner)
	if err != nil {
		return err
	}
	profile := Profile{User: User{ID: owner, FullName: u.FullName}, UpdatedAt: tx.Now,
		Gender: ptrOrNil(u.Gender), Phone: ptrOrNil(u.Phone), Timezone: DefaultTimezone}
	return s.storeProfile(ctx, tx, key, row.ProfileID, profile)
}

// resolveContest removes the password of a user whose address was just proven if sign-ups with different passwords
// waited for that, and mails a link to choose one: the reader of the mail can't tell by its link whose password
// becomes theirs. first is the hash of the sign-up that came first.
func (s *Service) resolveContest(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, first string) (contested bool,
	err error) {
	pending := s.pendingSignUps(owner)
	hashes, err := pending.allHashes(ctx, tx)
	if err != nil || !slices.ContainsFunc(hashes, func(hash string) bool { return hash != first }) {
		return false, err
	}
	if err := setPassword(ctx, tx, noPassword, tx.Now, owner); err != nil {
		return false, fmt.Errorf("remove a password: %w", err)
	}
	if err := pending.addDecoys(ctx, tx, first); err != nil {
		return false, err
	}
	return true, s.mailResetLink(ctx, tx, owner, "choose-password")
}

// ResendVerification mails a new token when the address waits for one.
func (s *Service) ResendVerification(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in EmailRequest) (httpapi.None, error) {
	return httpapi.None{}, s.enqueueForEmail(ctx, tx, actor, in.Body.Email, "user.request-verification",
		func(id uuid.UUID) jobs.Args { return mailVerification{id} })
}

// enqueueForEmail does the same work for every address: for one without a user, the job is for nobody.
func (s *Service) enqueueForEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor, email, action string,
	job func(uuid.UUID) jobs.Args) error {
	id, err := findAddress(ctx, tx, normalizeEmail(email))
	entity := id.String()
	switch {
	case postgres.NoRows(err):
		id, entity = uuid.Must(uuid.NewV7()), unknownUser
	case err != nil:
		return fmt.Errorf("find an address: %w", err)
	}
	audit.WriteFor(tx, actor, action, "user", entity, nil)
	return s.Queue.Insert(ctx, tx, job(id))
}

// unknownUser is the entity of an audit row about an address without a user: the address itself isn't audited.
const unknownUser = "unknown"

// allowMail reports whether a mail that anybody can ask for may go to its receiver: a few in an hour. The answer to
// the caller is the same.
func (s *Service) allowMail(ctx context.Context, tx *postgres.Tx, kind, to string) (bool, error) {
	err := s.Limits.CountAttempt(ctx, tx, limit.Mail(kind), to)
	if errors.Is(err, limit.ErrTooMany) {
		return false, nil
	}
	return err == nil, err
}

// mailVerification makes the user's verification token anew and mails it, unless there is nothing to verify.
func (s *Service) mailVerification(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if mailed, err := s.allowMail(ctx, tx, "verification", id.String()); err != nil || !mailed {
		return err
	}
	token, hash := session.NewToken("")
	expiry := tx.Now.Add(verificationLife)
	role, err := s.pendingSignUps(id).renewLink(ctx, tx, hash)
	if postgres.NoRows(err) {
		role, err = setVerificationToken(ctx, tx, hash, &expiry, id)
	}
	if postgres.NoRows(err) { // there is nothing to verify
		return nil
	}
	if err != nil {
		return fmt.Errorf("make a link: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx, verificationMail(id, role, token, expiry))
}

// verificationMail names the role that was signed up for: by that people know their own sign-up from a stranger's.
func verificationMail(to uuid.UUID, role access.Role, token string, expiry time.Time) notification.Mail {
	return notification.Mail{To: to, Kind: "verify-email",
		Data: map[string]string{"token": token, "expires": expiry.Format(time.RFC3339), "role": string(role)}}
}
