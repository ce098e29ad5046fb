package system

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// Routes registers the operation.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/admin/system", ID: "read-system-state", Tag: "admin",
		Summary: "Read the state of the system", Roles: access.Admin,
		Doc: "Tells what waits and what has failed: background jobs, mails, partitions, the archive, the backup, " +
			"the restore mode, the audit log and the rollups. It names kinds and numbers only, never a person or " +
			"the text of an error. The metrics have the same of each server, over time.",
	}, s.Read)
}
