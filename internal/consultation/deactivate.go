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

// ErrHasConsultations asks to confirm that consultations are cancelled, or don't take place because of a leave.
var ErrHasConsultations = problem.Conflict("has-consultations", "Consultations would be cancelled",
	"Consultations to come would be cancelled.",
	"Send the same again with cancelConsultations: true to cancel them: everything paid is given back, and the "+
		"other side is told by mail. For a leave, send it with confirm: true: the patients are "+
		"offered other slots or "+
		"a refund.")

// hasConsultations returns ErrHasConsultations with the number of consultations.
func hasConsultations(n int) error {
	return ErrHasConsultations.WithCount(n).WithDetail(detailWouldCancel.With("count", n))
}

// DisableUser disables a user and cancels their upcoming consultations, or enables the user again. Returns what
// account.SetDisabled and CancelUpcoming return.
func (s *Service) DisableUser(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.UserDisableRequest) (account.StaffUser, error) {
	user, changed, err := s.Accounts.SetDisabled(ctx, tx, actor, in)
	if err != nil {
		return account.StaffUser{}, err
	}
	if changed && in.Body.Disabled {
		err = s.CancelUpcoming(ctx, tx, actor,
			Deactivation{UserID: in.ID, Role: user.Role, Confirmed: in.Body.CancelConsultations})
	}
	return user, err
}

// ApproveDoctor lets patients find and book a doctor, or withdraws the approval and cancels the doctor's upcoming
// consultations. Returns what doctor.Approve and CancelUpcoming return.
func (s *Service) ApproveDoctor(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in doctor.ApprovalRequest) (doctor.Doctor, error) {
	d, withdrawn, err := s.Doctors.Approve(ctx, tx, actor, in)
	if err != nil {
		return doctor.Doctor{}, err
	}
	if withdrawn {
		err = s.CancelUpcoming(ctx, tx, actor,
			Deactivation{UserID: in.ID, Role: access.RoleDoctor, Confirmed: in.Body.CancelConsultations})
		if err != nil {
			return doctor.Doctor{}, err
		}
	}
	return doctor.WithNextSlot(ctx, tx, tx.Now, d)
}

// Deactivation is the end of a patient's or doctor's consultations: the account is deleted or disabled, or the
// doctor's approval is withdrawn.
type Deactivation struct {
	UserID uuid.UUID
	Role   access.Role
	// Deleted says that the account is deleted for good.
	Deleted bool
	// OwnRequest says that the user asked for it, and not an administrator.
	OwnRequest bool
	// Confirmed says that whoever asked for it knows that consultations are cancelled.
	Confirmed bool
}

// CancelUpcoming cancels the upcoming consultations of a deactivated patient or doctor, mails both parties, and closes
// a doctor's slots.
//
// Everything that was paid is refunded. The exception are patients who delete their own account: they get back what
// the policy gives.
//
// A consultation in progress goes on. A confirmed one whose start is past when its patient is deleted is left to
// the doctor and the sweep. Returns ErrHasConsultations unless the cancellation is confirmed,
// schedule.ErrConsultationInProgress if a doctor is deleted during a consultation.
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
	people, err := peopleOf(ctx, tx, d.UserID)
	if err != nil {
		return err
	}
	unfinished, err := lockUnfinished(ctx, tx, d.UserID, people)
	if err != nil {
		return fmt.Errorf("lock unfinished consultations: %w", err)
	}
	if d.Role == access.RoleDoctor { // before the cancellations, so that none of their seats is offered
		if err := schedule.EndLine(ctx, tx, actor, d.UserID); err != nil {
			return err
		}
	}
	var cancelled []ConsultationRow
	for _, row := range unfinished {
		if row.Status == StatusInProgress && d.Deleted && row.DoctorID == d.UserID {
			return schedule.ErrConsultationInProgress
		}
		if d.cancels(row, tx.Now) {
			cancelled = append(cancelled, row)
		}
	}
	if len(cancelled) > 0 && !d.Confirmed {
		return hasConsultations(len(cancelled))
	}
	for _, row := range cancelled {
		if d.OwnRequest && row.DoctorID != d.UserID {
			if err := applyPolicy(ctx, tx, &row); err != nil {
				return err
			}
		}
		if err := s.cancel(ctx, tx, actor, &row, d.cancelledBy(actor)); err != nil {
			return err
		}
	}
	if d.Role == access.RoleDoctor {
		return schedule.CloseSlots(ctx, tx, d.UserID, tx.Now)
	}
	return schedule.EndWaiting(ctx, tx, actor, people)
}

