// Package consent keeps what people were told, what they agreed to and what they took back.
package consent

import (
	"context"
	"fmt"
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

// channelAPI is how consents reach this package; the table knows pages too.
const channelAPI = "API"

// The refusals of consents.
var (
	// ErrRequired: bookings and starts need a consent that stands.
	ErrRequired = problem.Conflict("consent-required", "A consent is missing",
		"A consent is missing, or was taken back.",
		"detail names the purpose and the notice's version. The patient reads the notice with GET /api/v1/consents "+
			"and consents with POST /api/v1/consents, "+
			"or to one consultation with POST /api/v1/consultations/{id}/consent.")
	// ErrOutdated: one consents to what is told now.
	ErrOutdated = problem.Conflict("notice-outdated", "The notice is outdated",
		"That is not the current version of the notice.",
		"Read the current notice with GET /api/v1/consents, show it, and send its noticeVersion.")
)

// RequiredFor a booking is ErrRequired that names what to consent to.
func RequiredFor(version int32) error {
	return ErrRequired.WithDetail(fmt.Sprintf("Give consent to %s, notice version %d: POST /api/v1/consents.",
		Treatment, version))
}

// Notice is what a person is told about a purpose, and whether they have agreed to it.
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

// Consent is somebody's agreement to a notice.
type Consent struct {
	_ struct{} `doc:"A consent that was given"`

	ID            uuid.UUID `json:"id" doc:"The consent's id"`
	Purpose       Purpose   `json:"purpose" doc:"What it is for"`
	NoticeVersion int32     `json:"noticeVersion" doc:"The version of the notice" example:"1"`
	Language      Language  `json:"language" doc:"The language the notice was read in"`
	GivenAt       time.Time `json:"givenAt" doc:"When it was given"`

	fresh bool
}

// Entity names the consent for a stored answer.
func (c Consent) Entity() (string, uuid.UUID) { return "consent", c.ID }

// Status: 200 tells that the consent was there already.
func (c Consent) Status() int { return statusOf(c.fresh) }

func statusOf(fresh bool) int {
	if fresh {
		return http.StatusCreated
	}
	return http.StatusOK
}

// ListIn chooses the language.
type ListIn struct {
	Language Language `query:"language" default:"en" doc:"The language of the notices: English or Hindi"`
}

// List shows the current notice of every purpose.
func List(ctx context.Context, r *postgres.Read, actor access.Actor, in ListIn) (Notices, error) {
	rows, err := listNotices(ctx, r, actor.ID, in.Language)
	out := Notices{Items: []Notice{}}
	for _, n := range rows {
		out.Items = append(out.Items, Notice{Purpose: n.Purpose, NoticeVersion: n.Version, Required: n.Required,
			Title: n.Title, Text: n.Text, GivenAt: n.GivenAt})
	}
	return out, err
}

// checkVersion is nil when version is the purpose's current one. Error: ErrOutdated.
func checkVersion(ctx context.Context, tx *postgres.Tx, purpose Purpose, version int32) error {
	current, err := readVersion(ctx, tx, purpose)
	if err == nil && version != current {
		return ErrOutdated
	}
	return err
}
