package account

import "github.com/danielgtaylor/huma/v2"

// Gender of the ER document.
type Gender string

// Schema lists the values, and null: an enum of JSON Schema refuses what it doesn't list.
func (Gender) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true,
		Enum: []any{"MALE", "FEMALE", "OTHER", "PREFER_NOT_TO_SAY", nil}}
}
