// Package calendar writes appointments as iCalendar (RFC 5545), to be sent by mail (RFC 5546) or subscribed to.
package calendar

import (
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Method says what the receiver does with the events.
type Method string

// The methods of RFC 5546 that are used.
const (
	Publish Method = "PUBLISH"
	Request Method = "REQUEST"
	Cancel  Method = "CANCEL"
)

// Person is the organizer or an attendee of an event.
type Person struct{ Name, Address string }

// Event is one appointment. Its texts hold no health data: calendars are shared.
type Event struct {
	// UID is the same for every version of the event; Sequence rises with each.
	UID      string
	Sequence int
	// Stamp is when this version was written.
	Stamp, Start, End time.Time
	Summary           string
	URL               string
	IsCancelled       bool
	// Organizer and Attendee are for events that are sent by mail.
	Organizer, Attendee *Person
}

// product names the program that wrote a calendar.
const product = "-//Amrutam//Amrutam//EN"

// Write returns a calendar with the events.
func Write(method Method, events ...Event) string {
	c := ics.NewCalendarFor("Amrutam")
	c.SetProductId(product)
	c.SetMethod(ics.Method(method))
	for _, e := range events {
		c.AddVEvent(e.component())
	}
	return c.Serialize(ics.WithNewLineWindows)
}

func (e Event) component() *ics.VEvent {
	v := ics.NewEvent(e.UID)
	v.SetDtStampTime(e.Stamp.UTC())
	v.SetStartAt(e.Start.UTC())
	v.SetEndAt(e.End.UTC())
	v.SetSequence(e.Sequence)
	v.SetSummary(e.Summary)
	v.SetURL(e.URL)
	v.SetClass(ics.ClassificationPrivate)
	status, isBusy := ics.ObjectStatusConfirmed, ics.TransparencyOpaque
	if e.IsCancelled {
		status, isBusy = ics.ObjectStatusCancelled, ics.TransparencyTransparent
	}
	v.SetStatus(status)
	v.SetTimeTransparency(isBusy)
	if e.Organizer != nil {
		v.SetOrganizer("mailto:"+e.Organizer.Address, ics.WithCN(parameter(e.Organizer.Name)))
	}
	if e.Attendee != nil {
		v.AddAttendee("mailto:"+e.Attendee.Address, ics.WithCN(parameter(e.Attendee.Name)),
			ics.ParticipationRoleReqParticipant, ics.ParticipationStatusAccepted, ics.WithRSVP(false))
	}
	return v
}

// parameter returns a text for a parameter, without the characters that RFC 5545 allows there only in quotes or not at
// all: the library would put a backslash before them, which is part of the text for other programs.
func parameter(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\'':
			return '’'
		case r < ' ' || r == 0x7f || strings.ContainsRune(`",;:\`, r):
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}
