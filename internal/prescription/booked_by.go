package prescription

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/account"
)

// BookedBy is who booked for somebody else.
type BookedBy struct {
	_ struct{} `doc:"Who booked for the patient"`

	ID         uuid.UUID        `json:"id" format:"uuid" doc:"Whose account booked"`
	FullName   string           `json:"fullName" doc:"Their name" example:"Asha Rao"`
	Relation   account.Relation `json:"relation" doc:"What the patient is to them" example:"CHILD"`
	IsGuardian bool             `json:"isGuardian" doc:"true when the patient is a minor at the start: they are the adult with the patient, who consented" example:"true"`
}

// BookedByOrNull is a BookedBy that is null in JSON if the patient booked.
type BookedByOrNull struct{ by *BookedBy }

// MarshalJSON returns the JSON of who booked, or null.
func (b BookedByOrNull) MarshalJSON() ([]byte, error) { return json.Marshal(b.by) }

// UnmarshalJSON reads who booked, or null.
func (b *BookedByOrNull) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &b.by) }

// Schema is "who booked or null": the library can't describe nullable objects itself.
func (BookedByOrNull) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[BookedBy](), true, ""), {Type: "null"}}}
}
