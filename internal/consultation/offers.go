package consultation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	// maxAlternatives is how many slots are offered, maxMailed how many of them a mail shows.
	maxAlternatives = 5
	maxMailed       = 3
	// sameDoctorSlots is how many of them are of the same doctor, if other doctors have some.
	sameDoctorSlots = 3
	// similarTime is how far from the time of the consultation slots of other doctors are looked for.
	similarTime = 3 * time.Hour
)

// Alternative is a free slot that a patient may choose instead of the one during a leave.
type Alternative struct {
	_ struct{} `doc:"A free slot instead of the one that doesn't take place"`

	SlotID     uuid.UUID    `json:"slotId" format:"uuid" doc:"The slot"`
	DoctorID   uuid.UUID    `json:"doctorId" format:"uuid" doc:"Whose it is: the same doctor or one of the same specialization"`
	DoctorName string       `json:"doctorName" doc:"The doctor's name"`
	StartTime  time.Time    `json:"startTime" doc:"When it begins" example:"2026-11-24T04:30:00Z"`
	EndTime    time.Time    `json:"endTime" doc:"When it ends" example:"2026-11-24T05:00:00Z"`
	Fee        money.Amount `json:"fee" doc:"What the doctor charges now"`
	Currency   string       `json:"currency" doc:"ISO 4217 currency code" example:"INR"`
}

// Offers are what a patient may choose because the doctor is on leave.
type Offers struct {
	_ struct{} `doc:"What a patient may choose because the doctor is on leave"`

	Items    []Alternative `json:"items" doc:"Free slots near the time of the consultation: of the same doctor first; none without an offer"`
	AnswerBy *time.Time    `json:"answerBy" doc:"Without an answer by then the consultation is cancelled and refunded; null when the doctor isn't on leave then" example:"2026-11-23T10:00:00Z"`
}

// ListOffers lists the free slots that a patient may choose instead of a consultation during a leave of the doctor, as
// they are now. Returns problem.NotFound.
func (s *Service) ListOffers(ctx context.Context, r *postgres.Read, actor access.Actor,
	in OffersRequest) (Offers, error) {
	none := Offers{Items: []Alternative{}}
	full, err := readAny(ctx, r, in.ID)
	switch {
	case postgres.NoRows(err):
		return none, problem.NotFound
	case err != nil:
		return none, err
	case !canSee(actor, full.ConsultationRow):
		return none, problem.NotFoundAudited("consultation", in.ID)
	}
	offer, err := readOffer(ctx, r, in.ID)
	switch {
	case postgres.NoRows(err):
		return none, nil
	case err != nil:
		return none, err
	}
	items, err := listAlternatives(ctx, r, r.Now, full.ConsultationRow)
	return Offers{Items: items, AnswerBy: &offer.ExpiresAt}, err
}

// OffersRequest names the consultation.
type OffersRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
}

// listAlternatives returns free slots near the time of a consultation, and not at the time of another one of its
// patient: up to three of its doctor, the rest of doctors of the same specialization whose fee is in the same
// currency.
func listAlternatives(ctx context.Context, db postgres.Querier, now time.Time,
	row ConsultationRow) ([]Alternative, error) {
	own, err := listOwnAlternatives(ctx, db, listOwnAlternativesParams{
		DoctorID: row.DoctorID, PatientID: row.PatientID, ConsultationID: row.ID, Now: now,
		StartTime: row.ScheduledStart,
	})
	if err != nil {
		return nil, err
	}
	others, err := listOtherAlternatives(ctx, db, listOtherAlternativesParams{
		DoctorID: row.DoctorID, PatientID: row.PatientID, ConsultationID: row.ID, Now: now,
		StartTime: row.ScheduledStart, Currency: row.Currency,
		Since: row.ScheduledStart.Add(-similarTime), Before: row.ScheduledStart.Add(similarTime),
	})
	if err != nil {
		return nil, err
	}
	all := make([]Alternative, 0, len(own)+len(others))
	for _, o := range own {
		all = append(all, alternative(listOtherAlternativesRow(o)))
	}
	slices.SortFunc(all, func(a, b Alternative) int {
		return cmp.Compare(a.StartTime.Sub(row.ScheduledStart).Abs(), b.StartTime.Sub(row.ScheduledStart).Abs())
	})
	ownLimit := max(sameDoctorSlots, maxAlternatives-len(others))
	all = all[:min(len(all), ownLimit)]
	for _, o := range others {
		all = append(all, alternative(o))
	}
	return all[:min(len(all), maxAlternatives)], nil
}

func alternative(row listOtherAlternativesRow) Alternative {
	return Alternative{SlotID: row.SlotID, DoctorID: row.DoctorID, DoctorName: row.DoctorName,
		StartTime: row.StartTime, EndTime: row.EndTime, Fee: row.Fee, Currency: row.Currency}
}
