package consent

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// GiveConsentRequest names the notice that the patient consents to.
type GiveConsentRequest struct {
	Body struct {
		_ struct{} `doc:"The notice that is consented to"`

		Purpose       Purpose  `json:"purpose" doc:"What the consent is for"`
		NoticeVersion int32    `json:"noticeVersion" minimum:"1" maximum:"999999" doc:"The version of the notice that was read: the current one" example:"1"`
		Language      Language `json:"language,omitempty" default:"en" doc:"The language the notice was read in"`
	}
}

// Give stores the actor's consent, or returns the one in force if the actor has consented to this notice before.
// Returns ErrOutdated if the notice has a newer version.
func Give(ctx context.Context, tx *postgres.Tx, actor access.Actor, in GiveConsentRequest) (Consent, error) {
	if err := lockUser(ctx, tx, actor.ID); err != nil {
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
		c.ID, c.Language, c.GivenAt, c.created = tx.NewID(), in.Body.Language, tx.Now, true
		queueInsertConsent(tx, queueInsertConsentParams{
			ID:            c.ID,
			UserID:        actor.ID,
			Purpose:       c.Purpose,
			NoticeVersion: c.NoticeVersion,
			Language:      c.Language,
			Channel:       channelAPI,
			GivenAt:       c.GivenAt,
		})
	default:
		return Consent{}, err
	}
	audit.Write(tx, actor, "consent.give", c.ID, audit.Meta{"purpose": c.Purpose, "noticeVersion": c.NoticeVersion,
		"changed": c.created})
	return c, nil
}

// WithdrawRequest names the purpose whose consent is withdrawn.
type WithdrawRequest struct {
	Purpose Purpose `path:"purpose" doc:"What the consent was for"`
}

// Withdraw ends the actor's consents to a purpose, whatever their version. With the consent to treatment it also ends
// those to the actor's active consultations: they stay booked, and need an explicit consent to start. It does nothing
// if there is no consent in force. Returns one of the consents that ended, or the actor if none did.
func Withdraw(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in WithdrawRequest) (httpapi.Changed, error) {
	changed := httpapi.Changed{Type: "user", ID: actor.ID}
	if err := lockUser(ctx, tx, actor.ID); err != nil {
		return changed, err
	}
	withdrawn, err := withdrawConsents(ctx, tx, tx.Now, actor.ID, in.Purpose)
	if err != nil {
		return changed, err
	}
	var consultations []uuid.UUID
	if in.Purpose == Treatment {
		consultations, err = withdrawFromConsultations(ctx, tx, tx.Now, actor.People())
		if err != nil {
			return changed, err
		}
	}
	for _, id := range withdrawn {
		changed = httpapi.Changed{Type: "consent", ID: id}
		audit.Write(tx, actor, "consent.withdraw", id, audit.Meta{"purpose": in.Purpose})
	}
	for _, id := range consultations {
		changed = httpapi.Changed{Type: "consultation", ID: id}
		audit.Write(tx, actor, "consultation.withdraw-consent", id, nil)
	}
	if len(withdrawn)+len(consultations) == 0 {
		audit.WriteFor(tx, actor, "consent.withdraw", "user", actor.ID.String(),
			audit.Meta{"purpose": in.Purpose, "changed": false})
	}
	return changed, nil
}
