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
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me/access-log", ID: "list-own-access-log", Tag: "users",
		Summary:  "List who read your record",
		Doc:      "When, in which role and why, the newest first; what you read yourself too.",
		Roles:    access.Patient,
		Refusals: []*problem.Error{errFiles},
	}, s.listReadings)
}
