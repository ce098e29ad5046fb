package audit

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the operations of the log.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-logs", ID: "list-audit-logs", Tag: "admin",
		Summary: "List the audit log",
		Doc: "The newest entries first. A cursor belongs to the filters it was made with. Months that are" +
			" older than 90 days may be compressed: they are searched if from says so. That reads a part of" +
			" them at a time, so a page with a nextCursor can have fewer items than the limit, or none. Each" +
			" call leaves an entry itself (audit-log.list), which later calls show.",
		Roles:    access.Admin,
		Refusals: []*problem.Error{errFiles},
	}, s.list)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-logs/{id}", ID: "read-audit-log", Tag: "admin",
		Summary:  "Read an entry of the audit log",
		Doc:      "Each call leaves an entry itself (audit-log.read).",
		Roles:    access.Admin,
		Refusals: []*problem.Error{errFiles},
	}, s.read)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-logs/{id}/proof", ID: "prove-audit-log", Tag: "admin",
		Summary: "Prove that an entry is in the audit log",
		Doc: "The entries are the leaves of a Merkle tree (RFC 6962), whose size and root a signed checkpoint" +
			" states. With the proof and a checkpoint that was kept elsewhere, anybody can check that the entry is" +
			" what it was when the checkpoint was made. New entries are added about once a minute. Each call leaves" +
			" an entry itself (audit-log.prove).",
		Roles:    access.Admin,
		Refusals: []*problem.Error{errNotSealed, errAltered, errFiles},
	}, s.prove)
	s.exportRoutes(api)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me/access-log", ID: "list-own-access-log", Tag: "users",
		Summary:  "List who read your record",
		Doc:      "When, in which role and why, the newest first; what you read yourself too.",
		Roles:    access.Patient,
		Refusals: []*problem.Error{errFiles},
	}, s.listReadings)
}

func (s *Service) exportRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/audit-log-exports", ID: "request-audit-log-export", Tag: "admin",
		Summary: "Export the audit log",
		Doc: "Makes files of the entries that pass the filter, compressed months too, the newest entries first, in" +
			" parts of up to 100,000 entries. They can be downloaded as they are made, and for a day. Asking for" +
			" one leaves an entry (audit-log.export).",
		Roles: access.Admin, RecentMFA: true, Status: http.StatusAccepted, Key: httpapi.Optional,
		Refusals: []*problem.Error{errTooManyExports},
	}, s.requestExport)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-log-exports", ID: "list-audit-log-exports", Tag: "admin",
		Summary: "List the exports of the audit log",
		Doc:     "Those of all administrators that are not expired, the newest first.",
		Roles:   access.Admin,
	}, s.listExports)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-log-exports/{id}", ID: "read-audit-log-export", Tag: "admin",
		Summary:  "Read how an export of the audit log stands",
		Doc:      "404 once it has expired.",
		Roles:    access.Admin,
		Refusals: []*problem.Error{problem.NotFound},
	}, s.readExport)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/audit-log-exports/{id}/file", ID: "download-audit-log-export",
		Tag:     "admin",
		Summary: "Download a part of an export of the audit log",
		Doc: "A gzip file of CSV or NDJSON. A cell that a spreadsheet would take for a formula begins with '." +
			" Each download leaves an entry (audit-log.download).",
		Roles:     access.Admin,
		MediaType: gzipType,
	}, s.downloadExportPart)
}
