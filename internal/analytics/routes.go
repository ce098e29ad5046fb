package analytics

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// Routes registers the operation.
func Routes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/admin/analytics/summary", ID: "read-analytics-summary", Tag: "admin",
		Summary: "Read the figures of a period",
		Doc: "Each figure says which instant decides whether something belongs to the period. A day begins at " +
			"its first instant in the time zone.",
		Roles: access.Admin,
	}, Summarize)
}
