package account

import (
	"cmp"
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
	"amrutam/internal/language"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

// verificationLife is how long the link of a verification mail works.
const verificationLife = 24 * time.Hour

// EmailVerificationRequest has the token of a verification mail.
type EmailVerificationRequest struct {
	Body struct {
		_ struct{} `doc:"The token that proves the address"`

		Token string `json:"token" text:"opaque" minLength:"1" maxLength:"200" doc:"The token of the link in the mail; 24 hours, once" example:"b3BlbiBzZXNhbWUsIHNhaWQgdGhlIHZlcmlmaWNhdGlvbg"`
	}
}

// EmailRequest has an address; the answer is the same whether the address has a user or not.
type EmailRequest struct {
	Body struct {
		_ struct{} `doc:"The address that a mail is asked for"`

		Email string `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"The address the mail goes to, if it has a user" example:"asha@example.org"`
	}
}

// VerifyEmail marks the address of the token's user as verified. If it was contested, its user must choose a password,
// and is mailed a link. Returns ErrInvalidToken if the token is wrong or expired.
func (s *Service) VerifyEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in EmailVerificationRequest) (httpapi.None, error) {
	contested := false
	hash := session.HashToken(in.Body.Token)
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
		return httpapi.None{}, err
	}
	var meta audit.Meta
	if contested {
		meta = audit.Meta{"contested": true}
	}
	audit.Write(tx, actor, "user.verify-email", user.ID, meta)
	return httpapi.None{}, nil
}

// verifyPending replaces the values of the address's owner with those of the pending sign-up whose link was followed.
// The other pending sign-ups stay stored without effect, so that their answers don't change. Returns ErrInvalidToken
// if the link is wrong or expired.
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
		Gender: ptrOrNil(u.Gender), Phone: ptrOrNil(u.Phone), Timezone: DefaultTimezone,
		Language: string(cmp.Or(u.Language, language.English))}
	return s.storeProfile(ctx, tx, key, row.ProfileID, profile)
}

// resolveContest removes the password of a user whose address was just verified, if there were sign-ups with different
// passwords, and mails a link to choose one. The reader of the mail can't tell which of the passwords would become the
// account's. first is the hash of the first sign-up.
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

// ResendVerification mails a new link if the address is waiting to be verified.
func (s *Service) ResendVerification(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in EmailRequest) (httpapi.None, error) {
	return httpapi.None{}, s.enqueueForEmail(ctx, tx, actor, in.Body.Email, "user.request-verification",
		func(id uuid.UUID) jobs.Args { return mailVerification{id} })
}

// enqueueForEmail inserts a job for the user of an address. For an address without a user it inserts a job without
// effect, so that the work is the same.
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

// unknownUser is the entity in audit rows about an address without a user, because addresses are not audited.
const unknownUser = "unknown"

// allowMail reports whether a mail that anybody can request may be sent to an address, which gets a few in an hour.
// The answer to the caller must be the same in both cases.
func (s *Service) allowMail(ctx context.Context, tx *postgres.Tx, kind, to string) (bool, error) {
	err := s.Limits.CountAttempt(ctx, tx, limit.Mail(kind), to)
	if errors.Is(err, limit.ErrTooMany) {
		return false, nil
	}
	return err == nil, err
}

// mailVerification renews the user's verification token and mails it, unless the address is verified.
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
	if postgres.NoRows(err) { // the address is verified
		return nil
	}
	if err != nil {
		return fmt.Errorf("make a link: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx, verificationMail(id, role, token, expiry))
}

// verificationMail returns a mail with the role of the sign-up, by which people can tell their own sign-up from a
// stranger's.
func verificationMail(to uuid.UUID, role access.Role, token string, expiry time.Time) notification.Mail {
	return notification.Mail{To: to, Kind: "verify-email",
		Data: map[string]string{"token": token, "expires": expiry.Format(time.RFC3339), "role": string(role)}}
}
