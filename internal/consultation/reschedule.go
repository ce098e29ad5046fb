package consultation

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// ErrTooManyReschedules refuses to move a consultation once more.
var ErrTooManyReschedules = problem.Conflict("too-many-reschedules", "Moved too often",
	"You have moved this consultation as often as a patient may.",
	"Keep its time, cancel it, or ask support to move it.")

// RescheduleRequest names the consultation to move, and the slot that it moves to.
type RescheduleRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		_ struct{} `doc:"The slot to move to"`

		SlotID    uuid.UUID  `json:"slotId" format:"uuid" doc:"Another free slot of the same doctor"`
		StartTime *time.Time `json:"startTime,omitempty" doc:"The start that was shown: when given, the slot must still begin then" example:"2026-11-25T10:00:00+05:30"`
	}
}

// PreviousSlot is where a consultation was before it was moved.
type PreviousSlot struct {
	_ struct{} `doc:"The slot of a consultation before it was moved"`

	SlotID    uuid.UUID `json:"slotId" format:"uuid" doc:"The slot; its doctor may have deleted it since"`
	StartTime time.Time `json:"startTime" doc:"When the consultation would have begun" example:"2026-11-24T04:30:00Z"`
}

func previousOf(row ConsultationRow) httpapi.OrNull[PreviousSlot] {
	if row.RescheduledFromSlot == nil || row.RescheduledFromStart == nil {
		return httpapi.OrNull[PreviousSlot]{}
	}
	return httpapi.OrNull[PreviousSlot]{Value: &PreviousSlot{SlotID: *row.RescheduledFromSlot,
		StartTime: *row.RescheduledFromStart}}
}

// Reschedule moves a consultation to another slot of its doctor, for which the rules of a booking hold. What was paid
// follows the doctor's present fee: see chargeMove. Returns problem.NotFound, problem.InvalidTransition, ErrTooLate,
// ErrTooManyReschedules, and what schedule.MoveSeat returns.
func (s *Service) Reschedule(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in RescheduleRequest) (Consultation, error) {
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	offered, err := hasOffer(ctx, tx, row.ID)
	if err != nil {
		return Consultation{}, err
	}
	byPatient := isPatient(actor, row) && !offered
	if err := s.checkReschedule(byPatient, row, in, tx.Now); err != nil {
		return Consultation{}, err
	}
	seat, err := schedule.MoveSeat(ctx, tx, row.ID, row.PatientID, row.SlotID, in.Body.SlotID)
	if err != nil {
		return Consultation{}, err
	}
	if seat.DoctorID != row.DoctorID {
		return Consultation{}, problem.InvalidField("body.slotId", faultOtherDoctor)
	}
	if err := checkStart(in.Body.StartTime, seat); err != nil {
		return Consultation{}, err
	}
	previous := row
	if byPatient && row.Status == StatusConfirmed {
		if err := capPolicy(&row, tx.Now); err != nil {
			return Consultation{}, err
		}
	}
	row.RescheduledFromSlot, row.RescheduledFromStart = &previous.SlotID, &previous.ScheduledStart
	row.RescheduledAt = &tx.Now
	row.RescheduleCount++
	row.SlotID, row.ScheduledStart, row.ScheduledEnd = seat.SlotID, seat.Start, seat.End
	if row.BookedBy != nil {
		bookedFor, err := s.Accounts.ReadBookedFor(ctx, tx, row.PatientID)
		if err != nil {
			return Consultation{}, err
		}
		row.IsMinor = bookedFor.IsMinorAt(seat.Start)
	}
	row.UpdatedAt = tx.Now
	if row.PaymentDueAt != nil {
		row.PaymentDueAt = new(earliest(*row.PaymentDueAt, seat.Start))
	}
	refund, err := s.chargeMove(ctx, tx, actor, byPatient, &row, seat)
	if err != nil {
		return Consultation{}, err
	}
	if err := s.save(ctx, tx, row); err != nil {
		return Consultation{}, err
	}
	audit.Write(tx, actor, "consultation.reschedule", row.ID, audit.Meta{"fromSlotId": previous.SlotID,
		"toSlotId": row.SlotID, "changed": []string{"slotId", "startTime", "endTime"}})
	if err := s.notifyRescheduled(ctx, tx, actor, row, refund); err != nil {
		return Consultation{}, err
	}
	c := s.withoutHealthData(row)
	c.RefundedAmount, err = s.Payments.Refunded(ctx, tx, row.ID)
	return c, err
}

