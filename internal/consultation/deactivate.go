package consultation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/doctor"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// ErrHasConsultations tells an administrator first what they are about to cancel, see hasConsultations.
var ErrHasConsultations = problem.Conflict("has-consultations", "Consultations would be cancelled",
	"Consultations to come would be cancelled.",
	"Send the same again with cancelConsultations: true to cancel them: everything paid is given back, and the "+
		"other side is told by mail.")

// hasConsultations is ErrHasConsultations with the number of consultations.
func hasConsultations(n int) error {
	if n == 1 {
		return ErrHasConsultations.WithDetail("1 consultation to come would be cancelled.")
	}
	return ErrHasConsultations.WithDetail(fmt.Sprintf("%d consultations to come would be cancelled.", n))
}

// DisableUser disables a user and cancels what they have to come, or enables them again. Returns ErrHasConsultations
// unless that is confirmed, and what account.SetDisabled returns.
func (s *Service) DisableUser(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.UserDisableRequest) (account.StaffUser, error) {
	user, changed, err := s.Accounts.SetDisabled(ctx, tx, actor, in)
	if err != nil {
		return account.StaffUser{}, err
	}
	if changed && in.Body.Disabled {
		err = s.CancelUpcoming(ctx, tx, actor, Deactivation{UserID: in.ID, Role: user.Role,
			Confirmed: in.Body.CancelConsultations})
	}
	return user, err
}

// ApproveDoctor lets patients find a doctor, or withdraws the approval and cancels what the doctor has to come.
// Returns ErrHasConsultations unless that is confirmed, and what doctor.Approve returns.
func (s *Service) ApproveDoctor(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in doctor.ApprovalRequest) (doctor.Doctor, error) {
	d, withdrawn, err := s.Doctors.Approve(ctx, tx, actor, in)
	if err != nil {
		return doctor.Doctor{}, err
	}
	if withdrawn {
		err = s.CancelUpcoming(ctx, tx, actor, Deactivation{UserID: in.ID, Role: access.RoleDoctor,
			Confirmed: in.Body.CancelConsultations})
		if err != nil {
			return doctor.Doctor{}, err
		}
	}
	return doctor.WithNextSlot(ctx, tx, tx.Now, d)
}

// Deactivation is a patient or doctor who is not seen, or sees nobody, from now on: their account is deleted or
// disabled, or their approval is withdrawn.
type Deactivation struct {
	UserID uuid.UUID
	Role   access.Role
	// Deleted says that the account doesn't come back.
	Deleted bool
	// OwnRequest says that nobody else decided it.
	OwnRequest bool
	// Confirmed says that the decision was made in the knowledge that consultations are cancelled.
	Confirmed bool
}

// CancelUpcoming cancels the consultations that a deactivated patient or doctor has to come: their seats are freed,
// open attempts to pay end, and both sides are mailed; a doctor's slots are closed. What was paid is refunded, however
// late it is, unless patients delete their account themselves: then as if they had cancelled. One in progress goes on,
// and one that began with a patient who is deleted ends as missed. Returns ErrHasConsultations unless the cancelling
// is confirmed, schedule.ErrConsultationInProgress for a doctor who is deleted while they see a patient.
func (s *Service) CancelUpcoming(ctx context.Context, tx *postgres.Tx, actor access.Actor, d Deactivation) error {
	switch d.Role {
	case access.RoleDoctor:
		if err := lockDoctor(ctx, tx, d.UserID); err != nil {
			return err
		}
	case access.RolePatient:
	default:
		return nil
	}
	live, err := lockConsultationsToCome(ctx, tx, d.UserID, tx.Now)
	if err != nil {
		return fmt.Errorf("lock consultations to come: %w", err)
	}
	var ending []ConsultationRow
	for _, row := range live {
		switch {
		case row.Status == StatusInProgress && d.Deleted && row.DoctorID == d.UserID:
			return schedule.ErrConsultationInProgress
		case d.ends(row, tx.Now):
			ending = append(ending, row)
		}
	}
	if len(ending) > 0 && !d.Confirmed {
		return hasConsultations(len(ending))
	}
	for i := range ending {
		ending[i].CancelledLate = d.OwnRequest && s.isLate(ending[i], d, tx.Now)
		if err := s.cancel(ctx, tx, actor, &ending[i], d.cancelledBy(actor)); err != nil {
			return err
		}
	}
	if d.Role == access.RoleDoctor {
		return schedule.CloseSlots(ctx, tx, d.UserID, tx.Now)
	}
	return nil
}

// ends reports whether a consultation that isn't over is cancelled.
func (d Deactivation) ends(row ConsultationRow, now time.Time) bool {
	switch row.Status {
	case StatusRequested:
		return true
	case StatusConfirmed:
		return row.ScheduledStart.After(now) || !d.Deleted || row.DoctorID == d.UserID
	default:
		return false
	}
}

// cancelledBy is what the mails say of who cancelled.
func (d Deactivation) cancelledBy(actor access.Actor) string {
	switch {
	case d.Deleted:
		return cancelledBy(actor)
	case d.Role == access.RoleDoctor:
		return "doctor-stops"
	}
	return "patient-stops"
}

// isLate reports whether a patient cancels what is paid, later than they may.
func (s *Service) isLate(row ConsultationRow, d Deactivation, now time.Time) bool {
	return row.PatientID == d.UserID && row.Status == StatusConfirmed && row.Fee > 0 &&
		now.After(s.cancelUntil(row))
}

// CloseSlotsFrom has a doctor, if the user is one, take no further bookings for what starts then or later. Bookings
// that are made stand.
func CloseSlotsFrom(ctx context.Context, tx *postgres.Tx, user uuid.UUID, start time.Time) error {
	if err := lockDoctor(ctx, tx, user); err != nil {
		return err
	}
	return schedule.CloseSlots(ctx, tx, user, start)
}

// lockDoctor waits for what is under way with a doctor, so that what comes later meets what the transaction stores:
// for slots opened and consultations started at the doctor's lock, for bookings at the slots'. In between,
// consultations and their patients are locked in the order of a cancellation.
func lockDoctor(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := doctor.Holds(ctx, tx, id); err != nil && !errors.Is(err, doctor.ErrNotApproved) {
		return fmt.Errorf("lock a doctor: %w", err)
	}
	live, err := lockConsultationsToCome(ctx, tx, id, tx.Now)
	if err != nil {
		return fmt.Errorf("lock consultations to come: %w", err)
	}
	patients := make([]uuid.UUID, len(live))
	for i, row := range live {
		patients[i] = row.PatientID
	}
	if err := lockPatients(ctx, tx, patients); err != nil {
		return fmt.Errorf("lock patients: %w", err)
	}
	return schedule.LockSlots(ctx, tx, id)
}

// RequireNoUpcoming returns ErrHasConsultations if consultations end when a user's account is deleted.
func RequireNoUpcoming(ctx context.Context, tx *postgres.Tx, user uuid.UUID) error {
	n, err := countToCome(ctx, tx, user, tx.Now)
	switch {
	case err != nil:
		return fmt.Errorf("count consultations to come: %w", err)
	case n > 0:
		return hasConsultations(int(n))
	}
	return nil
}
