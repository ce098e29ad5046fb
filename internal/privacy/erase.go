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
	// retryAfter is how long the erasure of a doctor with a consultation in progress, or of the only administrator, is
	// postponed.
	retryAfter = 10 * time.Minute
	// recheckAfter is how long the erasure of a person whose consultation isn't over at its scheduled end waits for
	// it.
	recheckAfter = time.Hour
)

// sweep erases each person whose erasure is due in a transaction of its own, which checks that again: so it may run
// twice, on several servers at once, and be killed at any point.
func (s *Service) sweep(ctx context.Context) error {
	var due []listDueErasuresRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		due, err = listDueErasures(ctx, r, &r.Now)
		return err
	})
	if err != nil {
		return fmt.Errorf("list due erasures: %w", err)
	}
	var errs []error
	for _, row := range due {
		errs = append(errs, s.eraseOrPostpone(ctx, row.ID, row.UserID))
	}
	return errors.Join(errs...)
}

// eraseOrPostpone erases one person, or postpones it for a doctor with a consultation in progress and for the only
// administrator.
func (s *Service) eraseOrPostpone(ctx context.Context, id, person uuid.UUID) error {
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.erase(ctx, tx, id, person) })
	if errors.Is(err, schedule.ErrConsultationInProgress) || errors.Is(err, account.ErrLastAdmin) {
		s.Log.Warn("an erasure has to wait", "erasureId", id, "reason", err.Error())
		return s.DB.Write(ctx, func(tx *postgres.Tx) error {
			return postponeErasure(ctx, tx, new(tx.Now.Add(retryAfter)), id)
		})
	}
	return err
}

// erase erases everything about a person except the care record, as long as the law requires that to be kept. After
// that it destroys the data key.
func (s *Service) erase(ctx context.Context, tx *postgres.Tx, id, person uuid.UUID) error {
	// The user is locked before the erasure, as in a request of an erasure and in storeExport.
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
		_, err = s.Consultations.EraseUnstarted(ctx, tx, person)
	}
	if err != nil {
		return err
	}
	record, err := s.Consultations.ReadCareRecord(ctx, tx, person)
	if err != nil {
		return err
	}
	until := s.retainUntil(record)
	if !record.LiveUntil.IsZero() {
		// A consultation that isn't over may still become a care record: the erasure is continued when it should be
		// over.
		until = latest(until, record.LiveUntil, tx.Now.Add(recheckAfter))
	}
	if until.After(tx.Now) {
		auditRetention(tx, access.System(Sweep{}.Kind()), row, Clinical{Until: &until, Consultations: record.Started})
		if err := retainCareRecord(ctx, tx, &tx.Now, &until, id); err != nil {
			return fmt.Errorf("retain a care record: %w", err)
		}
		return nil
	}
	return s.destroyKey(ctx, tx, row)
}

// latest returns the latest of the times.
func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// eraseAccount deletes the account, unless it is deleted already, withdraws optional consents, and erases all data
// that isn't a care record.
func (s *Service) eraseAccount(ctx context.Context, tx *postgres.Tx, user account.Locked, row ErasureRow) error {
	actor := access.Actor{ID: user.ID, Role: user.Role, Job: Sweep{}.Kind()}
	if user.DeletedAt == nil {
		if err := s.deleteAccount(ctx, tx, actor, row.RequestedBy == user.ID); err != nil {
			return err
		}
	}
	if user.Role == access.RolePatient {
		for _, purpose := range []consent.Purpose{consent.DataUse, consent.Messages} {
			if _, err := consent.Withdraw(ctx, tx, actor, consent.WithdrawRequest{Purpose: purpose}); err != nil {
				return err
			}
		}
	}
	if err := eraseDependants(ctx, tx, user.ID, row); err != nil {
		return err
	}
	removed, err := s.eraseData(ctx, tx, user)
	if err != nil {
		return err
	}
	audit.Write(tx, access.System(Sweep{}.Kind()), "user.erase", user.ID,
		audit.Meta{"erasureId": row.ID, "removed": removed})
	return nil
}

// eraseDependants requests the erasure of a person's dependants with the person's: each has a care record of their
// own, which is kept as long as the law requires.
func eraseDependants(ctx context.Context, tx *postgres.Tx, person uuid.UUID, row ErasureRow) error {
	dependants, err := account.PeopleOf(ctx, tx, person)
	if err != nil {
		return err
	}
	for _, id := range dependants {
		requested := insertErasureParams{ID: tx.NewID(), UserID: id, RequestedBy: row.RequestedBy, Now: tx.Now,
			DueAt: tx.Now}
		if err := insertErasure(ctx, tx, requested); err != nil {
			return fmt.Errorf("insert the erasure of a dependant: %w", err)
		}
		audit.Write(tx, access.System(Sweep{}.Kind()), "erasure.request", requested.ID,
			audit.Meta{"userId": id, "dueAt": requested.DueAt})
	}
	return nil
}

// eraseData erases all data that isn't a care record, and returns the number of erased rows by table.
func (s *Service) eraseData(ctx context.Context, tx *postgres.Tx,
	user account.Locked) (removed map[string]int64, err error) {
	if removed, err = account.Erase(ctx, tx, user.ID); err != nil {
		return nil, err
	}
	mails, err := s.Mails.Erase(ctx, tx, user.ID, user.Email)
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
	reviews, err := s.Reviews.Erase(ctx, tx, user.ID)
	if err != nil {
		return nil, err
	}
	maps.Copy(removed, reviews)
	if removed["calendar_feeds"], err = s.Consultations.EraseCalendar(ctx, tx, user.ID); err != nil {
		return nil, err
	}
	if removed["waitlist_entries"], err = schedule.EraseWaitlist(ctx, tx, user.ID); err != nil {
		return nil, err
	}
	if user.Role == access.RoleDoctor {
		return removed, s.Doctors.EraseProfile(ctx, tx, user.ID)
	}
	if removed["refunds.reason"], err = s.Payments.Erase(ctx, tx, user.ID); err != nil {
		return nil, err
	}
	removed["consultations.reason"], err = s.Consultations.EraseUnstarted(ctx, tx, user.ID)
	return removed, err
}

// destroyKey destroys the person's data key, which makes the care record unreadable, and audits the hash of the key as
// a proof.
func (s *Service) destroyKey(ctx context.Context, tx *postgres.Tx, row ErasureRow) error {
	proof, err := s.Sealer.Destroy(ctx, tx, row.UserID, tx.Now)
	if err != nil && !errors.Is(err, seal.ErrErased) {
		return err
	}
	tx.AfterCommit(func() { s.Sealer.Evict(row.UserID) })
	if _, err := s.Payments.Erase(ctx, tx, row.UserID); err != nil { // of refunds that were requested since eraseData
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
	if err := s.Doctors.EraseRegistration(ctx, tx, row.UserID); err != nil {
		return err
	}
	if err := endErasure(ctx, tx, &tx.Now, row.ID); err != nil {
		return fmt.Errorf("end an erasure: %w", err)
	}
	unreadable := map[string]int64{"consultations": consultations, "prescriptions": prescriptions}
	audit.Write(tx, access.System(Sweep{}.Kind()), "data-key.destroy", row.UserID,
		audit.Meta{"erasureId": row.ID, "sha256": proof, "unreadable": unreadable})
	return nil
}
