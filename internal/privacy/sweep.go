package privacy

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/consent"
	"amrutam/internal/idempotency"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// Sweep erases whoever is due. One recurring job does it, as ADR 5 has it for consultations.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "erasure.sweep" }

const (
	sweepEvery = time.Minute
	// sweepWithin is what 200 people may take.
	sweepWithin = 5 * time.Minute
	// againAfter: so long a doctor with a patient, or the last administrator, is left alone.
	againAfter = 10 * time.Minute
	// settleWithin a consultation that should be over is over: its doctor ends it late, or the sweep of consultations
	// does.
	settleWithin = time.Hour
)

// Sweep erases each person in a transaction of its own, which asks again whether they are due: it bears running twice,
// beside others, and being killed anywhere.
func (s *Service) Sweep(ctx context.Context) error {
	var due []dueErasuresRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		due, err = dueErasures(ctx, r, &r.Now)
		return err
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, one := range due {
		failed = append(failed, s.eraseOne(ctx, one.ID, one.UserID))
	}
	return errors.Join(failed...)
}

func (s *Service) eraseOne(ctx context.Context, id, person uuid.UUID) error {
	destroyed := false
	err := s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		destroyed, err = s.erase(ctx, tx, id, person)
		return err
	})
	switch {
	case errors.Is(err, account.ErrHolding), errors.Is(err, account.ErrLastAdmin):
		s.Log.Warn("an erasure has to wait", "erasureId", id, "reason", err.Error())
		return s.DB.Write(ctx, func(tx *postgres.Tx) error {
			return postponeErasure(ctx, tx, new(tx.Now.Add(againAfter)), id)
		})
	case destroyed && err == nil:
		s.Sealer.Forget(person)
	}
	return err
}

// erase takes one person as far as it goes today, and tells whether their data key was destroyed.
func (s *Service) erase(ctx context.Context, tx *postgres.Tx, id, person uuid.UUID) (destroyed bool, err error) {
	// The person before the erasure, as who asks for one and who keeps a copy lock them.
	held, err := s.Accounts.Hold(ctx, tx, person)
	if err != nil {
		return false, err
	}
	row, err := lockErasure(ctx, tx, id)
	if err != nil || row.NextAt == nil || row.NextAt.After(tx.Now) { // stopped, or another server was quicker
		return false, err
	}
	actor := access.System(Sweep{}.Kind())
	if row.Status == pending {
		if err := s.end(ctx, tx, held, row.RequestedBy == person); err != nil {
			return false, err
		}
		removed, err := s.forget(ctx, tx, held)
		if err != nil {
			return false, err
		}
		audit.Write(tx, actor, "user.erase", person, audit.Meta{"erasureId": id, "removed": removed})
	} else if _, err := s.Care.Forget(ctx, tx, person); err != nil {
		return false, err
	}
	record, err := s.Care.RecordOf(ctx, tx, person)
	if err != nil {
		return false, err
	}
	until := s.keptUntil(record)
	if settled := record.LiveUntil; !settled.IsZero() {
		// What is going on may still become a record. It is looked at again when it should be over.
		until = latest(until, settled, tx.Now.Add(settleWithin))
	}
	if until.After(tx.Now) {
		refuseClinical(tx, actor, row, Clinical{Until: &until, Consultations: record.Held})
		return false, keepClinical(ctx, tx, &tx.Now, &until, id)
	}
	return true, s.destroy(ctx, tx, row)
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// end has the account end as if its owner did it, who asked for it, or for whom an administrator did.
func (s *Service) end(ctx context.Context, tx *postgres.Tx, held account.Held, ownWish bool) error {
	actor := access.Actor{ID: held.ID, Role: held.Role, Job: Sweep{}.Kind()}
	if held.DeletedAt == nil {
		if err := s.Accounts.End(ctx, tx, actor, ownWish); err != nil {
			return err
		}
	}
	if held.Role != access.RolePatient {
		return nil
	}
	for _, purpose := range []string{"DATA_USE", "MESSAGES"} {
		if _, err := consent.Withdraw(ctx, tx, actor, consent.WithdrawIn{Purpose: purpose}); err != nil {
			return err
		}
	}
	return nil
}

// forget takes away all that isn't a record of care, and tells how much of what that was.
func (s *Service) forget(ctx context.Context, tx *postgres.Tx, held account.Held) (removed map[string]int64,
	err error) {
	if removed, err = s.Accounts.Forget(ctx, tx, held.ID); err != nil {
		return nil, err
	}
	mails, err := s.Mails.Forget(ctx, tx, held.ID, held.Email)
	if err != nil {
		return nil, err
	}
	maps.Copy(removed, mails)
	if removed["exports"], err = forgetExports(ctx, tx, held.ID); err != nil {
		return nil, err
	}
	if removed["idempotency_keys"], err = idempotency.EraseKeys(ctx, tx, held.ID); err != nil {
		return nil, err
	}
	if held.Role == access.RoleDoctor {
		return removed, s.Doctors.Forget(ctx, tx, held.ID)
	}
	if removed["refunds.reason"], err = s.Money.Forget(ctx, tx, held.ID); err != nil {
		return nil, err
	}
	removed["consultations.reason"], err = s.Care.Forget(ctx, tx, held.ID)
	return removed, err
}

// destroy makes the rest unreadable. The audit log keeps the proof.
func (s *Service) destroy(ctx context.Context, tx *postgres.Tx, row ErasureRow) error {
	proof, err := s.Sealer.Destroy(ctx, tx, row.UserID, tx.Now)
	if err != nil && !errors.Is(err, seal.ErrErased) {
		return err
	}
	if _, err := s.Money.Forget(ctx, tx, row.UserID); err != nil { // of what was asked for since
		return err
	}
	consultations, err1 := countConsultations(ctx, tx, row.UserID)
	prescriptions, err2 := countPrescriptions(ctx, tx, row.UserID)
	err = errors.Join(err1, err2,
		s.Accounts.ForgetName(ctx, tx, row.UserID),
		s.Doctors.ForgetRegistration(ctx, tx, row.UserID),
		endErasure(ctx, tx, &tx.Now, row.ID))
	if err != nil {
		return err
	}
	audit.Write(tx, access.System(Sweep{}.Kind()), "data-key.destroy", row.UserID,
		audit.Meta{"erasureId": row.ID, "sha256": proof, "unreadable": map[string]int64{"consultations": consultations,
			"prescriptions": prescriptions}})
	return nil
}
