package consent

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// GiveIn is what somebody consents to.
type GiveIn struct {
	Body struct {
		_ struct{} `doc:"The notice that is consented to"`

		Purpose       Purpose  `json:"purpose" doc:"What the consent is for"`
		NoticeVersion int32    `json:"noticeVersion" minimum:"1" maximum:"999999" doc:"The version of the notice that was read: the current one" example:"1"`
		Language      Language `json:"language,omitempty" default:"en" doc:"The language the notice was read in"`
	}
}

// Give keeps that the actor consents. To consent to the same notice again is the same consent. Error: ErrOutdated.
func Give(ctx context.Context, tx *postgres.Tx, actor access.Actor, in GiveIn) (Consent, error) {
	if err := lockPerson(ctx, tx, actor.ID); err != nil {
		return Consent{}, err
	}
	if err := checkVersion(ctx, tx, in.Body.Purpose, in.Body.NoticeVersion); err != nil {
		return Consent{}, err
	}
	c := Consent{Purpose: in.Body.Purpose, NoticeVersion: in.Body.NoticeVersion}
	row, err := readConsent(ctx, tx, actor.ID, c.Purpose, c.NoticeVersion)
	switch {
	case err == nil:
		c.ID, c.Language, c.GivenAt = row.ID, row.Language, row.GivenAt
	case postgres.NoRows(err):
		c.ID, c.Language, c.GivenAt, c.fresh = tx.NewID(), in.Body.Language, tx.Now, true
		queueInsertConsent(tx, queueInsertConsentParams{ID: c.ID, UserID: actor.ID, Purpose: c.Purpose,
			NoticeVersion: c.NoticeVersion, Language: c.Language, Channel: channelAPI, GivenAt: c.GivenAt})
	default:
		return Consent{}, err
	}
	audit.Write(tx, actor, "consent.give", c.ID, audit.Meta{"purpose": c.Purpose, "noticeVersion": c.NoticeVersion,
		"changed": c.fresh})
	return c, nil
}

// WithdrawIn names a purpose.
type WithdrawIn struct {
	Purpose Purpose `path:"purpose" doc:"What the consent was for"`
}

// Withdraw takes the actor's consent back, whatever its version, and with that to treatment those to the live
// consultations too: they stay booked, and start only after an explicit consent. Again, it changes nothing. It names
// one of those that ended, or the actor when none did.
func Withdraw(ctx context.Context, tx *postgres.Tx, actor access.Actor, in WithdrawIn) (httpapi.Changed, error) {
	changed := httpapi.Changed{Type: "user", ID: actor.ID}
	if err := lockPerson(ctx, tx, actor.ID); err != nil {
		return changed, err
	}
	closed, err := withdrawConsents(ctx, tx, tx.Now, actor.ID, in.Purpose)
	if err != nil {
		return changed, err
	}
	var consultations []uuid.UUID
	if in.Purpose == Treatment {
		if consultations, err = withdrawFromConsultations(ctx, tx, tx.Now, actor.ID); err != nil {
			return changed, err
		}
	}
	for _, id := range closed {
		changed = httpapi.Changed{Type: "consent", ID: id}
		audit.Write(tx, actor, "consent.withdraw", id, audit.Meta{"purpose": in.Purpose})
	}
	for _, id := range consultations {
		changed = httpapi.Changed{Type: "consultation", ID: id}
		audit.Write(tx, actor, "consultation.withdraw-consent", id, nil)
	}
	if len(closed)+len(consultations) == 0 {
		audit.WriteFor(tx, actor, "consent.withdraw", "user", actor.ID.String(),
			audit.Meta{"purpose": in.Purpose, "changed": false})
	}
	return changed, nil
}
