package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// CreateTransferRequest names the account of the dependant's own.
type CreateTransferRequest struct {
	DependantRequest
	Body struct {
		_ struct{} `doc:"The address of the dependant's own account"`

		Email string `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"Of an account that there is, or that they will sign up for; a mail goes there" example:"anil@example.org"`
	}
}

// RequestTransfer asks to move a dependant's record to an account of their own, and mails the address. The answer is
// the same whether the address has an account. Returns problem.NotFound, ErrTransferPending,
// ErrDependantHasConsultations, limit.ErrTooMany, problem.Invalid.
func (s *Service) RequestTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in CreateTransferRequest) (Transfer, error) {
	row, _, err := s.ownDependant(ctx, tx, actor, in.ID)
	if err != nil {
		return Transfer{}, err
	}
	own, err := lockEmail(ctx, tx, actor.ID)
	if err != nil {
		return Transfer{}, fmt.Errorf("read the address of an account: %w", err)
	}
	email := normalizeEmail(in.Body.Email)
	switch {
	case emailFault(email) != nil:
		return Transfer{}, problem.InvalidField("body.email", emailFault(email))
	case email == own:
		return Transfer{}, problem.InvalidField("body.email", faultOwnAddress)
	}
	if err := requireNoSeats(ctx, tx, in.ID); err != nil {
		return Transfer{}, err
	}
	if err := s.Limits.CountAttempt(ctx, tx, limit.Mail("dependant-transfer"), actor.ID.String()); err != nil {
		return Transfer{}, err
	}
	t := TransferRow{ID: tx.NewID(), DependantID: in.ID, UserID: actor.ID, Status: transferOpen, Email: &email,
		CreatedAt: tx.Now}
	if err := s.replaceTransfer(ctx, tx, t); err != nil {
		return Transfer{}, err
	}
	audit.Write(tx, actor, "dependant-transfer.request", t.ID, audit.Meta{"dependantId": in.ID})
	view := readTransferRow{TransferRow: t, FullName: row.FullName}.view(actor.ID)
	// Many users may name one address.
	mailed, err := s.allowMail(ctx, tx, "dependant-transfer-to", email)
	if err != nil || !mailed {
		return view, err
	}
	return view, s.Mails.Enqueue(ctx, tx, notification.Mail{Address: email, Reader: actor.ID,
		Kind: "dependant-transfer"})
}

// replaceTransfer stores a transfer, instead of one of the same dependant that is too old. Returns ErrTransferPending
// if one is under way.
func (s *Service) replaceTransfer(ctx context.Context, tx *postgres.Tx, t TransferRow) error {
	if err := endOldTransfer(ctx, tx, tx.Now, t.DependantID, tx.Now.Add(-transferLife)); err != nil {
		return fmt.Errorf("end an old transfer: %w", err)
	}
	open, err := hasOpenTransfer(ctx, tx, t.DependantID)
	switch {
	case err != nil:
		return fmt.Errorf("find a transfer: %w", err)
	case open:
		return ErrTransferPending
	}
	err = insertTransfer(ctx, tx, insertTransferParams{ID: t.ID, DependantID: t.DependantID, UserID: t.UserID,
		Email: *t.Email, Now: t.CreatedAt})
	if err != nil {
		return fmt.Errorf("insert a transfer: %w", err)
	}
	return nil
}

// ForEachTransfer calls fn with every transfer that an account asked for or accepted: for the copy of all that is
// stored.
func (s *Service) ForEachTransfer(ctx context.Context, r *postgres.Read, account uuid.UUID,
	fn func(Transfer) error) error {
	return eachTransfer(ctx, r, account, func(row eachTransferRow) error {
		return fn(readTransferRow(row).view(account))
	})
}
