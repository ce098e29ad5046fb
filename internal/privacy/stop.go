package privacy

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// StopErasure stops the caller's, as long as nothing is erased. Error: problem.NotFound.
func (s *Service) StopErasure(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ NoInput) (httpapi.None,
	error) {
	return httpapi.None{}, s.stop(ctx, tx, actor, notification.Mail{To: actor.ID}, actor.ID)
}

// StopErasureOf stops somebody else's. Errors: problem.NotFound, account.ErrOwnAccount.
func (s *Service) StopErasureOf(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.UserID) (httpapi.None, error) {
	held, err := s.Accounts.LockOther(ctx, tx, actor, in.ID)
	if err != nil {
		return httpapi.None{}, err
	}
	return httpapi.None{}, s.stop(ctx, tx, actor, mailTo(held), in.ID)
}

// stop is one conditional update: an erasure that begins at this moment waits for it, or was quicker.
func (s *Service) stop(ctx context.Context, tx *postgres.Tx, actor access.Actor, mail notification.Mail,
	person uuid.UUID) error {
	id, err := stopErasure(ctx, tx, &tx.Now, person)
	switch {
	case postgres.NoRows(err):
		return problem.NotFound
	case err != nil:
		return fmt.Errorf("stop an erasure: %w", err)
	}
	audit.Write(tx, actor, "erasure.stop", id, audit.Meta{"userId": person})
	mail.Kind = "erasure-stopped"
	return s.Mails.Enqueue(ctx, tx, mail)
}
