package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

// SweepWaitlist is the job that mails offers, hands on the seats of those that nobody answered, and ends entries whose
// days are over.
type SweepWaitlist struct{}

// Kind names the job.
func (SweepWaitlist) Kind() string { return "waitlist.sweep" }

const sweepEvery = 5 * time.Second

// SweepWaitlist changes each entry in a transaction of its own, which looks again: so it may run on several servers at
// once, and be killed at any time.
func (s *Service) SweepWaitlist(ctx context.Context) error {
	var unanswered, over []uuid.UUID
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		if unanswered, err = listExpiredHolds(ctx, r, r.Now); err != nil {
			return err
		}
		over, err = listPassedEntries(ctx, r, r.Now)
		return err
	})
	errs := []error{err}
	for _, id := range unanswered {
		errs = append(errs, s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.passOn(ctx, tx, id) }))
	}
	for _, id := range over {
		errs = append(errs, s.DB.Write(ctx, func(tx *postgres.Tx) error { return endPassed(ctx, tx, id) }))
	}
	return errors.Join(append(errs, s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.mailOffers(ctx, tx) }))...)
}

// passOn ends an offer that nobody answered in time. Its patient waits on, behind the others, and isn't offered this
// slot again.
func (s *Service) passOn(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockWaitlistEntry(ctx, tx, id)
	if err != nil {
		return ignoreNoRows(err)
	}
	// Another server may have passed the seat on, and this entry may have an offer of another slot since then.
	expired, err := hasExpiredHold(ctx, tx, id, tx.Now)
	if err != nil || !expired {
		return err
	}
	row.QueuedAt = tx.Now
	if err := updateEntry(ctx, tx, row, WaitlistWaiting); err != nil {
		return err
	}
	audit.Write(tx, access.System(SweepWaitlist{}.Kind()), "waitlist.expire-offer", id, nil)
	countOffer(tx, s.Metrics, "expired")
	return endHold(ctx, tx, id, true)
}

// endPassed ends an entry whose days are over.
func endPassed(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockWaitlistEntry(ctx, tx, id)
	if err != nil {
		return ignoreNoRows(err)
	}
	if row.Status != WaitlistWaiting || row.ToTime.After(tx.Now) {
		return nil
	}
	audit.Write(tx, access.System(SweepWaitlist{}.Kind()), "waitlist.expire", id, nil)
	return updateEntry(ctx, tx, row, WaitlistExpired)
}

// ignoreNoRows is for an entry that was erased meanwhile.
func ignoreNoRows(err error) error {
	if postgres.NoRows(err) {
		return nil
	}
	return err
}

// mailOffers mails the offers that were made since the last run.
func (s *Service) mailOffers(ctx context.Context, tx *postgres.Tx) error {
	offers, err := takeUnmailedOffers(ctx, tx, &tx.Now)
	if err != nil {
		return err
	}
	for _, o := range offers {
		countOffer(tx, s.Metrics, "mailed")
		err := s.Mails.Enqueue(ctx, tx, notification.Mail{To: o.PatientID, Kind: "waitlist-offer", Timely: true,
			Data: map[string]string{
				"with":    o.DoctorName,
				"start":   o.StartTime.Format(time.RFC3339),
				"end":     o.EndTime.Format(time.RFC3339),
				"expires": o.ExpiresAt.Format(time.RFC3339),
			}})
		if err != nil {
			return err
		}
	}
	return nil
}

// waitlistRetention keeps ended entries for a while, so that a patient can look back.
var waitlistRetention = retention.Rule{
	Name:  "waitlist",
	What:  "Entries of the waitlist, with what was offered",
	After: "they were accepted, withdrawn, or their days passed",
	Why:   "a patient may look back at them",
	Table: "waitlist_entries",
	Since: "updated_at",
	Where: "status IN ('ACCEPTED', 'WITHDRAWN', 'EXPIRED')",
	Keep:  90 * retention.Day,
}
