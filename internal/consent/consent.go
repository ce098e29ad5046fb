// Package consent stores the notices that patients are shown, the consents that they give and the withdrawals.
package consent

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Purpose is what a consent is for.
type Purpose string

// The purposes. Bookings need the consent to Treatment.
const (
	Treatment Purpose = "TREATMENT"
	DataUse   Purpose = "DATA_USE"
	Messages  Purpose = "MESSAGES"
)

// Schema lists the purposes.
func (Purpose) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "ConsentPurpose", "What a consent is for; bookings need the one to TREATMENT", Treatment,
		DataUse, Messages)
}

// Language of a notice (BCP 47).
type Language string

// The languages of the notices.
const (
	English Language = "en"
	Hindi   Language = "hi"
)

// Schema lists the languages.
func (Language) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "NoticeLanguage", "The language of a notice: English or Hindi", English, Hindi)
}

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
	return ErrRequired.WithDetail(detailGive.With("purpose", string(Treatment)).With("version", version))
}

// Notice is the text about a purpose, and whether the reader has consented to it.
type Notice struct {
	_ struct{} `doc:"What a consent is asked for, and whether you consent"`

	Purpose       Purpose    `json:"purpose" doc:"What the consent is for"`
	NoticeVersion int32      `json:"noticeVersion" doc:"The current version" example:"1"`
	Required      bool       `json:"required" doc:"Whether booking needs this consent" example:"true"`
	Title         string     `json:"title" doc:"The notice's title in the language asked for" example:"Consent to treatment by video and to the record of it"`
	Text          string     `json:"text" doc:"The whole notice as plain text; an empty line parts paragraphs" example:"You are asked to consent to two things that belong together …"`
	GivenAt       *time.Time `json:"givenAt,omitempty" doc:"When you consented to this version; left out when you have not, or have withdrawn it"`
}

// Notices are those of all purposes.
type Notices struct {
	_ struct{} `doc:"The current notice of each purpose"`

	Items []Notice `json:"items" doc:"One a purpose, required ones first"`
}

// Consent is a patient's agreement to a notice.
type Consent struct {
	_ struct{} `doc:"A consent that was given"`

	ID            uuid.UUID `json:"id" doc:"The consent's id"`
	Purpose       Purpose   `json:"purpose" doc:"What it is for"`
	NoticeVersion int32     `json:"noticeVersion" doc:"The version of the notice" example:"1"`
	Language      Language  `json:"language" doc:"The language the notice was read in"`
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
	Language Language `query:"language" default:"en" doc:"The language of the notices: English or Hindi"`
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
func checkVersion(ctx context.Context, tx *postgres.Tx, purpose Purpose, version int32) error {
	current, err := readCurrentVersion(ctx, tx, purpose)
	if err != nil {
		return err
	}
	if version != current {
		return ErrOutdated
	}
	return nil
}