// peopleOf returns a user and their dependants.
func peopleOf(ctx context.Context, db postgres.Querier, user uuid.UUID) ([]uuid.UUID, error) {
	dependants, err := account.PeopleOf(ctx, db, user)
	return append(dependants, user), err
}

// lockUnfinished locks the consultations of a doctor, or of a patient and the patient's dependants, that aren't over.
// people are the user and the dependants.
func lockUnfinished(ctx context.Context, tx *postgres.Tx, user uuid.UUID,
	people []uuid.UUID) ([]ConsultationRow, error) {
	return lockUnfinishedConsultations(ctx, tx, lockUnfinishedConsultationsParams{UserID: user, People: people,
		Oldest: oldestOf(people), Now: tx.Now})
}

// cancels reports whether the deactivation cancels a consultation that isn't over.
func (d Deactivation) cancels(row ConsultationRow, now time.Time) bool {
	switch row.Status {
	case StatusRequested:
		return true
	case StatusConfirmed:
		return row.ScheduledStart.After(now) || !d.Deleted || row.DoctorID == d.UserID
	default:
		return false
	}
}

// cancelledBy returns who cancelled, as the mails' templates name it.
func (d Deactivation) cancelledBy(actor access.Actor) string {
	switch {
	case d.Deleted:
		return cancelledBy(actor)
	case d.Role == access.RoleDoctor:
		return "doctor-stops"
	}
	return "patient-stops"
}

// CloseSlotsFrom closes a doctor's slots that start then or later to further bookings. The bookings in them stay. It
// does nothing for a user who is not a doctor.
func CloseSlotsFrom(ctx context.Context, tx *postgres.Tx, user uuid.UUID, start time.Time) error {
	if err := lockDoctor(ctx, tx, user); err != nil {
		return err
	}
	return schedule.CloseSlots(ctx, tx, user, start)
}

// lockDoctor locks a doctor and everything that concurrent requests change of their consultations: those requests have
// committed, or wait until this transaction has. A new slot and the start of a consultation wait for the doctor's row,
// a booking for the slot's. The order is that of a cancellation, so that the two don't deadlock: consultations,
// patients, slots.
func lockDoctor(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := doctor.LockApproved(ctx, tx, id); err != nil && !errors.Is(err, doctor.ErrNotApproved) {
		return fmt.Errorf("lock a doctor: %w", err)
	}
	unfinished, err := lockUnfinished(ctx, tx, id, []uuid.UUID{id}) // only patients have dependants
	if err != nil {
		return fmt.Errorf("lock unfinished consultations: %w", err)
	}
	patients := make([]uuid.UUID, len(unfinished))
	for i, row := range unfinished {
		patients[i] = row.PatientID
	}
	if err := lockUsers(ctx, tx, patients); err != nil {
		return fmt.Errorf("lock patients: %w", err)
	}
	return schedule.LockSlots(ctx, tx, id)
}

// RequireNoUpcoming returns ErrHasConsultations if the deletion of a user's account would cancel consultations.
func RequireNoUpcoming(ctx context.Context, tx *postgres.Tx, user uuid.UUID) error {
	people, err := peopleOf(ctx, tx, user)
	if err != nil {
		return err
	}
	n, err := countNotStartedConsultations(ctx, tx, countNotStartedConsultationsParams{UserID: user, People: people,
		Oldest: oldestOf(people), Now: tx.Now})
	switch {
	case err != nil:
		return fmt.Errorf("count upcoming consultations: %w", err)
	case n > 0:
		return hasConsultations(int(n))
	}
	return nil
}
