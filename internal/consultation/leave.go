package consultation

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/schedule"
)

// maxNamed limits the consultations that a refusal names.
const maxNamed = 20

// CreateException stores a leave or extra hours of a doctor. The patients of a confirmed leave are offered other slots
// or a refund by mail; their consultations stay until they answer. Returns ErrHasConsultations unless a leave over
// consultations is confirmed, and what schedule.CreateException returns.
func (s *Service) CreateException(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in schedule.CreateExceptionRequest) (schedule.ChangedException, error) {
	if in.Body.Kind == schedule.KindLeave {
		if err := lockDoctor(ctx, tx, actor.ID); err != nil {
			return schedule.ChangedException{}, err
		}
	}
	out, err := schedule.CreateException(ctx, tx, actor, in)
	if err != nil {
		return out, err
	}
	if len(out.Slots.Outside) > 0 && !in.Body.Confirm {
		return out, onLeave(out.Slots.Outside)
	}
	for _, affected := range out.Slots.Outside {
		if err := s.offer(ctx, tx, actor, out.ID, affected); err != nil {
			return out, err
		}
	}
	return out, nil
}

// onLeave returns ErrHasConsultations with the consultations during a leave.
func onLeave(affected []schedule.OutsideSlot) error {
	refusal := ErrHasConsultations.WithCount(len(affected))
	var named []string
	for _, a := range affected[:min(len(affected), maxNamed)] {
		named = append(named, a.ConsultationID.String()+" at "+a.StartTime.UTC().Format(time.RFC3339))
	}
	if more := len(affected) - len(named); more > 0 {
		detail := detailDuringLeaveAndMore.With("consultations", named).With("count", more)
		return refusal.WithDetail(detail)
	}
	return refusal.WithDetail(detailDuringLeave.With("consultations", named))
}

// offer offers the patient of a consultation during a leave another slot or a refund, until the configured time. One
// that has begun takes place. One that starts so soon that there is no time to answer is cancelled by the next sweep,
// which mails the patient.
func (s *Service) offer(ctx context.Context, tx *postgres.Tx, actor access.Actor, leave uuid.UUID,
	affected schedule.OutsideSlot) error {
	row, err := lockConsultation(ctx, tx, affected.ConsultationID)
	if err != nil || row.Status == StatusInProgress {
		return err
	}
	expires := earliest(tx.Now.Add(s.Config.LeaveAnswerWithin), row.ScheduledStart.Add(-s.Config.LeaveAnswerBefore))
	err = insertOffer(ctx, tx, insertOfferParams{ConsultationID: row.ID, LeaveID: leave, SlotID: row.SlotID,
		ExpiresAt: expires, Now: tx.Now})
	if err != nil {
		return err
	}
	audit.Write(tx, actor, "consultation.offer", row.ID, audit.Meta{"leaveId": leave, "expiresAt": expires})
	if !expires.After(tx.Now) {
		return nil
	}
	names, err := readNames(ctx, tx, row)
	if err != nil {
		return err
	}
	alternatives, err := listAlternatives(ctx, tx, tx.Now, row)
	if err != nil {
		return err
	}
	data := map[string]string{"until": expires.Format(time.RFC3339)}
	for i := range maxMailed {
		n := strconv.Itoa(i + 1)
		data["slot"+n], data["doctor"+n] = "", ""
		if i < len(alternatives) {
			data["slot"+n] = alternatives[i].StartTime.Format(time.RFC3339)
			data["doctor"+n] = alternatives[i].DoctorName
		}
	}
	return s.notifyParty(ctx, tx, row, names, access.RolePatient, "doctor-on-leave", data)
}

// DeleteException deletes a leave or extra hours of a doctor. The consultations during the leave take place after all,
// which their patients are told. Returns what schedule.DeleteException returns.
func (s *Service) DeleteException(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in schedule.ExceptionRequest) (schedule.SlotChanges, error) {
	if err := lockDoctor(ctx, tx, actor.ID); err != nil {
		return schedule.SlotChanges{}, err
	}
	changes, err := schedule.DeleteException(ctx, tx, actor, in)
	if err != nil {
		return changes, err
	}
	offers, err := deleteOffersOf(ctx, tx, in.ID)
	if err != nil {
		return changes, err
	}
	for _, offer := range offers {
		row, err := lockConsultation(ctx, tx, offer.ConsultationID)
		if err != nil {
			return changes, err
		}
		names, err := readNames(ctx, tx, row)
		if err != nil {
			return changes, err
		}
		if err := s.notifyParty(ctx, tx, row, names, access.RolePatient, "leave-withdrawn", nil); err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// hasOffer reports whether the patient of a consultation may choose another slot or a refund because of a leave.
func hasOffer(ctx context.Context, db postgres.Querier, id uuid.UUID) (bool, error) {
	_, err := readOffer(ctx, db, id)
	if postgres.NoRows(err) {
		return false, nil
	}
	return err == nil, err
}

// endOffer cancels a consultation during a leave whose patient hasn't answered. Everything that was paid is refunded.
func (s *Service) endOffer(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockAny(ctx, tx, id)
	if err != nil {
		return err
	}
	offer, err := readOffer(ctx, tx, id)
	if postgres.NoRows(err) || (err == nil && offer.ExpiresAt.After(tx.Now)) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.cancel(ctx, tx, access.System(Sweep{}.Kind()), &row, "doctor-stops")
}
