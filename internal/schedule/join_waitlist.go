package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// JoinWaitlistRequest is a new entry.
type JoinWaitlistRequest struct {
	Body struct {
		_ struct{} `doc:"For whom and for when you wait"`

		DoctorID    uuid.UUID  `json:"doctorId" format:"uuid" doc:"The doctor"`
		DependantID *uuid.UUID `json:"dependantId,omitempty" format:"uuid" doc:"For whom you wait; when left out, yourself" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7090"`
		From        string     `json:"from" format:"date" maxLength:"10" doc:"The first day, today at the earliest, in the time zone of your profile" example:"2026-11-24"`
		To          string     `json:"to" format:"date" maxLength:"10" doc:"The last day: at most 92 days from the first, both counted" example:"2026-11-30"`
		PartOfDay   PartOfDay  `json:"partOfDay,omitempty" doc:"The part of the day in which a slot must begin; any when left out" example:"MORNING"`
	}
}

// JoinWaitlist puts the actor, or a dependant of theirs, in line for a seat of a doctor. Returns problem.NotFound if
// patients can't find the doctor or the actor has no such dependant, problem.Invalid, ErrAlreadyWaiting,
// ErrTooManyWaiting.
func (s *Service) JoinWaitlist(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in JoinWaitlistRequest) (WaitlistEntry, error) {
	name, err := readZone(ctx, tx, actor.ID)
	if err != nil {
		return WaitlistEntry{}, err
	}
	zone, known := httpapi.Zone(name)
	if !known {
		zone = time.UTC
	}
	from, to, err := in.days(dateOf(tx.Now, zone))
	if err != nil {
		return WaitlistEntry{}, err
	}
	person, err := s.lockWaiting(ctx, tx, actor, in.Body.DependantID)
	if err != nil {
		return WaitlistEntry{}, err
	}
	if _, err := readVisit(ctx, tx, true, person, in.Body.DoctorID); postgres.NoRows(err) {
		return WaitlistEntry{}, problem.NotFound
	} else if err != nil {
		return WaitlistEntry{}, err
	}
	switch n, err := countWaiting(ctx, tx, actor.People()); {
	case err != nil:
		return WaitlistEntry{}, err
	case n >= maxWaiting:
		return WaitlistEntry{}, ErrTooManyWaiting
	}
	arg := insertWaitlistEntryParams{ID: tx.NewID(), PatientID: person, DoctorID: in.Body.DoctorID, FromDate: from,
		ToDate: to, Timezone: zone.String(), FromTime: httpapi.FirstInstant(from, zone),
		ToTime: httpapi.FirstInstant(to.AddDate(0, 0, 1), zone), Now: tx.Now}
	if in.Body.PartOfDay != "" {
		arg.PartOfDay = &in.Body.PartOfDay
	}
	row, err := insertWaitlistEntry(ctx, tx, arg)
	if postgres.Violates(err, "waitlist_entries_once") {
		return WaitlistEntry{}, ErrAlreadyWaiting
	}
	if err != nil {
		return WaitlistEntry{}, err
	}
	audit.Write(tx, actor, "waitlist.join", row.ID, audit.Meta{"doctorId": row.DoctorID})
	doctorName, err := readDoctorName(ctx, tx, row.DoctorID)
	return listWaitlistRow{WaitlistRow: row, DoctorName: doctorName}.entry(actor), err
}

// lockWaiting locks the account of the actor, so that no two requests count at once, and returns who is to be seen.
// Returns problem.NotFound if the actor has no such dependant.
func (s *Service) lockWaiting(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	dependant *uuid.UUID) (uuid.UUID, error) {
	if dependant == nil {
		return actor.ID, lockPatient(ctx, tx, actor.ID)
	}
	person, err := s.Accounts.LockDependant(ctx, tx, actor, *dependant)
	return person.ID, err
}

// days returns the first and the last day. Returns problem.Invalid with every fault.
func (in JoinWaitlistRequest) days(today date) (from, to date, err error) {
	invalid := *problem.Invalid
	parse := func(name, text string) date {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			invalid = *invalid.WithField("body."+name, problem.NotDate)
		}
		return day
	}
	from, to = parse("from", in.Body.From), parse("to", in.Body.To)
	switch {
	case len(invalid.Fields) > 0:
	case from.Before(today):
		invalid = *invalid.WithField("body.from", faultBeforeToday)
	case from.After(today.Add(maxAhead)):
		invalid = *invalid.WithField("body.from", problem.TooFarAhead.With("days", 365))
	case to.Before(from):
		invalid = *invalid.WithField("body.to", problem.Before.With("field", "from"))
	case !to.Before(from.AddDate(0, 0, maxWaitDays)):
		invalid = *invalid.WithField("body.to", problem.TooManyDays.With("days", 92).With("field", "from"))
	}
	if len(invalid.Fields) > 0 {
		return from, to, &invalid
	}
	return from, to, nil
}
