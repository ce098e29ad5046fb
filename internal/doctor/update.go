package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/cancellation"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ChangeRequest is a merge patch of the doctor's own profile.
type ChangeRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The doctor's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	Body struct {
		_ struct{} `doc:"A merge patch of your doctor profile: what is absent stays, null clears"`

		Specialization     httpapi.Field[string]                  `json:"specialization,omitempty" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces" doc:"Field of practice" example:"Panchakarma"`
		YearsOfExperience  httpapi.Field[int]                     `json:"yearsOfExperience,omitempty" minimum:"0" maximum:"80" doc:"Years in practice" example:"13"`
		RegistrationNumber httpapi.Field[string]                  `json:"registrationNumber,omitempty" minLength:"1" maxLength:"100" pattern:"\\S" patternDescription:"more than spaces" doc:"Number in the medical register; fixed while the doctor is approved" example:"AYU-KL-20417"`
		ClinicName         httpapi.Clearable[string]              `json:"clinicName,omitempty" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces" doc:"Clinic; null for none" example:"Nair Ayurveda"`
		ConsultationFee    httpapi.Field[money.Input]             `json:"consultationFee,omitempty" doc:"Fee of one consultation; bookings that exist keep theirs"`
		Currency           httpapi.Field[string]                  `json:"currency,omitempty" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters, like INR" doc:"ISO 4217 code of the fee" example:"INR"`
		LanguagesSpoken    httpapi.Field[[]string]                `json:"languagesSpoken,omitempty" minItems:"1" maxItems:"20" maxLength:"35" doc:"Language tags (BCP 47) like hi or en-IN; kept in their canonical form, each once" example:"[\"en\",\"hi\"]"`
		CancellationPolicy httpapi.Clearable[cancellation.Policy] `json:"cancellationPolicy,omitempty" minItems:"1" maxItems:"5" doc:"What a patient who cancels gets back: hours and percents fall, from 100 percent at most 168 hours before the start; null for the clinic's. Bookings that exist keep theirs"`
		Bio                httpapi.Clearable[string]              `json:"bio,omitempty" text:"lines" maxLength:"5000" doc:"What you tell about yourself; null for nothing" example:"Twelve years of Panchakarma in Kochi."`
	}
}

// Update changes the doctor's own profile. Returns problem.NotFound if it is another's, problem.PreconditionFailed if
// it has changed meanwhile, and ErrRegistrationApproved or ErrRegistrationTaken if the number can't be changed so.
func (s *Service) Update(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ChangeRequest) (Doctor, error) {
	if !canChange(actor, in.ID) {
		return Doctor{}, problem.NotFoundAudited("doctor", in.ID)
	}
	row, err := lockDoctor(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Doctor{}, problem.NotFound
	}
	if err != nil {
		return Doctor{}, err
	}
	d, err := row.doctor()
	if err != nil {
		return Doctor{}, err
	}
	if err := in.Check(d.ETag()); err != nil {
		return Doctor{}, err
	}
	if c := in.Body.Currency; c.Set && !money.IsCurrency(c.Value) {
		return Doctor{}, problem.Invalid.WithField("body.currency", problem.NotCurrency)
	}
	if in.Body.LanguagesSpoken.Value, err = canonicalTags(in.Body.LanguagesSpoken.Value); err != nil {
		return Doctor{}, err
	}
	if p := in.Body.CancellationPolicy; p.Set && !p.Null {
		if err := p.Value.Check(); err != nil {
			var fault *problem.Message
			if errors.As(err, &fault) {
				return Doctor{}, problem.InvalidField("body.cancellationPolicy", fault)
			}
			return Doctor{}, err
		}
	}
	registration := d.RegistrationNumber
	changed := in.apply(&d)
	if d.IsApproved && d.RegistrationNumber != registration {
		return Doctor{}, ErrRegistrationApproved
	}
	if err := checkRegistration(d.RegistrationNumber); err != nil {
		return Doctor{}, err
	}
	key := row.RegistrationKey
	if key != nil { // after a refusal there is none
		key = new(RegistrationKey(d.RegistrationNumber))
	}
	if len(changed) > 0 {
		d.UpdatedAt = tx.Now
		if err := storeProfile(ctx, tx, d, key); err != nil {
			return Doctor{}, err
		}
	}
	audit.Write(tx, actor, "doctor.update", d.ID, audit.Meta{"changed": changed})
	return WithNextSlot(ctx, tx, tx.Now, s.withPolicy(d))
}

// storeProfile stores a changed profile. Returns ErrRegistrationTaken if another doctor has the registration number.
func storeProfile(ctx context.Context, tx *postgres.Tx, d Doctor, held *string) error {
	err := updateDoctor(ctx, tx, updateDoctorParams{
		ID:                 d.ID,
		Specialization:     d.Specialization,
		YearsOfExperience:  int32(d.YearsOfExperience), //nolint:gosec // at most 80
		RegistrationNumber: d.RegistrationNumber,
		RegistrationKey:    held,
		NumberKey:          RegistrationKey(d.RegistrationNumber),
		ClinicName:         d.ClinicName,
		ConsultationFee:    d.ConsultationFee,
		Currency:           d.Currency,
		LanguagesSpoken:    d.LanguagesSpoken,
		Bio:                d.Bio,
		CancellationPolicy: policyText(d.CancellationPolicy),
		Now:                tx.Now,
	})
	if isRegistrationTaken(err) {
		return ErrRegistrationTaken
	}
	return err
}

// apply writes the patch into d and returns the names of the members that it changed.
func (in ChangeRequest) apply(d *Doctor) []string {
	before := *d
	patch := in.Body
	patch.Specialization.Apply(&d.Specialization)
	patch.YearsOfExperience.Apply(&d.YearsOfExperience)
	patch.RegistrationNumber.Apply(&d.RegistrationNumber)
	patch.ClinicName.ApplyTo(&d.ClinicName)
	patch.Currency.Apply(&d.Currency)
	patch.Bio.ApplyTo(&d.Bio)
	if patch.ConsultationFee.Set {
		d.ConsultationFee = money.Amount(patch.ConsultationFee.Value)
	}
	if patch.CancellationPolicy.Set {
		d.CancellationPolicy = patch.CancellationPolicy.Value
	}
	if patch.LanguagesSpoken.Set {
		d.LanguagesSpoken = patch.LanguagesSpoken.Value
	}
	d.Specialization = strings.TrimSpace(d.Specialization)
	d.RegistrationNumber = strings.TrimSpace(d.RegistrationNumber)
	d.ClinicName = trimOptional(d.ClinicName)

	changed := []string{}
	for _, member := range []struct {
		name    string
		differs bool
	}{
		{"specialization", d.Specialization != before.Specialization},
		{"yearsOfExperience", d.YearsOfExperience != before.YearsOfExperience},
		{"registrationNumber", d.RegistrationNumber != before.RegistrationNumber},
		{"clinicName", differs(d.ClinicName, before.ClinicName)},
		{"consultationFee", d.ConsultationFee != before.ConsultationFee},
		{"currency", d.Currency != before.Currency},
		{"languagesSpoken", !slices.Equal(d.LanguagesSpoken, before.LanguagesSpoken)},
		{"cancellationPolicy", !slices.Equal(d.CancellationPolicy, before.CancellationPolicy)},
		{"bio", differs(d.Bio, before.Bio)},
	} {
		if member.differs {
			changed = append(changed, member.name)
		}
	}
	return changed
}

// differs reports whether two texts differ, of which each may be nil.
func differs(a, b *string) bool {
	if a == nil || b == nil {
		return a != b
	}
	return *a != *b
}
