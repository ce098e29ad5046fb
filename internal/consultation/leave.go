package consultation

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/postgres"
	"amrutam/internal/schedule"
)

// Leave is what the deletion of a user means here: consultations to come are cancelled, their seats freed, what was paid is
// given back, however late it is, and both are told; a doctor's free slots are blocked. One that began and isn't held ends by
// the sweep, as missed. Error: account.ErrHolding, for a doctor with a patient.
func (s *Service) Leave(ctx context.Context, tx *postgres.Tx, who access.Actor) error {
	if who.Staff() {
		return nil
	}
	if who.Is(access.RoleDoctor) {
		// Bookings under way are waited for, and later ones find the doctor deleted.
		if err := schedule.HoldSlots(ctx, tx, who.ID); err != nil {
			return err
		}
	}
	ids, err := query.consultationsToCome(ctx, tx, who.ID, tx.Now)
	if err != nil {
		return err
	}
	for _, id := range ids {
		row, err := query.lockConsultation(ctx, tx, id)
		if err != nil {
			return err
		}
		switch {
		case row.Status == ConsultationStatusINPROGRESS && isDoctor(who, row):
			return account.ErrHolding
		case row.Status == ConsultationStatusREQUESTED, row.Status == ConsultationStatusCONFIRMED && row.ScheduledStart.After(tx.Now):
			if err := s.cancel(ctx, tx, who, &row); err != nil {
				return err
			}
		}
	}
	return schedule.BlockSlots(ctx, tx, who.ID)
}
