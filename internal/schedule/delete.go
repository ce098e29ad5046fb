package schedule

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// DeleteInput names a slot.
type DeleteInput struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The slot's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
}

// Delete removes a slot that never had a consultation. Errors: 404 to anybody but its doctor,
// ErrSlotHasConsultations, ErrSlotHasHistory.
func (s *Service) Delete(ctx context.Context, tx *postgres.Tx, who access.Actor, in DeleteInput) (httpapi.None, error) {
	row, err := lock(ctx, tx, who, in.ID)
	if err != nil {
		return httpapi.None{}, err
	}
	if row.SeatsTaken > 0 {
		return httpapi.None{}, inTheWay(row.SeatsTaken)
	}
	err = query.deleteSlot(ctx, tx, row.ID)
	switch {
	case postgres.Violates(err, "consultations_slot_id_fkey"):
		return httpapi.None{}, ErrSlotHasHistory
	case err != nil:
		return httpapi.None{}, err
	}
	audit.Write(tx, who, "slot.delete", row.ID, nil)
	return httpapi.None{}, nil
}
