package consultation

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/doctor"
	"amrutam/internal/postgres"
	"amrutam/internal/schedule"
)

// Stop is what it means here that a patient or a doctor stops: consultations to come are cancelled, their seats
// freed, open attempts to pay end, and both are told; a doctor's slots are closed. What was paid is given back,
// however late it is, unless a patient leaves by their own wish: then as if they had cancelled. One in progress goes
// on, and one that began with a patient who leaves ends as missed. Errors: account.ErrHasConsultations, unless that
// is confirmed; account.ErrHolding, for a doctor who leaves with a patient there.
func (s *Service) Stop(ctx context.Context, tx *postgres.Tx, actor access.Actor, user account.Stopping) error {
	if user.Role != access.RoleDoctor && user.Role != access.RolePatient {
		return nil
	}
	if user.Role == access.RoleDoctor {
		if err := s.lockDoctor(ctx, tx, user.ID); err != nil {
			return err
		}
	}
	live, err := lockConsultationsToCome(ctx, tx, user.ID, tx.Now)
	if err != nil {
		return err
	}
	var ending []ConsultationRow
	for _, row := range live {
		switch {
		case row.Status == StatusInProgress && user.Ends && row.DoctorID == user.ID:
			return account.ErrHolding
		case row.Status == StatusRequested,
			row.Status == StatusConfirmed &&
				(row.ScheduledStart.After(tx.Now) || !user.Ends || row.DoctorID == user.ID):
			ending = append(ending, row)
		}
	}
	if len(ending) > 0 && !user.Confirmed {
		return account.Consultations(len(ending))
	}
	by := cancelledBy(actor)
	if !user.Ends {
		by = map[access.Role]string{access.RoleDoctor: "doctor-stops", access.RolePatient: "patient-stops"}[user.Role]
	}
	for i := range ending {
		ending[i].CancelledLate = user.OwnWish && s.late(ending[i], user, tx.Now)
		if err := s.cancel(ctx, tx, actor, &ending[i], by); err != nil {
			return err
		}
	}
	if user.Role == access.RolePatient {
		return nil
	}
	if user.Ends {
		if err := doctor.FreeRegistration(ctx, tx, user.ID); err != nil {
			return err
		}
	}
	return schedule.CloseSlots(ctx, tx, user.ID, tx.Now)
}

// late tells whether a patient who leaves cancels what is paid, and later than they may.
func (s *Service) late(row ConsultationRow, user account.Stopping, now time.Time) bool {
	return row.PatientID == user.ID && row.Status == StatusConfirmed && row.Fee > 0 &&
		now.After(s.cancelUntil(row))
}

// CloseFrom has a doctor, if it is one, take no further bookings for what starts then or later. Bookings that are
// made stand.
func (s *Service) CloseFrom(ctx context.Context, tx *postgres.Tx, user uuid.UUID, start time.Time) error {
	if err := s.lockDoctor(ctx, tx, user); err != nil {
		return err
	}
	return schedule.CloseSlots(ctx, tx, user, start)
}

// lockDoctor waits for what is under way with a doctor, so that what comes later meets what the transaction stores:
// for slots opened and consultations started at the doctor's lock, for bookings at the slots'. In between,
// consultations and their patients are locked in the order of a cancellation.
func (s *Service) lockDoctor(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := doctor.Holds(ctx, tx, id); err != nil && !errors.Is(err, doctor.ErrNotApproved) {
		return err
	}
	live, err := lockConsultationsToCome(ctx, tx, id, tx.Now)
	if err != nil {
		return err
	}
	patients := make([]uuid.UUID, len(live))
	for i, row := range live {
		patients[i] = row.PatientID
	}
	if err := lockPatients(ctx, tx, patients); err != nil {
		return err
	}
	return schedule.LockSlots(ctx, tx, id)
}

// ToCome counts the consultations that end when a user's account does.
func (s *Service) ToCome(ctx context.Context, tx *postgres.Tx, user uuid.UUID) (int, error) {
	n, err := countToCome(ctx, tx, user, tx.Now)
	return int(n), err
}
