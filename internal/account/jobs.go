package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

const (
	expireSignUpsEvery = time.Hour
	// signUpsAtOnce is how many sign-ups one transaction deletes. A further job deletes the others.
	signUpsAtOnce = 200
	// signUpRule is the rule that expireSignUps applies.
	signUpRule = "unverified-sign-ups"
)

// Retention says how long sign-ups, tickets and tokens are kept.
var Retention = []retention.Rule{
	{
		Name:  signUpRule,
		What:  "Accounts whose address was never verified, with everything that belongs to them",
		After: "the sign-up",
		Why:   "nobody who reads mail at the address has agreed to it",
		Table: "users",
		Since: "created_at",
		Keep:  unverifiedLife,
		// As in findExpiredSignUps.
		Where: `NOT is_email_verified AND password_hash <> 'none' AND role IN ('PATIENT', 'DOCTOR')
			AND NOT EXISTS (SELECT FROM tickets t
				WHERE t.user_id = users.id AND t.kind IN ('SIGNUP', 'DECOY') AND t.expires_at > @now)
			AND NOT EXISTS (SELECT FROM erasures e WHERE e.user_id = users.id)`,
		Job: ExpireSignUps{}.Kind(),
	},
	{
		Name:  "tickets",
		What:  "Half-finished sign-ins, sign-ups, invitations and changes of address, as hashes",
		After: "they expired",
		Why:   "a ticket that was used must not be good again",
		Table: "tickets",
		Since: "expires_at",
		Keep:  retention.Day,
	},
	{
		Name:  "password-reset-tokens",
		What:  "Hashes of links that set a new password",
		After: "they expired",
		Why:   "the link is good for nothing",
		Table: "users",
		Since: "password_reset_expiry",
		Keep:  retention.Day,
		Where: "password_reset_token IS NOT NULL",
		Set:   "password_reset_token = NULL, password_reset_expiry = NULL",
	},
	{
		Name:  "verification-tokens",
		What:  "Hashes of links that verify an address",
		After: "they expired",
		Why:   "the link is good for nothing",
		Table: "users",
		Since: "email_verification_expiry",
		Keep:  retention.Day,
		Where: "email_verification_token IS NOT NULL",
		Set:   "email_verification_token = NULL, email_verification_expiry = NULL",
	},
	{
		Name:  "open-transfers",
		What:  "Transfers of dependants that not everybody confirmed, with the address",
		After: "they were asked for",
		Why:   "they can't be confirmed any more",
		Table: "dependant_transfers",
		Since: "created_at",
		Keep:  transferLife,
		Where: "status = 'OPEN'",
	},
}

// Jobs registers the jobs of accounts.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.Work(queue, func(ctx context.Context, tx *postgres.Tx, job mailVerification) error {
		return s.mailVerification(ctx, tx, job.UserID)
	})
	jobs.Work(queue, func(ctx context.Context, tx *postgres.Tx, job mailReset) error {
		return s.mailReset(ctx, tx, job.UserID)
	})
	jobs.Work(queue, s.expireSignUps)
	queue.Every(expireSignUpsEvery, ExpireSignUps{})
}

// mailVerification is the job that mails a new verification link.
type mailVerification struct {
	UserID uuid.UUID `json:"userId"`
}

// Kind names the job.
func (mailVerification) Kind() string { return "user.mail-verification" }

// mailReset is the job that mails a reset link.
type mailReset struct {
	UserID uuid.UUID `json:"userId"`
}

// Kind names the job.
func (mailReset) Kind() string { return "user.mail-reset" }

// ExpireSignUps is the job that deletes sign-ups whose address was never verified.
type ExpireSignUps struct{}

// Kind names the job.
func (ExpireSignUps) Kind() string { return "user.expire-sign-ups" }

// expireSignUps deletes sign-ups whose address was never verified, with their data keys and mails, because nobody has
// agreed to their storage. Their addresses are free again.
func (s *Service) expireSignUps(ctx context.Context, tx *postgres.Tx, _ ExpireSignUps) error {
	expired, err := findExpiredSignUps(ctx, tx, tx.Now.Add(-unverifiedLife), tx.Now, signUpsAtOnce)
	if err != nil {
		return fmt.Errorf("find expired sign-ups: %w", err)
	}
	for _, u := range expired {
		if err := s.deleteUnverified(ctx, tx, u.ID, u.Email); err != nil {
			return err
		}
		if u.DeletedAt == nil {
			audit.Write(tx, access.System(ExpireSignUps{}.Kind()), "user.delete", u.ID,
				audit.Meta{"reason": "unverified"})
		}
	}
	if err := retention.Record(ctx, tx, signUpRule, int64(len(expired))); err != nil {
		return err
	}
	if len(expired) == signUpsAtOnce {
		return s.Queue.Insert(ctx, tx, ExpireSignUps{})
	}
	return nil
}

func (s *Service) deleteUnverified(ctx context.Context, tx *postgres.Tx, id uuid.UUID, email string) error {
	if _, err := s.Mails.Erase(ctx, tx, id, email); err != nil {
		return err
	}
	if err := deleteDataKey(ctx, tx, id); err != nil {
		return fmt.Errorf("delete a data key: %w", err)
	}
	if err := deleteUnverifiedUser(ctx, tx, id); err != nil {
		return fmt.Errorf("delete a sign-up: %w", err)
	}
	return nil
}
