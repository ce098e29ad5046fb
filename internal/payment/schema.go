package payment

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

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
