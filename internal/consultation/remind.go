package consultation

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// Remind is the job that mails the parties of confirmed consultations some time before the start. One recurring job
// finds those that are due: so a consultation that was moved is found at its new time, and one that was cancelled is
// not. A mail that is on its way is checked again right before it is sent.
type Remind struct{}

// Kind names the job.
func (Remind) Kind() string { return "consultation.remind" }

const (
	remindInterval = 30 * time.Second
	remindTimeout  = 5 * time.Minute
	// remindAtOnce is how many consultations one transaction reminds of.
	remindAtOnce = 50
	// reminderMail is the kind of the mails.
	reminderMail = "consultation-reminder"
)

// Remind makes all reminders that are due. Of several that are due of one consultation, because no server ran, only
// the last is made.
func (s *Service) Remind(ctx context.Context) error {
	shorter, latest := time.Duration(0), time.Duration(0)
	for _, lead := range s.Config.ReminderLeads() { // the shortest first
		late, err := s.remindAll(ctx, lead, shorter)
		if err != nil {
			return fmt.Errorf("remind %s before the start: %w", lead, err)
		}
		shorter, latest = lead, max(latest, late)
	}
	s.Metrics.ReminderLag.Set(latest.Seconds())
	return nil
}

// remindAll makes the reminders of one lead, and returns how late the first was. Those within the shorter lead are
// left to that one.
func (s *Service) remindAll(ctx context.Context, lead, shorter time.Duration) (late time.Duration, err error) {
	for made := remindAtOnce; made == remindAtOnce; {
		err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
			due, err := lockConsultationsToRemind(ctx, tx, lockConsultationsToRemindParams{After: tx.Now.Add(shorter),
				Until: tx.Now.Add(lead), Lead: int32(lead.Seconds()), Most: remindAtOnce})
			if err != nil {
				return err
			}
			made = len(due)
			for _, c := range due {
				late = max(late, tx.Now.Sub(c.ConsultationRow.ScheduledStart.Add(-lead)))
				names := partyNames{patient: c.PatientName, doctor: c.DoctorName}
				if err := s.remindParties(ctx, tx, c.ConsultationRow, names, lead); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return late, nil
}

// remindParties makes the reminders of one consultation with their mails, unless they were made.
func (s *Service) remindParties(ctx context.Context, tx *postgres.Tx, row ConsultationRow, names partyNames,
	lead time.Duration) error {
	data := map[string]string{"expires": row.ScheduledStart.Format(time.RFC3339)}
	for _, role := range []access.Role{access.RolePatient, access.RoleDoctor} {
		mail := s.partyMail(row, names, role, reminderMail, data)
		mail.ID, mail.Timely = uuid.Must(uuid.NewV7()), true
		made, err := insertReminder(ctx, tx, insertReminderParams{ConsultationID: row.ID, RecipientID: mail.To,
			Lead: int32(lead.Seconds()), ScheduledStart: row.ScheduledStart, MailID: mail.ID, Now: tx.Now})
		if err != nil {
			return err
		}
		if made == 0 {
			continue
		}
		if err := s.Mails.Enqueue(ctx, tx, mail); err != nil {
			return err
		}
	}
	return nil
}

// isStillPlanned reports whether the consultation of a reminder is confirmed and at the time that the mail says.
func isStillPlanned(ctx context.Context, r *postgres.Read, data map[string]string) (bool, error) {
	id, err := uuid.Parse(data["consultationId"])
	if err != nil {
		return false, err
	}
	start, err := time.Parse(time.RFC3339, data["start"])
	if err != nil {
		return false, err
	}
	return confirmedAt(ctx, r, id, start)
}
