package notification

import (
	"cmp"
	"fmt"
	"time"

	"amrutam/internal/calendar"
	"amrutam/internal/language"
)

// Appointment says which version of which entry of a calendar a mail is. Its times and the other party are in the
// mail's data: "start", "end", "with".
type Appointment struct {
	UID      string          `json:"uid"`
	Sequence int             `json:"sequence"`
	Method   calendar.Method `json:"method"`
}

// CalendarPart is an iCalendar text with its method.
type CalendarPart struct {
	Method calendar.Method
	Text   string
}

// EventUID returns the id that an appointment has in every calendar.
func (s *Service) EventUID(id fmt.Stringer) string { return id.String() + "@" + s.host }

// EventSummary returns what a calendar shows of an appointment with somebody.
func EventSummary(l language.Tag, with string) string {
	return fmt.Sprintf(words[l].Appointment, plainName(with))
}

// calendarPart returns the part of a mail that calendars understand.
func (s *Service) calendarPart(m Mail, message Message, to recipient) *CalendarPart {
	start, startErr := time.Parse(time.RFC3339, m.Data["start"])
	end, endErr := time.Parse(time.RFC3339, m.Data["end"])
	if startErr != nil || endErr != nil {
		return nil // Enqueue refuses such a mail
	}
	attendee := calendar.Person{Name: cmp.Or(plainName(to.name), message.To), Address: message.To}
	return &CalendarPart{Method: m.Appointment.Method, Text: calendar.Write(m.Appointment.Method, calendar.Event{
		UID: m.Appointment.UID, Sequence: m.Appointment.Sequence, Stamp: message.CreatedAt, Start: start, End: end,
		Summary: EventSummary(to.language, m.Data["with"]), URL: s.cfg.PublicURL + "/",
		IsCancelled: m.Appointment.Method == calendar.Cancel, Organizer: &s.organizer, Attendee: &attendee,
	})}
}