// checkReschedule checks that the consultation may be moved now. byPatient says that its patient moves it, and not
// because the doctor is on leave: then it may be moved as long as a cancellation would give something back, else until
// its start.
func (s *Service) checkReschedule(byPatient bool, row ConsultationRow, in RescheduleRequest,
	now time.Time) error {
	switch {
	case row.Status != StatusRequested && row.Status != StatusConfirmed:
		return problem.InvalidTransition.WithDetail(detailNotMovable.With("status", string(row.Status)))
	case isOverdue(row, now), isBalanceOverdue(row, now):
		return problem.InvalidTransition.WithDetail(detailUnpaid)
	case byPatient && int(row.RescheduleCount) >= s.Config.MaxReschedules:
		return ErrTooManyReschedules
	case in.Body.SlotID == row.SlotID:
		return problem.InvalidField("body.slotId", faultSameSlot)
	case byPatient && row.Status == StatusConfirmed:
		if percent, _, err := refundPercent(row, now); err != nil || percent == 0 {
			return cmp.Or(err, error(ErrTooLate.WithDetail(
				detailNothingBack)))
		}
	}
	return checkWindow(now, time.Time{}, row.ScheduledStart)
}

// chargeMove charges a paid consultation the doctor's present fee. A lower fee refunds the difference, which it
// returns. A higher one is due from a patient who moves their consultation, and from nobody when staff moves it or the
// doctor is on leave. One
// that isn't paid yet keeps its fee, which is some minutes old, and so does one whose doctor has changed the currency.
func (s *Service) chargeMove(ctx context.Context, tx *postgres.Tx, actor access.Actor, byPatient bool,
	row *ConsultationRow, seat schedule.Seat) (refund money.Amount, err error) {
	if err := s.endBalance(ctx, tx, row); err != nil {
		return 0, err
	}
	switch {
	case row.Status != StatusConfirmed || seat.Currency != row.Currency:
		return 0, nil
	case seat.Fee < row.Fee:
		refund = row.Fee - seat.Fee
		row.Fee = seat.Fee
		return refund, s.Payments.Lower(ctx, tx, actor, row.ID, seat.Fee, "moved to a lower fee")
	case seat.Fee > row.Fee && byPatient:
		row.BalanceDue = new(seat.Fee - row.Fee)
		row.BalanceDueAt = new(earliest(tx.Now.Add(s.Config.PayWithin), seat.Start))
	}
	return 0, nil
}

// rescheduledMail is the kind of the mail that tells of a move.
const rescheduledMail = "consultation-rescheduled"

// notifyRescheduled mails both parties the new time, and the patient what is refunded or due.
func (s *Service) notifyRescheduled(ctx context.Context, tx *postgres.Tx, actor access.Actor, row ConsultationRow,
	refund money.Amount) error {
	data := map[string]string{"by": cancelledBy(actor), "previous": row.RescheduledFromStart.Format(time.RFC3339)}
	if refund > 0 {
		data["refund"] = refund.String() + " " + row.Currency
	}
	if row.BalanceDue != nil {
		data["balance"] = row.BalanceDue.String() + " " + row.Currency
		data["due"] = row.BalanceDueAt.Format(time.RFC3339)
	}
	return s.notifyParties(ctx, tx, row, rescheduledMail, data)
}
