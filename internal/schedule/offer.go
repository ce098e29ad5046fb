package schedule

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/telemetry"
)

// offerFreeSeat offers a seat of a slot, which has become free in this transaction, to the first in line, but not to
// the patient who gave it up. The slot is locked since then, so that nobody can book the seat before.
func offerFreeSeat(ctx context.Context, tx *postgres.Tx, slot, givenUpBy uuid.UUID) error {
	entry, err := offerSeat(ctx, tx, offerSeatParams{SlotID: slot, Now: tx.Now, HeldUntil: tx.Now.Add(offerTime),
		Shortest: tx.Now.Add(minOfferTime), GivenUpBy: givenUpBy})
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	audit.Write(tx, access.System(SweepWaitlist{}.Kind()), "waitlist.offer", entry, audit.Meta{"slotId": slot})
	return nil
}

// lockEntry locks an entry of the actor or a dependant. Returns problem.NotFound if it isn't theirs.
func lockEntry(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) (WaitlistRow, error) {
	row, err := lockWaitlistEntry(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return row, problem.NotFound
	case err == nil && !actor.ActsFor(row.PatientID):
		return row, problem.NotFoundAudited("waitlist", id)
	}
	return row, err
}

// WithdrawFromWaitlist takes an entry out of line. A seat that is held for it is offered to the next one. Returns
// problem.NotFound, and problem.InvalidTransition if the entry was accepted or is over.
func (s *Service) WithdrawFromWaitlist(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in WaitlistRequest) (httpapi.None, error) {
	row, err := lockEntry(ctx, tx, actor, in.ID)
	if err != nil {
		return httpapi.None{}, err
	}
	if !row.Status.isOpen() && row.Status != WaitlistWithdrawn {
		return httpapi.None{}, problem.InvalidTransition.WithDetail(
			detailEntryOver.With("status", string(row.Status)))
	}
	if row.Status == WaitlistOffered {
		countOffer(tx, s.Metrics, "declined")
	}
	return httpapi.None{}, withdraw(ctx, tx, actor, row)
}

// withdraw takes an entry that the caller has locked out of line.
func withdraw(ctx context.Context, tx *postgres.Tx, actor access.Actor, row WaitlistRow) error {
	audit.Write(tx, actor, "waitlist.withdraw", row.ID, audit.Meta{"changed": row.Status.isOpen()})
	if !row.Status.isOpen() {
		return nil
	}
	return leaveLine(ctx, tx, row, WaitlistWithdrawn, true)
}

// leaveLine ends an open entry that the caller has locked, and its offer. passOn is that of endHold.
func leaveLine(ctx context.Context, tx *postgres.Tx, row WaitlistRow, status WaitlistStatus, passOn bool) error {
	held := row.Status == WaitlistOffered
	if err := updateEntry(ctx, tx, row, status); err != nil || !held {
		return err
	}
	return endHold(ctx, tx, row.ID, passOn)
}

func updateEntry(ctx context.Context, tx *postgres.Tx, row WaitlistRow, status WaitlistStatus) error {
	return updateWaitlistEntry(ctx, tx, updateWaitlistEntryParams{ID: row.ID, Status: status, QueuedAt: row.QueuedAt,
		ConsultationID: row.ConsultationID, Now: tx.Now})
}

// endHold ends the offer of an entry that the caller has locked, and frees its seat. The seat is offered to the next
// one in line, or whoever books it, unless the caller takes it in this transaction.
func endHold(ctx context.Context, tx *postgres.Tx, entry uuid.UUID, passOn bool) error {
	offer, err := endOffer(ctx, tx, &tx.Now, entry)
	if err != nil {
		return err
	}
	if err := releaseHold(ctx, tx, tx.Now, offer.SlotID); err != nil || !passOn {
		return err
	}
	return offerFreeSeat(ctx, tx, offer.SlotID, uuid.Nil) // the entry was offered it
}

// Accepted is a seat that was held, free for a booking in the same transaction. Nobody else can take it: the slot is
// locked.
type Accepted struct {
	SlotID, PatientID uuid.UUID
	// Note notes the booking.
	Note func(consultation uuid.UUID) error
}

