package consent

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

const (
	implied  = "IMPLIED"
	explicit = "EXPLICIT"
)

// Imply keeps, with the COMMIT, that the patient's own booking is the consent to that consultation (Telemedicine
// Practice Guidelines 2020, 3.4). The caller holds the patient's lock and has seen that the consent to treatment
// stands.
func Imply(tx *postgres.Tx, patient, consultation uuid.UUID, version int32) {
	queueInsertConsultationConsent(tx, queueInsertConsultationConsentParams{ConsultationID: consultation,
		Basis: implied, NoticeVersion: version, ActorID: patient, GivenAt: tx.Now})
}

// ToConsultation is an explicit consent to one consultation.
type ToConsultation struct {
	_ struct{} `doc:"The consent to one consultation"`

	ConsultationID uuid.UUID `json:"consultationId" doc:"The consultation"`
	Basis          string    `json:"basis" enum:"EXPLICIT" doc:"Given in so many words, not by booking"`
	NoticeVersion  int32     `json:"noticeVersion" doc:"The version of the notice on treatment" example:"1"`
	GivenAt        time.Time `json:"givenAt" doc:"When it was given"`

	fresh bool
}

// Entity names the consultation for a stored answer.
func (c ToConsultation) Entity() (string, uuid.UUID) { return "consultation", c.ConsultationID }

// Status: 200 tells that the consent was there already.
func (c ToConsultation) Status() int { return statusOf(c.fresh) }

// Explicitly keeps the patient's own consent to a consultation that the caller has locked. version is the notice's
// that was shown, or 0 for the current one. Error: ErrOutdated.
func Explicitly(ctx context.Context, tx *postgres.Tx, actor access.Actor, consultation uuid.UUID,
	version int32) (ToConsultation, error) {
	current, err := readVersion(ctx, tx, Treatment)
	if err != nil {
		return ToConsultation{}, err
	}
	if version != 0 && version != current {
		return ToConsultation{}, ErrOutdated
	}
	c := ToConsultation{ConsultationID: consultation, Basis: explicit, NoticeVersion: current, GivenAt: tx.Now,
		fresh: true}
	row, err := readExplicit(ctx, tx, consultation)
	switch {
	case err == nil:
		c.NoticeVersion, c.GivenAt, c.fresh = row.NoticeVersion, row.GivenAt, false
	case postgres.NoRows(err):
		queueInsertConsultationConsent(tx, queueInsertConsultationConsentParams{ConsultationID: consultation,
			Basis: explicit, NoticeVersion: c.NoticeVersion, ActorID: actor.ID, GivenAt: c.GivenAt})
	default:
		return ToConsultation{}, err
	}
	audit.Write(tx, actor, "consultation.consent", consultation,
		audit.Meta{"noticeVersion": c.NoticeVersion, "changed": c.fresh})
	return c, nil
}

// Stands is nil when a consent to the consultation stands; none is withdrawn before the transaction ends. Error:
// ErrRequired.
func Stands(ctx context.Context, tx *postgres.Tx, consultation uuid.UUID) error {
	_, err := lockStanding(ctx, tx, consultation)
	if postgres.NoRows(err) {
		return ErrRequired.WithDetail("The patient's consent to this consultation was withdrawn or never given. " +
			"The patient gives it: POST /api/v1/consultations/{id}/consent.")
	}
	return err
}
