package consent

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// The values of a consultation consent's basis.
const (
	basisImplied  = "IMPLIED"
	basisExplicit = "EXPLICIT"
)

// RecordImplied stores, with the COMMIT, that the patient's own booking is the consent to that consultation
// (Telemedicine Practice Guidelines 2020, 3.4). The caller has locked the patient and checked that the patient
// consents to treatment.
func RecordImplied(tx *postgres.Tx, patient, consultation uuid.UUID, version int32) {
	queueInsertConsultationConsent(tx, queueInsertConsultationConsentParams{
		ConsultationID: consultation,
		Basis:          basisImplied,
		NoticeVersion:  version,
		ActorID:        patient,
		GivenAt:        tx.Now,
	})
}

// ConsultationConsent is an explicit consent to one consultation.
type ConsultationConsent struct {
	_ struct{} `doc:"The consent to one consultation"`

	ConsultationID uuid.UUID `json:"consultationId" doc:"The consultation"`
	Basis          string    `json:"basis" enum:"EXPLICIT" doc:"Given in so many words, not by booking"`
	NoticeVersion  int32     `json:"noticeVersion" doc:"The version of the notice on treatment" example:"1"`
	GivenAt        time.Time `json:"givenAt" doc:"When it was given"`

	created bool
}

// Entity names the consultation for a stored answer.
func (c ConsultationConsent) Entity() (string, uuid.UUID) { return "consultation", c.ConsultationID }

// Status is 201 for a new consent, and 200 for one that was given before.
func (c ConsultationConsent) Status() int { return statusOf(c.created) }

// GiveExplicit stores the patient's own consent to a consultation that the caller has locked. version is that of the
// notice which was shown, or 0 for the current one. Returns ErrOutdated if it isn't the current one.
func GiveExplicit(ctx context.Context, tx *postgres.Tx, actor access.Actor, consultation uuid.UUID,
	version int32) (ConsultationConsent, error) {
	current, err := readCurrentVersion(ctx, tx, Treatment)
	if err != nil {
		return ConsultationConsent{}, err
	}
	if version != 0 && version != current {
		return ConsultationConsent{}, ErrOutdated
	}
	c := ConsultationConsent{
		ConsultationID: consultation,
		Basis:          basisExplicit,
		NoticeVersion:  current,
		GivenAt:        tx.Now,
		created:        true,
	}
	row, err := readExplicitConsent(ctx, tx, consultation)
	switch {
	case err == nil:
		c.NoticeVersion, c.GivenAt, c.created = row.NoticeVersion, row.GivenAt, false
	case postgres.NoRows(err):
		queueInsertConsultationConsent(tx, queueInsertConsultationConsentParams{
			ConsultationID: consultation,
			Basis:          basisExplicit,
			NoticeVersion:  c.NoticeVersion,
			ActorID:        actor.ID,
			GivenAt:        c.GivenAt,
		})
	default:
		return ConsultationConsent{}, err
	}
	audit.Write(tx, actor, "consultation.consent", consultation,
		audit.Meta{"noticeVersion": c.NoticeVersion, "changed": c.created})
	return c, nil
}

// LockForStart locks a consent in force to the consultation, so that a withdrawal waits until the transaction ends.
// Returns ErrRequired if there is none.
func LockForStart(ctx context.Context, tx *postgres.Tx, consultation uuid.UUID) error {
	_, err := lockConsultationConsent(ctx, tx, consultation)
	if postgres.NoRows(err) {
		return ErrRequired.WithDetail(detailWithdrawn)
	}
	return err
}
