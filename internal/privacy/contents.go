package privacy

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/consultation"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// writeArchive returns the archive of all data about a person. It has no secrets, and of other people only names and
// ids.
func (s *Service) writeArchive(ctx context.Context, r *postgres.Read, person findPendingExportRow) ([]byte, error) {
	a := newArchive(r.Now)
	profile, err := s.Accounts.ReadProfile(ctx, r, access.Actor{ID: person.UserID, Role: person.Role}, httpapi.None{})
	if err != nil {
		return nil, err
	}
	const description = "Who you are to us: your address, name, and what you told us about yourself."
	if err := a.addObject("account.json", description, profile); err != nil {
		return nil, err
	}
	for _, c := range s.contents(ctx, r, person) {
		if err := a.addLists(c.name, c.description, c.lists...); err != nil {
			return nil, err
		}
	}
	return a.close(person.FullName)
}

// content is a file of lists.
type content struct {
	name, description string
	lists             []list
}

// contents returns the files for a person's role. A new table about people gets a file here, which
// TestEveryTableAboutPeople checks.
func (s *Service) contents(ctx context.Context, r *postgres.Read, person findPendingExportRow) []content {
	id := person.UserID
	var all []content
	switch person.Role {
	case access.RolePatient:
		all = s.contentsOfPatient(ctx, r, id)
	case access.RoleDoctor:
		all = s.contentsOfDoctor(ctx, r, id)
	case access.RoleSupport, access.RoleAdmin, access.RoleDependant:
	}
	return append(all,
		content{"sessions.json", "The devices you are or were signed in on.",
			items(stored(ctx, r, id, eachSession))},
		content{"passkeys.json", "The passkeys you sign in with.",
			items(stored(ctx, r, id, eachPasskey))},
		content{"activity.json", "What you did, as our audit log has it.",
			items(adapt(func(fn func(audit.Entry) error) error { return s.AuditLog.ForEachEntry(ctx, r, id, fn) }))},
		content{"review-reports.json", "The reviews you reported, and why.",
			items(stored(ctx, r, id, eachReviewReport))},
		content{"mails.json", "Which mails we sent you in the last 90 days. Their words are not kept.",
			items(stored(ctx, r, id, eachMail))},
		content{"requests.json", "When you asked for a copy of your data, or for its erasure.", []list{
			{"exports", stored(ctx, r, id, eachExport)},
			{"erasures", stored(ctx, r, id, eachErasure)}}})
}

func (s *Service) contentsOfPatient(ctx context.Context, r *postgres.Read, id uuid.UUID) []content {
	return []content{
		{"consents.json", "What you agreed to and what you took back: in general (items), and for single " +
			"consultations.", []list{
			{"items", stored(ctx, r, id, eachConsent)},
			{"consultations", ofPeople(ctx, r, id, eachConsultationConsent)}}},
		{"dependants.json", "For whom you book, and what was asked to be moved to another account " +
			"(transfers). The files about care have what is theirs too.",
			[]list{{"items", stored(ctx, r, id, s.Accounts.ForEachDependant)},
				{"transfers", stored(ctx, r, id, s.Accounts.ForEachTransfer)}}},
		{"consultations.json", "Your consultations and those of your dependants: when and with whom, why you or " +
			"they came, and what the doctor noted.",
			items(ofPeople(ctx, r, id, func(ctx context.Context, r *postgres.Read, person uuid.UUID,
				fn func(consultation.Consultation) error) error {
				return s.Consultations.ForEach(ctx, r, person, access.RolePatient, fn)
			}))},
		{"addenda.json", "What doctors added to their notes after a consultation and showed you. Notes that a " +
			"doctor has not released are not in this copy: ask the doctor for them.",
			items(ofPeople(ctx, r, id, s.Consultations.ForEachAddendum))},
		{"disputes.json", "The no-shows that you disputed, and what was decided.",
			items(ofPeople(ctx, r, id, s.Consultations.ForEachDispute))},
		{"prescriptions.json", "What was prescribed to you and to your dependants.",
			items(ofPeople(ctx, r, id, s.Prescriptions.ForEach))},
		{"waitlist.json", "For which doctors you waited, or a dependant of yours, and the seats that were " +
			"offered (offers).", []list{
			{"items", ofPeople(ctx, r, id, eachWaitlistEntry)},
			{"offers", ofPeople(ctx, r, id, eachWaitlistOffer)}}},
		{"reviews.json", "Your reviews of consultations, and the doctors' replies.",
			items(ofPeople(ctx, r, id, eachReview))},
		{"payments.json", "What you paid, each try to pay, and what was given back.",
			items(ofPeople(ctx, r, id, s.Payments.ForEach))},
		{"access-log.json", "Who read your record and those of your dependants, when, in which role and why.",
			items(ofPeople(ctx, r, id, s.AuditLog.ForEachReading))},
	}
}

func (s *Service) contentsOfDoctor(ctx context.Context, r *postgres.Read, id uuid.UUID) []content {
	return []content{
		{"doctor.json", "Your practice, as patients see it, and what was decided about your application.",
			items(stored(ctx, r, id, eachDoctor))},
		{"review-replies.json", "Your replies to reviews of you.",
			items(stored(ctx, r, id, eachReviewReply))},
		{"booking-rules.json", "The rules by which your slots are booked.",
			items(stored(ctx, r, id, eachBookingRules))},
		{"slots.json", "The times you opened for consultations.",
			items(stored(ctx, r, id, eachSlot))},
		{"availability-rules.json", "When you work regularly.",
			items(stored(ctx, r, id, eachAvailabilityRule))},
		{"availability-exceptions.json", "Your leaves and extra hours of the last year and to come.",
			items(stored(ctx, r, id, eachAvailabilityException))},
		{"consultations.json", "The consultations you held: when, with whom, and their fee. What they were about " +
			"belongs to the patients' data.",
			items(adapt(func(fn func(consultation.Consultation) error) error {
				return s.Consultations.ForEach(ctx, r, id, access.RoleDoctor, fn)
			}))},
		{"addenda.json", "To which consultations you added notes after the end, and when. What they say belongs to " +
			"the patients' data.",
			items(stored(ctx, r, id, eachAddendum))},
		{"prescriptions.json", "Which prescriptions you wrote and when. What they say belongs to the patients' data.",
			items(stored(ctx, r, id, eachPrescription))},
	}
}

// items returns a single list, named as the API names the entries of a page.
func items(each func(add func(any) error) error) []list { return []list{{"items", each}} }

// adapt turns a function that calls fn with each entry of type T into one for entries of any type.
func adapt[T any](each func(fn func(T) error) error) func(add func(any) error) error {
	return func(add func(any) error) error { return each(func(entry T) error { return add(entry) }) }
}

// ofPeople is stored for a person and, after that, each of the person's dependants.
func ofPeople[T any](ctx context.Context, r *postgres.Read, person uuid.UUID,
	each func(context.Context, *postgres.Read, uuid.UUID, func(T) error) error) func(add func(any) error) error {
	return func(add func(any) error) error {
		dependants, err := account.PeopleOf(ctx, r, person)
		if err != nil {
			return err
		}
		for _, one := range append([]uuid.UUID{person}, dependants...) {
			if err := stored(ctx, r, one, each)(add); err != nil {
				return err
			}
		}
		return nil
	}
}

// stored returns the rows about a person that each finds.
func stored[T any](ctx context.Context, r *postgres.Read, person uuid.UUID,
	each func(context.Context, *postgres.Read, uuid.UUID, func(T) error) error) func(add func(any) error) error {
	return adapt(func(fn func(T) error) error { return each(ctx, r, person, fn) })
}
