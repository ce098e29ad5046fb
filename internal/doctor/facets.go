package doctor

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// maxFacets limits the list of each kind.
const maxFacets = 200

// Facets are the values of the search's filters that find doctors.
type Facets struct {
	_ struct{} `doc:"The values to search doctors by"`

	Specializations []Facet `json:"specializations" doc:"Fields of practice, at most 200; spellings that differ by marks and capitals count as one"`
	Languages       []Facet `json:"languages" doc:"Language tags, at most 200"`
	Currencies      []Facet `json:"currencies" doc:"Currencies of fees (ISO 4217)"`
}

// Facet is a value with the number of doctors that have it.
type Facet struct {
	_ struct{} `doc:"A value to search by, and how many doctors have it"`

	Value string `json:"value" doc:"As the filter takes it" example:"Panchakarma"`
	Count int64  `json:"count" format:"int32" doc:"How many doctors have it" example:"12"`
}

// Facets counts the values in use among the doctors that patients can find, the commonest first.
func (s *Service) Facets(ctx context.Context, r *postgres.Read, _ access.Actor, _ httpapi.None) (Facets, error) {
	rows, err := countFacets(ctx, r)
	out := Facets{Specializations: []Facet{}, Languages: []Facet{}, Currencies: []Facet{}}
	lists := map[string]*[]Facet{"specialization": &out.Specializations, "language": &out.Languages,
		"currency": &out.Currencies}
	for _, row := range rows {
		if list := lists[row.Facet]; len(*list) < maxFacets {
			*list = append(*list, Facet{Value: row.Value, Count: row.Doctors})
		}
	}
	return out, err
}
