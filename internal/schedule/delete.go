package schedule

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// Delete removes a slot that never had a consultation. Returns problem.NotFound if the slot isn't the actor's, and
// ErrSlotHasConsultations or ErrSlotHasHistory if it has or had consultations.
func (s *Service) Delete(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in SlotRequest) (httpapi.None, error) {
	row, err := lockOwnSlot(ctx, tx, actor, in.ID)
	if err != nil {
		return httpapi.None{}, err
	}
	if row.SeatsTaken > 0 {
		if _, err := freeOffered(ctx, tx, &row, nil); err != nil {
			return httpapi.None{}, err
		}
	}
	if row.SeatsTaken > 0 {
		return httpapi.None{}, consultationsError(row.SeatsTaken)
	}
	err = deleteSlot(ctx, tx, row.ID)
	switch {
	case postgres.Violates(err, "consultations_slot_id_fkey"):
		return httpapi.None{}, ErrSlotHasHistory
	case err != nil:
		return httpapi.None{}, err
	}
	// After the deletion, which waits for a consultation that is being archived.
	switch archived, err := isSlotOfArchive(ctx, tx, row.ID); {
	case err != nil:
		return httpapi.None{}, err
	case archived:
		return httpapi.None{}, ErrSlotHasHistory
	}
	if err := forgetTimes(ctx, tx, row); err != nil {
		return httpapi.None{}, err
	}
	audit.Write(tx, actor, "slot.delete", row.ID, nil)
	return httpapi.None{}, nil
}

// forgetTimes keeps the rule of a slot, if it has one, from making a slot at its times again.
func forgetTimes(ctx context.Context, tx *postgres.Tx, row AvailabilitySlot) error {
	if row.RuleID == nil {
		return nil
	}
	return insertRemoval(ctx, tx, *row.RuleID, row.StartTime, row.EndTime)
}
