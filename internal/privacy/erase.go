package privacy

import (
	"context"
	"errors"
	"fmt"
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
	"amrutam/internal/schedule"
	"amrutam/internal/seal"
)

const (
	// retryAfter is how long a doctor with a patient, or the last administrator, is left alone.
	retryAfter = 10 * time.Minute
	// endWithin is how long after its time a consultation is over: its doctor ends it late, or a job does.
	endWithin = time.Hour
)

// sweep erases each person who is due in a transaction of its own, which asks again whether they are: it bears running
// twice, beside others, and being killed anywhere.
func (s *Service) sweep(ctx context.Context) error {
	var due []listDueErasuresRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		due, err = listDueErasures(ctx, r, &r.Now)
		return err
	})
	if err != nil {
		return fmt.Errorf("list due erasures: %w", err)
	}
	var failed []error
	for _, one := range due {
		failed = append(failed, s.eraseOne(ctx, one.ID, one.UserID))
	}
	return errors.Join(failed...)
}

func (s *Service) eraseOne(ctx context.Context, id, person uuid.UUID) error {
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.erase(ctx, tx, id, person) })
	if errors.Is(err, schedule.ErrConsultationInProgress) || errors.Is(err, account.ErrLastAdmin) {
		s.Log.Warn("an erasure has to wait", "erasureId", id, "reason", err.Error())
		return s.DB.Write(ctx, func(tx *postgres.Tx) error {
			return postponeErasure(ctx, tx, new(tx.Now.Add(retryAfter)), id)
		})
	}
	return err
}

// erase erases one person as far as the law lets it today.
func (s *Service) erase(ctx context.Context, tx *postgres.Tx, id, person uuid.UUID) error {
	// The person before the erasure, as the request of one and the making of a copy lock them.
	user, err := account.Lock(ctx, tx, person)
	if err != nil {
		return err
	}
	row, err := lockErasure(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("lock an erasure: %w", err)
	}
	if row.NextAt == nil || row.NextAt.After(tx.Now) { // stopped, or another server was quicker
		return nil
	}
	if row.Status == erasurePending {
		err = s.eraseAccount(ctx, tx, user, row)
	} else {
		_, err = s.Care.Forget(ctx, tx, person)
	}
	if err != nil {
		return err
	}
	record, err := s.Care.RecordOf(ctx, tx, person)
	if err != nil {
		return err
	}
	until := s.keptUntil(record)
	if live := record.LiveUntil; !live.IsZero() {
		// A consultation that isn't over may still become a record: the erasure is continued when it should be over.
		until = latest(until, live, tx.Now.Add(endWithin))
	}
	if until.After(tx.Now) {
		auditClinical(tx, access.System(Sweep{}.Kind()), row, Clinical{Until: &until, Consultations: record.Held})
		if err := keepClinicalRecord(ctx, tx, &tx.Now, &until, id); err != nil {
			return fmt.Errorf("keep a record of care: %w", err)
		}
		return nil
	}
	return s.destroy(ctx, tx, row)
}

// latest of some instants.
func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// eraseAccount deletes the account, unless it is deleted already, and all data that is no record of care.
func (s *Service) eraseAccount(ctx context.Context, tx *postgres.Tx, user account.Locked, row ErasureRow) error {
	actor := access.Actor{ID: user.ID, Role: user.Role, Job: Sweep{}.Kind()}
	if user.DeletedAt == nil {
		if err := s.deleteAccount(ctx, tx, actor, row.RequestedBy == user.ID); err != nil {
			return err
		}
	}
	if user.Role == access.RolePatient {
		for _, purpose := range []consent.Purpose{consent.DataUse, consent.Messages} {
			if _, err := consent.Withdraw(ctx, tx, actor, consent.WithdrawIn{Purpose: purpose}); err != nil {
				return err
			}
		}
	}
	removed, err := s.eraseData(ctx, tx, user)
	if err != nil {
		return err
	}
	audit.Write(tx, access.System(Sweep{}.Kind()), "user.erase", user.ID,
		audit.Meta{"erasureId": row.ID, "removed": removed})
	return nil
}

// eraseData erases all that is no record of care, and returns how many rows of which table.
func (s *Service) eraseData(ctx context.Context, tx *postgres.Tx, user account.Locked) (removed map[string]int64,
	err error) {
	if removed, err = account.Erase(ctx, tx, user.ID); err != nil {
		return nil, err
	}
	mails, err := s.Mails.Forget(ctx, tx, user.ID, user.Email)
	if err != nil {
		return nil, err
	}
	maps.Copy(removed, mails)
	if removed["exports"], err = eraseExports(ctx, tx, user.ID); err != nil {
		return nil, fmt.Errorf("erase exports: %w", err)
	}
	if removed["idempotency_keys"], err = idempotency.EraseKeys(ctx, tx, user.ID); err != nil {
		return nil, err
	}
	if user.Role == access.RoleDoctor {
		return removed, s.Doctors.Forget(ctx, tx, user.ID)
	}
	if removed["refunds.reason"], err = s.Money.Erase(ctx, tx, user.ID); err != nil {
		return nil, err
	}
	removed["consultations.reason"], err = s.Care.Forget(ctx, tx, user.ID)
	return removed, err
}

// destroy makes the rest unreadable by destroying the data key. The audit log has the proof.
func (s *Service) destroy(ctx context.Context, tx *postgres.Tx, row ErasureRow) error {
	proof, err := s.Sealer.Destroy(ctx, tx, row.UserID, tx.Now)
	if err != nil && !errors.Is(err, seal.ErrErased) {
		return err
	}
	tx.AfterCommit(func() { s.Sealer.Evict(row.UserID) })
	if _, err := s.Money.Erase(ctx, tx, row.UserID); err != nil { // of what was asked for since
		return err
	}
	consultations, err := countConsultations(ctx, tx, row.UserID)
	if err != nil {
		return fmt.Errorf("count consultations: %w", err)
	}
	prescriptions, err := countPrescriptions(ctx, tx, row.UserID)
	if err != nil {
		return fmt.Errorf("count prescriptions: %w", err)
	}
	if err := account.EraseName(ctx, tx, row.UserID); err != nil {
		return err
	}
	if err := s.Doctors.ForgetRegistration(ctx, tx, row.UserID); err != nil {
		return err
	}
	if err := endErasure(ctx, tx, &tx.Now, row.ID); err != nil {
		return fmt.Errorf("end an erasure: %w", err)
	}
	audit.Write(tx, access.System(Sweep{}.Kind()), "data-key.destroy", row.UserID,
		audit.Meta{"erasureId": row.ID, "sha256": proof, "unreadable": map[string]int64{"consultations": consultations,
			"prescriptions": prescriptions}})
	return nil
}
