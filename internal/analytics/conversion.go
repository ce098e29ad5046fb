package analytics

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// ConversionRate says how many of the seats that doctors listed became completed consultations.
type ConversionRate struct {
	_ struct{} `doc:"How many of the seats that doctors listed became completed consultations, and where the others were lost"`

	Conversion

	CompleteUntil *time.Time  `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T18:00:00Z"`
	Previous      *Conversion `json:"previous,omitempty" doc:"With compare: the figures of the period before"`
}

// Conversion has the steps of a period, by the start of the slot.
type Conversion struct {
	_ struct{} `doc:"The steps of the slots and consultations that start in a period"`

	From           string   `json:"from" format:"date" doc:"The first day" example:"2026-10-25"`
	To             string   `json:"to" format:"date" doc:"The last day" example:"2026-11-23"`
	Timezone       string   `json:"timezone" doc:"The IANA time zone whose days these are" example:"Asia/Kolkata"`
	Listed         int64    `json:"listed" doc:"Seats of the slots that aren't BLOCKED" example:"160"`
	Booked         int64    `json:"booked" doc:"Consultations, whatever came of them: a seat that is freed can be booked again" example:"130"`
	Paid           int64    `json:"paid" doc:"The booked ones whose fee was paid or was zero, given back since or not" example:"118"`
	Completed      int64    `json:"completed" doc:"The paid ones that are COMPLETED" example:"95"`
	Open           int64    `json:"open" doc:"The booked ones that can still become completed" example:"10"`
	BookingRate    *float64 `json:"bookingRate" doc:"booked divided by listed, to 4 places; above 1 where freed seats were booked again; null when nothing was listed" example:"0.8125"`
	PaymentRate    *float64 `json:"paymentRate" doc:"paid divided by booked, to 4 places; null when nothing was booked" example:"0.9077"`
	CompletionRate *float64 `json:"completionRate" doc:"completed divided by paid, to 4 places; null when nothing was paid" example:"0.8051"`
	LostUnbooked   int64    `json:"lostUnbooked" doc:"Listed seats that nobody held to the end" example:"55"`
	LostUnpaid     Losses   `json:"lostUnpaid" doc:"Booked ones that ended before they were paid, by who ended them"`
	LostPaid       Losses   `json:"lostPaid" doc:"Paid ones that were cancelled, by who cancelled them"`
	LostToNoShow   Absences `json:"lostToNoShow" doc:"Paid ones that are NO_SHOW, by who was absent"`
}

// Losses counts cancelled consultations by the role that cancelled them.
type Losses struct {
	_ struct{} `doc:"Cancelled consultations by who cancelled them"`

	Patient int64 `json:"patient" doc:"By the patient" example:"7"`
	Doctor  int64 `json:"doctor" doc:"By the doctor" example:"2"`
	Staff   int64 `json:"staff" doc:"By SUPPORT or ADMIN" example:"1"`
	System  int64 `json:"system" doc:"By the system: not paid in time, or somebody's account ended" example:"2"`
}

// Absences counts missed consultations by the absent party.
type Absences struct {
	_ struct{} `doc:"Missed consultations by who was absent"`

	Patient int64 `json:"patient" doc:"The patient" example:"3"`
	Doctor  int64 `json:"doctor" doc:"The doctor" example:"1"`
}

// Convert returns the conversion of a period.
func Convert(ctx context.Context, r *postgres.Read, _ access.Actor, in ReportRequest) (ConversionRate, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return ConversionRate{}, err
	}
	periods := p.compared(in.CompareRequest)
	f, err := readFigures(ctx, r, []string{sourceDue, sourceSlots}, spansOf(periods))
	if err != nil {
		return ConversionRate{}, err
	}
	out := ConversionRate{Conversion: conversion(p, f, 0), CompleteUntil: f.completeUntil}
	if len(periods) > 1 {
		before := conversion(periods[1], f, 1)
		out.Previous = &before
	}
	return out, nil
}

func conversion(p period, f figures, part int) Conversion {
	out := Conversion{From: p.firstDay(), To: p.lastDay(), Timezone: p.zone.String(),
		Listed: f.get(part, sourceSlots, labelSeats)}
	var taken int64
	f.labels(part, sourceDue, func(label string, n int64) {
		status, cause, paid, isConsultation := parseDueLabel(label)
		if !isConsultation {
			return
		}
		out.Booked += n
		if paid {
			out.Paid += n
		}
		if status != "CANCELLED" {
			taken += n
		}
		switch {
		case status == "COMPLETED":
			out.Completed += n
		case status == "NO_SHOW":
			out.LostToNoShow.add(cause, n)
		case status != "CANCELLED":
			out.Open += n
		case paid:
			out.LostPaid.add(cause, n)
		default:
			out.LostUnpaid.add(cause, n)
		}
	})
	out.LostUnbooked = max(out.Listed-taken, 0)
	out.BookingRate = ratio(out.Booked, out.Listed)
	out.PaymentRate = ratio(out.Paid, out.Booked)
	out.CompletionRate = ratio(out.Completed, out.Paid)
	return out
}

func (l *Losses) add(cause string, n int64) {
	switch cause {
	case "PATIENT":
		l.Patient += n
	case "DOCTOR":
		l.Doctor += n
	case "SUPPORT", "ADMIN":
		l.Staff += n
	default:
		l.System += n
	}
}

func (a *Absences) add(absent string, n int64) {
	if absent == "DOCTOR" {
		a.Doctor += n
		return
	}
	a.Patient += n
}
