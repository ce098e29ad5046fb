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

// StopErasure stops the caller's own erasure. Returns problem.NotFound if there is none or it has begun.
func (s *Service) StopErasure(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (httpapi.None, error) {
	return httpapi.None{}, s.stop(ctx, tx, actor, notification.Mail{To: actor.ID}, actor.ID)
}

// StopErasureOf stops the erasure of another user. Returns problem.NotFound if there is none or it has begun,
// account.ErrOwnAccount.
func (s *Service) StopErasureOf(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.UserRequest) (httpapi.None, error) {
	user, err := account.LockOther(ctx, tx, actor, in.ID)
	if err != nil {
		return httpapi.None{}, err
	}
	return httpapi.None{}, s.stop(ctx, tx, actor, mailTo(user), in.ID)
}

// stop stops an erasure with one conditional update, and mails the person; mail has the recipient. An erasure that
// begins at the same time waits for the update, or has begun. Returns problem.NotFound if there is none or it has
// begun.
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
