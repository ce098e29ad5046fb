package consultation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/calendar"
	"amrutam/internal/httpapi"
	"amrutam/internal/language"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/session"
)

const (
	// A calendar has what began after feedPast ago and begins before feedAhead from now, at most feedMost entries.
	feedPast, feedAhead = 30 * 24 * time.Hour, 365 * 24 * time.Hour
	feedMost            = 5000
	feedSuffix          = ".ics"
)

// CalendarAddress is the secret address of a calendar.
type CalendarAddress struct {
	_ struct{} `doc:"The secret address of your calendar"`

	URL string `json:"url" format:"uri" doc:"Subscribe to it in a calendar program; shown only once. Whoever knows it sees when and with whom you have consultations" example:"https://amrutam.example/api/v1/calendar/0dX3nGf1uN7vVxkq2tq8m1cJ4bYzK9pLw6sRhQeT5aU.ics"`
}

// CreateCalendar makes a new secret address for the caller's calendar. The one before stops working.
func (s *Service) CreateCalendar(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (CalendarAddress, error) {
	secret, hash := session.NewToken("")
	if err := storeCalendarFeed(ctx, tx, actor.ID, hash, tx.Now); err != nil {
		return CalendarAddress{}, fmt.Errorf("store the address of a calendar: %w", err)
	}
	audit.Write(tx, actor, "calendar.create", actor.ID, nil)
	return CalendarAddress{URL: s.Config.PublicURL + httpapi.Base + "/calendar/" + secret + feedSuffix}, nil
}

// EndCalendar ends the address of the caller's calendar, if there is one.
func (s *Service) EndCalendar(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (httpapi.None, error) {
	ended, err := deleteCalendarFeed(ctx, tx, actor.ID)
	if err != nil {
		return httpapi.None{}, fmt.Errorf("end the address of a calendar: %w", err)
	}
	audit.Write(tx, actor, "calendar.delete", actor.ID, audit.Meta{"changed": ended > 0})
	return httpapi.None{}, nil
}

// EraseCalendar deletes the address of a person's calendar.
func (s *Service) EraseCalendar(ctx context.Context, tx *postgres.Tx, person uuid.UUID) (int64, error) {
	return deleteCalendarFeed(ctx, tx, person)
}

// CalendarRequest names a calendar by its secret.
type CalendarRequest struct {
	File string `path:"file" minLength:"5" maxLength:"100" doc:"The secret, and .ics" example:"0dX3nGf1uN7vVxkq2tq8m1cJ4bYzK9pLw6sRhQeT5aU.ics"`
}

// ReadCalendar returns the calendar at a secret address. Returns problem.NotFound if there is none.
func (s *Service) ReadCalendar(ctx context.Context, r *postgres.Read, _ access.Actor,
	in CalendarRequest) (httpapi.Feed, error) {
	secret, isFile := strings.CutSuffix(in.File, feedSuffix)
	owner, err := findCalendarFeed(ctx, r, session.HashToken(secret))
	if postgres.NoRows(err) || !isFile {
		return httpapi.Feed{}, problem.NotFound
	}
	if err != nil {
		return httpapi.Feed{}, fmt.Errorf("find a calendar: %w", err)
	}
	rows, err := listCalendar(ctx, r, owner.ID, owner.Role)
	if err != nil {
		return httpapi.Feed{}, fmt.Errorf("read a calendar: %w", err)
	}
	events := make([]calendar.Event, len(rows))
	for i, row := range rows {
		events[i] = s.event(row.ConsultationRow, language.Tag(owner.Language), row.Other)
	}
	return httpapi.Feed{Attachment: httpapi.Attachment{Name: "amrutam.ics",
		Body: []byte(calendar.Write(calendar.Publish, events...))}}, nil
}

// listCalendar lists the consultations in the calendar of a doctor, or of a patient and the patient's dependants.
func listCalendar(ctx context.Context, r *postgres.Read, owner uuid.UUID,
	role access.Role) (all []listPatientCalendarRow, err error) {
	in := listPatientCalendarParams{Person: owner, Since: r.Now.Add(-feedPast), Until: r.Now.Add(feedAhead),
		Most: feedMost}
	if role == access.RoleDoctor {
		rows, err := listDoctorCalendar(ctx, r, listDoctorCalendarParams(in))
		for _, row := range rows {
			all = append(all, listPatientCalendarRow(row))
		}
		return all, err
	}
	people, err := peopleOf(ctx, r, owner)
	if err != nil {
		return nil, err
	}
	for _, in.Person = range people {
		rows, err := listPatientCalendar(ctx, r, in)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// event returns the entry of a consultation. It changes only when the consultation does, as its ETag needs.
func (s *Service) event(row ConsultationRow, l language.Tag, other string) calendar.Event {
	return calendar.Event{UID: s.Mails.EventUID(row.ID), Sequence: calendarSequence(row), Stamp: row.UpdatedAt,
		Start: row.ScheduledStart, End: row.ScheduledEnd, Summary: notification.EventSummary(l, other),
		URL: s.Config.PublicURL + "/", IsCancelled: row.Status == StatusCancelled}
}

// CalendarEntryRequest names a consultation whose calendar file is read.
type CalendarEntryRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
}

// ReadCalendarEntry returns a calendar with one consultation, for its parties. A cancelled one is marked as such, so
// that a calendar program takes it out. Returns problem.NotFound; problem.InvalidTransition if it isn't paid yet.
func (s *Service) ReadCalendarEntry(ctx context.Context, r *postgres.Read, actor access.Actor,
	in CalendarEntryRequest) (httpapi.Attachment, error) {
	full, err := readAny(ctx, r, in.ID)
	if postgres.NoRows(err) {
		return httpapi.Attachment{}, problem.NotFound
	}
	if err != nil {
		return httpapi.Attachment{}, err
	}
	if !canSee(actor, full.ConsultationRow) {
		return httpapi.Attachment{}, problem.NotFoundAudited("consultation", in.ID)
	}
	if full.ConsultationRow.Status == StatusRequested {
		return httpapi.Attachment{}, problem.InvalidTransition.WithDetail(detailNotInCalendar)
	}
	tag, err := readLanguage(ctx, r, actor.ID)
	if err != nil {
		return httpapi.Attachment{}, fmt.Errorf("read the language of a calendar: %w", err)
	}
	other := full.DoctorName
	if isDoctor(actor, full.ConsultationRow) {
		other = full.PatientName
	}
	event := s.event(full.ConsultationRow, language.Tag(tag), other)
	return httpapi.Attachment{Name: "amrutam-" + event.Start.UTC().Format("2006-01-02") + feedSuffix,
		Body: []byte(calendar.Write(calendar.Publish, event))}, nil
}
