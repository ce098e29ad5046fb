package doctor

import (
	"context"
	"strings"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ApplicationRequest is a doctor's application.
type ApplicationRequest struct {
	Body struct {
		_ struct{} `doc:"What an application says of the doctor"`

		Specialization     string      `json:"specialization" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces" doc:"Field of practice" example:"Panchakarma"`
		YearsOfExperience  int         `json:"yearsOfExperience" minimum:"0" maximum:"80" doc:"Years in practice" example:"12"`
		RegistrationNumber string      `json:"registrationNumber" minLength:"1" maxLength:"100" pattern:"\\S" patternDescription:"more than spaces" doc:"Number in the medical register" example:"AYU-KL-20417"`
		ClinicName         *string     `json:"clinicName,omitempty" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces" doc:"Clinic, if any" example:"Nair Ayurveda"`
		ConsultationFee    money.Input `json:"consultationFee" doc:"Fee of one consultation; 0 for free ones"`
		Currency           string      `json:"currency,omitempty" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters, like INR" doc:"ISO 4217 code of the fee; the server's own when it is left out" example:"INR"`
		LanguagesSpoken    []string    `json:"languagesSpoken" minItems:"1" maxItems:"20" maxLength:"35" doc:"Language tags (BCP 47) like hi or en-IN; kept in their canonical form, each once" example:"[\"en\",\"hi\"]"`
		Bio                *string     `json:"bio,omitempty" text:"lines" maxLength:"5000" doc:"What you tell about yourself" example:"Twelve years of Panchakarma in Kochi."`
	}
}

// Apply makes the signed-in user a doctor who waits for approval; after a refusal they can apply again. Returns
// ErrAlreadyApplied if they have an application or an approval, ErrRegistrationTaken if another doctor has the number.
func (s *Service) Apply(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ApplicationRequest) (Doctor, error) {
	if in.Body.Currency == "" {
		in.Body.Currency = s.Currency
	}
	if !money.IsCurrency(in.Body.Currency) {
		return Doctor{}, problem.Invalid.WithField("body.currency", problem.NotCurrency)
	}
	if err := checkRegistration(in.Body.RegistrationNumber); err != nil {
		return Doctor{}, err
	}
	spoken, err := canonicalTags(in.Body.LanguagesSpoken)
	if err != nil {
		return Doctor{}, err
	}
	d := Doctor{
		ID:                 actor.ID,
		UserID:             actor.ID,
		Specialization:     strings.TrimSpace(in.Body.Specialization),
		YearsOfExperience:  in.Body.YearsOfExperience,
		RegistrationNumber: strings.TrimSpace(in.Body.RegistrationNumber),
		ClinicName:         trimOptional(in.Body.ClinicName),
		ConsultationFee:    money.Amount(in.Body.ConsultationFee),
		Currency:           in.Body.Currency,
		LanguagesSpoken:    spoken,
		Bio:                in.Body.Bio,
		Application:        decision{holdsNumber: true}.application(),
		CreatedAt:          tx.Now,
		UpdatedAt:          tx.Now,
	}
	d.FullName, err = insertDoctor(ctx, tx, insertDoctorParams{
		ID:                 d.ID,
		Specialization:     d.Specialization,
		YearsOfExperience:  int32(d.YearsOfExperience), //nolint:gosec // at most 80
		RegistrationNumber: d.RegistrationNumber,
		RegistrationKey:    RegistrationKey(d.RegistrationNumber),
		ClinicName:         d.ClinicName,
		ConsultationFee:    d.ConsultationFee,
		Currency:           d.Currency,
		LanguagesSpoken:    d.LanguagesSpoken,
		Bio:                d.Bio,
		Now:                tx.Now,
	})
	switch {
	case postgres.NoRows(err):
		return Doctor{}, ErrAlreadyApplied
	case isRegistrationTaken(err):
		return Doctor{}, ErrRegistrationTaken
	case err != nil:
		return Doctor{}, err
	}
	audit.Write(tx, actor, "doctor.apply", d.ID, nil)
	return s.withPolicy(d), nil
}
