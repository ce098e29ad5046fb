package consultation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
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

	URL string `json:"url" format:"uri" doc:"Subscribe to it in a calendar program; shown only once. Whoever knows it sees when and with whom you have consultations" example:"https://amrutam.example/calendar/0dX3nGf1uN7vVxkq2tq8m1cJ4bYzK9pLw6sRhQeT5aU.ics"`
}

// CreateCalendar makes a new secret address for the caller's calendar. The one before stops working.
func (s *Service) CreateCalendar(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (CalendarAddress, error) {
	secret, hash := session.NewToken("")
	if err := storeCalendarFeed(ctx, tx, actor.ID, hash, tx.Now); err != nil {
		return CalendarAddress{}, fmt.Errorf("store the address of a calendar: %w", err)
	}
	audit.Write(tx, actor, "calendar.create", actor.ID, nil)
	return CalendarAddress{URL: s.Config.PublicURL + "/calendar/" + secret + feedSuffix}, nil
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

// Pages registers the calendars. Their secret is in the path, which is neither logged nor counted.
func (s *Service) Pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /calendar/{file}", s.serveCalendar)
}

func (s *Service) serveCalendar(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	text, err := s.readCalendar(r.Context(), r.PathValue("file"))
	switch {
	case postgres.NoRows(err):
		http.Error(w, "There is no such calendar.", http.StatusNotFound)
		return
	case err != nil:
		s.Log.ErrorContext(r.Context(), "a calendar can't be read", "error", postgres.Describe(err))
		h.Set("Retry-After", "60")
		http.Error(w, "The calendar can't be read now.", http.StatusServiceUnavailable)
		return
	}
	sum := sha256.Sum256([]byte(text))
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="amrutam.ics"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader([]byte(text))) // answers If-None-Match
}

// readCalendar returns the calendar of a file name. Returns pgx.ErrNoRows if there is none.
func (s *Service) readCalendar(ctx context.Context, file string) (text string, err error) {
	secret, _ := strings.CutSuffix(file, feedSuffix)
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		owner, err := findCalendarFeed(ctx, r, session.HashToken(secret))
		if err != nil {
			return err
		}
		since, until := r.Now.Add(-feedPast), r.Now.Add(feedAhead)
		var events []calendar.Event
		add := func(row ConsultationRow, other string) {
			events = append(events, s.event(row, language.Tag(owner.Language), other))
		}
		if owner.Role == access.RoleDoctor {
			rows, err := listDoctorCalendar(ctx, r, listDoctorCalendarParams{Person: owner.ID, Since: since,
				Until: until, Most: feedMost})
			for _, row := range rows {
				add(row.ConsultationRow, row.Other)
			}
			text = calendar.Write(calendar.Publish, events...)
			return err
		}
		people, err := peopleOf(ctx, r, owner.ID)
		if err != nil {
			return err
		}
		for _, person := range people {
			rows, err := listPatientCalendar(ctx, r, listPatientCalendarParams{Person: person, Since: since,
				Until: until, Most: feedMost})
			if err != nil {
				return err
			}
			for _, row := range rows {
				add(row.ConsultationRow, row.Other)
			}
		}
		text = calendar.Write(calendar.Publish, events...)
		return err
	})
	return text, err
}

// event returns the entry of a consultation. It changes only when the consultation does, as its ETag needs.
func (s *Service) event(row ConsultationRow, l language.Tag, other string) calendar.Event {
	return calendar.Event{UID: s.Mails.EventUID(row.ID), Sequence: calendarSequence(row), Stamp: row.UpdatedAt,
		Start: row.ScheduledStart, End: row.ScheduledEnd, Summary: notification.EventSummary(l, other),
		URL: s.Config.PublicURL + "/"}
}
