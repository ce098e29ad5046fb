package audit

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// Routes registers the operations of the log.
func Routes(api *httpapi.API) {
	l := auditLog{api.Cursors}
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-logs", ID: "list-audit-logs", Tag: "admin",
		Summary: "List the audit log",
		Doc: "The newest entries first. A cursor belongs to the filters it was made with. Each call leaves" +
			" an entry itself (audit-log.list), which later calls show.",
		Roles: access.Admin,
	}, l.list)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-logs/{id}", ID: "read-audit-log", Tag: "admin",
		Summary: "Read an entry of the audit log",
		Doc:     "Each call leaves an entry itself (audit-log.read).",
		Roles:   access.Admin,
	}, l.read)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me/access-log", ID: "list-own-access-log", Tag: "users",
		Summary: "List who read your record",
		Doc:     "When, in which role and why, the newest first; what you read yourself too.",
		Roles:   access.Patient,
	}, l.listReadings)
}
