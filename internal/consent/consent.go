// Package consent stores the notices that patients are shown, the consents that they give and the withdrawals.
package consent

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Treatment is the purpose that a booking needs a consent to.
const Treatment = "TREATMENT"

// channelAPI is the channel of the consents that this package stores; the table allows others.
const channelAPI = "API"

var (
	// ErrRequired refuses a booking, or the start of a consultation, without a consent in force.
	ErrRequired = problem.Conflict("consent-required", "A consent is missing",
		"A consent is missing, or was taken back.",
		"detail names the purpose and the notice's version. The patient reads the notice with GET /api/v1/consents "+
			"and consents with POST /api/v1/consents, "+
			"or to one consultation with POST /api/v1/consultations/{id}/consent.")
	// ErrOutdated refuses a consent to a version of the notice that isn't the current one.
	ErrOutdated = problem.Conflict("notice-outdated", "The notice is outdated",
		"That is not the current version of the notice.",
		"Read the current notice with GET /api/v1/consents, show it, and send its noticeVersion.")
)

// RequiredError is ErrRequired with the purpose and the version of the notice to consent to.
func RequiredError(version int32) error {
	return ErrRequired.WithDetail(fmt.Sprintf("Give consent to %s, notice version %d: POST /api/v1/consents.",
		Treatment, version))
}

// Notice is the text about a purpose, and whether the reader has consented to it.
type Notice struct {
	_ struct{} `doc:"What a consent is asked for, and whether you consent"`

	Purpose       string     `json:"purpose" enum:"TREATMENT,DATA_USE,MESSAGES" doc:"What the consent is for"`
	NoticeVersion int32      `json:"noticeVersion" doc:"The current version" example:"1"`
	Required      bool       `json:"required" doc:"Whether booking needs this consent" example:"true"`
	Title         string     `json:"title" doc:"The notice's title in the language asked for" example:"Consent to treatment by video and to the record of it"`
	Text          string     `json:"text" doc:"The whole notice as plain text; an empty line parts paragraphs" example:"You are asked to consent to two things that belong together …"`
	GivenAt       *time.Time `json:"givenAt,omitempty" doc:"When you consented to this version; left out when you have not, or have withdrawn it"`
}

// Notices are those of all purposes.
type Notices struct {
	_ struct{} `doc:"The current notice of each purpose"`

	Items []Notice `json:"items" nullable:"false" doc:"One a purpose, required ones first"`
}

// Consent is a patient's agreement to a notice.
type Consent struct {
	_ struct{} `doc:"A consent that was given"`

	ID            uuid.UUID `json:"id" doc:"The consent's id"`
	Purpose       string    `json:"purpose" enum:"TREATMENT,DATA_USE,MESSAGES" doc:"What it is for"`
	NoticeVersion int32     `json:"noticeVersion" doc:"The version of the notice" example:"1"`
	Language      string    `json:"language" enum:"en,hi" doc:"The language the notice was read in"`
	GivenAt       time.Time `json:"givenAt" doc:"When it was given"`

	created bool
}

// Entity names the consent for a stored answer.
func (c Consent) Entity() (string, uuid.UUID) { return "consent", c.ID }

// Status is 201 for a new consent, and 200 for one that was given before.
func (c Consent) Status() int { return statusOf(c.created) }

func statusOf(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

// ListRequest chooses the language.
type ListRequest struct {
	Language string `query:"language" enum:"en,hi" default:"en" doc:"The language of the notices: English or Hindi"`
}

// List returns the current notice of every purpose.
func List(ctx context.Context, r *postgres.Read, actor access.Actor, in ListRequest) (Notices, error) {
	rows, err := listNotices(ctx, r, actor.ID, in.Language)
	out := Notices{Items: []Notice{}}
	for _, n := range rows {
		out.Items = append(out.Items, Notice{Purpose: n.Purpose, NoticeVersion: n.Version, Required: n.Required,
			Title: n.Title, Text: n.Text, GivenAt: n.GivenAt})
	}
	return out, err
}

// checkVersion returns ErrOutdated if version isn't the current one of the purpose's notice.
func checkVersion(ctx context.Context, tx *postgres.Tx, purpose string, version int32) error {
	current, err := readCurrentVersion(ctx, tx, purpose)
	if err != nil {
		return err
	}
	if version != current {
		return ErrOutdated
	}
	return nil
}
