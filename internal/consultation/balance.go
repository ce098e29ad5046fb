package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// isBalanceOverdue reports whether the time to pay the difference to a higher fee is over.
func isBalanceOverdue(row ConsultationRow, now time.Time) bool {
	return row.BalanceDueAt != nil && !row.BalanceDueAt.After(now)
}

// initiateBalance returns the open attempt to pay the balance of a locked consultation, or a new one.
func (s *Service) initiateBalance(ctx context.Context, tx *postgres.Tx, actor access.Actor, row ConsultationRow,
	returnURL string) (InitiatePaymentResponse, error) {
	var out InitiatePaymentResponse
	var err error
	out.Payment, out.Attempt, err = s.Payments.InitiateBalance(ctx, tx, row.ID, *row.BalanceDue, returnURL)
	if err != nil {
		return InitiatePaymentResponse{}, err
	}
	audit.Write(tx, actor, "payment.initiate", out.Payment.ID,
		audit.Meta{"consultationId": row.ID, "attemptId": out.Attempt.ID, "balance": true})
	return out, nil
}

// applyBalance adds a balance that was paid in time to the fee. A consultation whose balance was paid too late is
// cancelled, and everything is refunded.
func (s *Service) applyBalance(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow) error {
	row.Fee += *row.BalanceDue
	if isBalanceOverdue(*row, tx.Now) { // the sweep hasn't cancelled it yet
		return s.cancel(ctx, tx, actor, row, cancelledBy(actor))
	}
	row.BalanceDue, row.BalanceDueAt = nil, nil
	return s.save(ctx, tx, *row)
}

// endBalance says that no balance of a locked consultation is due any more, and ends the attempt to pay it: money that
// comes for it all the same goes back. The caller saves the row.
func (s *Service) endBalance(ctx context.Context, tx *postgres.Tx, row *ConsultationRow) error {
	if row.BalanceDue == nil {
		return nil
	}
	row.BalanceDue, row.BalanceDueAt = nil, nil
	return s.Payments.EndBalance(ctx, tx, row.ID)
}

// endUnpaidBalance cancels a consultation whose balance was not paid in time, and refunds everything.
func (s *Service) endUnpaidBalance(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if !isBalanceOverdue(row, tx.Now) {
		return nil
	}
	actor := access.System(Sweep{}.Kind())
	return s.cancel(ctx, tx, actor, &row, cancelledBy(actor))
}
