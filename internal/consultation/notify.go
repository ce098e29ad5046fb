package consultation

import (
	"context"
	"maps"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/calendar"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// partyNames has the full names of a consultation's patient and doctor.
type partyNames struct{ patient, doctor string }

func readNames(ctx context.Context, tx *postgres.Tx, row ConsultationRow) (partyNames, error) {
	names, err := readPartyNames(ctx, tx, row.PatientID, row.DoctorID)
	return partyNames{patient: names.PatientName, doctor: names.DoctorName}, err
}

// notifyParties mails the patient and the doctor. data is added to what notifyParty says of the consultation.
func (s *Service) notifyParties(ctx context.Context, tx *postgres.Tx, row ConsultationRow, kind string,
	data map[string]string) error {
	names, err := readNames(ctx, tx, row)
	if err != nil {
		return err
	}
	return s.notifyNamedParties(ctx, tx, row, names, kind, data)
}

// notifyNamedParties is notifyParties for a caller that has read the names.
func (s *Service) notifyNamedParties(ctx context.Context, tx *postgres.Tx, row ConsultationRow, names partyNames,
	kind string, data map[string]string) error {
	if err := s.notifyParty(ctx, tx, row, names, access.RolePatient, kind, data); err != nil {
		return err
	}
	return s.notifyParty(ctx, tx, row, names, access.RoleDoctor, kind, data)
}

// notifyParty mails the party of a role, with the other party's name and the times of the consultation. It adds data
// to that.
func (s *Service) notifyParty(ctx context.Context, tx *postgres.Tx, row ConsultationRow, names partyNames,
	role access.Role, kind string, data map[string]string) error {
	return s.Mails.Enqueue(ctx, tx, s.partyMail(row, names, role, kind, data))
}

func (s *Service) partyMail(row ConsultationRow, names partyNames, role access.Role, kind string,
	data map[string]string) notification.Mail {
	to, with := row.PatientID, names.doctor
	if role == access.RoleDoctor {
		to, with = row.DoctorID, names.patient
	}
	all := map[string]string{
		"as":             string(role),
		"with":           with,
		"start":          row.ScheduledStart.Format(time.RFC3339),
		"end":            row.ScheduledEnd.Format(time.RFC3339),
		"consultationId": row.ID.String(),
	}
	maps.Copy(all, data)
	return notification.Mail{To: to, Kind: kind, Data: all, Appointment: s.appointment(row, kind)}
}

// calendarMails are the mails that change the recipient's calendar. A cancelled booking that was never confirmed isn't
// in it; calendars ignore its cancellation.
var calendarMails = map[string]calendar.Method{
	"consultation-confirmed": calendar.Request,
	"consultation-cancelled": calendar.Cancel,
	rescheduledMail:          calendar.Request,
	reminderMail:             calendar.Request,
}

// appointment returns the entry of a mail in the recipient's calendar, or nil.
func (s *Service) appointment(row ConsultationRow, kind string) *notification.Appointment {
	method, isEntry := calendarMails[kind]
	if !isEntry || row.Status == StatusRequested {
		return nil
	}
	return &notification.Appointment{UID: s.Mails.EventUID(row.ID), Sequence: calendarSequence(row), Method: method}
}

// calendarSequence returns the version of the consultation in calendars, which rises with each change of its time and
// with its cancellation.
func calendarSequence(row ConsultationRow) int {
	sequence := 2 * int(row.RescheduleCount)
	if row.Status == StatusCancelled {
		sequence++
	}
	return sequence
}
