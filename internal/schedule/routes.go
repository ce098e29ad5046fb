package schedule

import (
	"amrutam/internal/access"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the package's operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/availability", ID: "create-slot", Tag: "availability",
		Summary: "Create a slot",
		Doc: "Only an approved doctor opens slots. A doctor's slots don't overlap; blocked ones may, but no " +
			"two are of exactly the same times.",
		Roles: access.Doctor, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{doctor.ErrNotApproved, ErrSlotExists, ErrSlotOverlap, ErrErasureDue},
	}, s.Create)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability/doctor/{doctorId}", ID: "list-free-slots", Tag: "availability",
		Summary: "List a doctor's free slots",
		Doc:     "Slots to come with a free seat, by their start.",
		Roles:   access.Public,
	}, s.List)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability", ID: "list-own-slots", Tag: "availability",
		Summary:  "List a doctor's own slots",
		Doc:      "Free, full and blocked ones, by their start. Administrators name the doctor.",
		Roles:    access.Doctor | access.Admin,
		Refusals: []*problem.Error{problem.NotFound},
	}, s.ListOwn)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability/{id}", ID: "read-slot", Tag: "availability",
		Summary: "Read a slot",
		Doc:     "With its status and its free seats. Doctors read their own slots, administrators all.",
		Roles:   access.Doctor | access.Admin,
	}, s.Read)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/availability/{id}", ID: "update-slot", Tag: "availability",
		Summary: "Update a slot",
		Doc: "A merge patch. A slot with seats taken is neither moved nor blocked, and never takes fewer patients " +
			"than it has. " +
			"A slot that has begun is not changed. A doctor who isn't approved can only block.",
		Roles: access.Doctor,
		Refusals: []*problem.Error{doctor.ErrNotApproved, ErrSlotHasConsultations, ErrSlotExists, ErrSlotOverlap,
			ErrErasureDue, ErrSlotBegun, problem.InvalidTransition},
	}, s.Update)
	httpapi.Command(api, httpapi.Op{
		Method: "DELETE", Path: "/availability/{id}", ID: "delete-slot", Tag: "availability",
		Summary: "Delete a slot",
		Doc:     "A slot that ever had a consultation stays, because records point at it: block it instead.",
		Roles:   access.Doctor, Status: 204,
		Refusals: []*problem.Error{ErrSlotHasConsultations, ErrSlotHasHistory},
	}, s.Delete)
}
