package payment

import (
	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/httpapi"
)

// PageOrNull is a provider's checkout page, or null.
type PageOrNull struct{ httpapi.OrNull[Checkout] }

// Schema is that of a Checkout or null, with an example.
func (p PageOrNull) Schema(r huma.Registry) *huma.Schema {
	schema := p.OrNull.Schema(r)
	schema.Examples = []any{map[string]any{"url": "http://127.0.0.1:8080/dev/checkout/stub_7QK2M"}}
	return schema
}
