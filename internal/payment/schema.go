package payment

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

func described(s *huma.Schema, text string) *huma.Schema {
	s.Description = text
	return s
}

// TransformSchema describes the type where a field refers to it.
func (Payment) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "The money of one consultation")
}

// TransformSchema describes the type where a field refers to it.
func (Attempt) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "One try to pay")
}

// TransformSchema describes the type where a field refers to it.
func (Mismatched) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "Money that came and is not what was asked")
}

// TransformSchema describes the type where a field refers to it.
func (Checkout) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "The provider's page for the patient")
}

// PageOrNull is a provider's checkout page, or null.
type PageOrNull struct{ page *Checkout }

// MarshalJSON writes the page or null.
func (p PageOrNull) MarshalJSON() ([]byte, error) { return json.Marshal(p.page) }

// Schema is that of a Checkout or null. It is written by hand because the library has no nullable objects.
func (PageOrNull) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{
		OneOf:    []*huma.Schema{r.Schema(reflect.TypeFor[Checkout](), true, ""), {Type: "null"}},
		Examples: []any{map[string]any{"url": "http://127.0.0.1:8080/dev/checkout/stub_7QK2M"}},
	}
}

// TransformSchema describes the type where a field refers to it.
func (WebhookData) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "Which attempt, and the money that moved")
}
