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
)

const (
	expireSignUpsEvery = time.Hour
	// signUpsAtOnce is how many sign-ups one transaction deletes. A further job deletes the others.
	signUpsAtOnce = 200
	// keepTickets is how long a ticket is stored after it has expired.
	keepTickets = 24 * time.Hour
)

// Jobs registers the jobs and the maintenance of accounts.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.Work(queue, func(ctx context.Context, tx *postgres.Tx, job mailVerification) error {
		return s.mailVerification(ctx, tx, job.UserID)
	})
	jobs.Work(queue, func(ctx context.Context, tx *postgres.Tx, job mailReset) error {
		return s.mailReset(ctx, tx, job.UserID)
	})
	jobs.Work(queue, s.expireSignUps)
	queue.Every(expireSignUpsEvery, ExpireSignUps{})
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return deleteExpiredTickets(ctx, tx, tx.Now.Add(-keepTickets))
	})
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