// AcceptOffer frees the seat that is held for the actor or a dependant. Returns problem.NotFound, ErrNoOffer.
func AcceptOffer(ctx context.Context, tx *postgres.Tx, m *telemetry.Metrics, actor access.Actor,
	id uuid.UUID) (Accepted, error) {
	if err := lockPatient(ctx, tx, actor.ID); err != nil { // before the slot, as a booking does
		return Accepted{}, err
	}
	row, err := lockEntry(ctx, tx, actor, id)
	if err != nil {
		return Accepted{}, err
	}
	offer, err := endOffer(ctx, tx, &tx.Now, row.ID)
	if postgres.NoRows(err) || (err == nil && !offer.ExpiresAt.After(tx.Now)) {
		return Accepted{}, ErrNoOffer
	}
	if err != nil {
		return Accepted{}, err
	}
	note := func(consultation uuid.UUID) error {
		row.ConsultationID = &consultation
		countAcceptance(tx, m, offer.CreatedAt)
		audit.Write(tx, actor, "waitlist.accept", row.ID, audit.Meta{"consultationId": consultation})
		return updateEntry(ctx, tx, row, WaitlistAccepted)
	}
	// As a booking does, the doctor's rules before the slot: otherwise the two could wait for each other.
	if err := lockMove(ctx, tx, offer.SlotID, offer.SlotID, row.PatientID); err != nil {
		return Accepted{}, err
	}
	return Accepted{offer.SlotID, row.PatientID, note}, releaseHold(ctx, tx, tx.Now, offer.SlotID)
}

// EndWaiting withdraws every open entry of people who stop.
func EndWaiting(ctx context.Context, tx *postgres.Tx, actor access.Actor, people []uuid.UUID) error {
	ids, err := listOpenEntries(ctx, tx, people)
	if err != nil {
		return err
	}
	return forEachOpen(ctx, tx, ids, func(row WaitlistRow) error { return withdraw(ctx, tx, actor, row) })
}

// EndLine ends every open entry for a doctor who stops. The caller has locked the doctor.
func EndLine(ctx context.Context, tx *postgres.Tx, actor access.Actor, doctor uuid.UUID) error {
	ids, err := listEntriesFor(ctx, tx, doctor)
	if err != nil {
		return err
	}
	return forEachOpen(ctx, tx, ids, func(row WaitlistRow) error {
		audit.Write(tx, actor, "waitlist.expire", row.ID, nil)
		return leaveLine(ctx, tx, row, WaitlistExpired, false)
	})
}

// forEachOpen locks entries one after the other, and calls fn for each that is still open.
func forEachOpen(ctx context.Context, tx *postgres.Tx, ids []uuid.UUID, fn func(WaitlistRow) error) error {
	for _, id := range ids {
		row, err := lockWaitlistEntry(ctx, tx, id)
		if postgres.NoRows(err) || (err == nil && !row.Status.isOpen()) {
			continue
		}
		if err == nil {
			err = fn(row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBack ends the offers of slots that their doctor closes, moves or deletes, and that the caller has locked: the
// latest ones if most isn't nil. It returns how many seats it freed. Who accepts or declines such an offer at that
// moment locks in the other order: if both wait for each other, PostgreSQL stops one, and it runs again.
func takeBack(ctx context.Context, tx *postgres.Tx, most *int32, slots ...uuid.UUID) (int32, error) {
	offers, err := revokeOffers(ctx, tx, tx.Now, slots, most)
	if err != nil {
		return 0, err
	}
	var seats int32
	for _, o := range offers {
		audit.Write(tx, access.System(SweepWaitlist{}.Kind()), "waitlist.take-back", o.ID,
			audit.Meta{"slotId": o.SlotID})
		if err := releaseHold(ctx, tx, tx.Now, o.SlotID); err != nil {
			return 0, err
		}
		seats++
	}
	return seats, nil
}

// EraseWaitlist deletes the entries of a patient who is erased. EndWaiting has ended them.
func EraseWaitlist(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) (int64, error) {
	return deleteWaitlist(ctx, tx, patient)
}
