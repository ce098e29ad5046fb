package account

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// AcceptTransfer is the confirmation of the account that gets the record: that of a patient who has verified the
// address which the transfer names. Returns problem.NotFound, ErrTransferOver, ErrDependantHasConsultations.
func (s *Service) AcceptTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in TransferRequest) (Transfer, error) {
	row, err := s.lockTransfer(ctx, tx, actor, in.ID)
	if err != nil {
		return Transfer{}, err
	}
	if !canAcceptTransfer(actor, row) {
		return Transfer{}, problem.NotFoundAudited("dependant-transfer", in.ID)
	}
	changed := row.TransferRow.AcceptedBy == nil
	audit.Write(tx, actor, "dependant-transfer.accept", in.ID, audit.Meta{"changed": changed})
	if changed {
		row.TransferRow.AcceptedBy, row.TransferRow.AcceptedAt = &actor.ID, &tx.Now
	}
	return s.finishTransfer(ctx, tx, actor, row)
}

// ApproveTransfer is the confirmation of staff, who have made sure who the two are. Returns problem.NotFound,
// ErrTransferOver, ErrDependantHasConsultations.
func (s *Service) ApproveTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in TransferRequest) (Transfer, error) {
	row, err := s.lockTransfer(ctx, tx, actor, in.ID)
	if err != nil {
		return Transfer{}, err
	}
	changed := row.TransferRow.ApprovedBy == nil
	audit.Write(tx, actor, "dependant-transfer.approve", in.ID, audit.Meta{"changed": changed})
	if changed {
		row.TransferRow.ApprovedBy, row.TransferRow.ApprovedAt = &actor.ID, &tx.Now
	}
	return s.finishTransfer(ctx, tx, actor, row)
}

// EndTransfer cancels a transfer for who asked for it, and refuses it for the other side and staff. Returns
// problem.NotFound, ErrTransferOver.
func (s *Service) EndTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in TransferRequest) (httpapi.None, error) {
	row, err := s.lockTransfer(ctx, tx, actor, in.ID)
	if err != nil {
		return httpapi.None{}, err
	}
	t := row.TransferRow
	t.Status, t.EndedAt, t.Email = transferRefused, &tx.Now, nil
	if actor.ID == t.UserID {
		t.Status = transferCancelled
	}
	audit.Write(tx, actor, "dependant-transfer.end", t.ID, audit.Meta{"status": t.Status})
	return httpapi.None{}, storeTransfer(ctx, tx, t)
}
