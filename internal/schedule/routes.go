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
		Refusals: []*problem.Error{doctor.ErrNotApproved, ErrSlotExists, ErrSlotOverlap, ErrErasureDue, ErrOnLeave},
	}, s.Create)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability/doctor/{doctorId}", ID: "list-free-slots", Tag: "availability",
		Summary: "List a doctor's free slots",
		Doc: "Slots to come that can be booked, by their start: with a free seat, and as the doctor's booking rules " +
			"allow. A signed-in patient sees those for their next visit, others those for the visit they name.",
		Roles: access.Public | access.SignedIn,
	}, s.List)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability/doctor/{doctorId}/days", ID: "list-free-days", Tag: "availability",
		Summary: "Count a doctor's free seats by day",
		Doc:     "For a calendar: each day of a period with the slots that list-free-slots would list.",
		Roles:   access.Public | access.SignedIn,
	}, s.CountDays)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/doctors/me/booking-rules", ID: "read-booking-rules", Tag: "availability",
		Summary: "Read your booking rules",
		Doc:     "A doctor who has never changed them has none: every free slot can be booked until it begins.",
		Roles:   access.Doctor,
	}, s.ReadRules)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/doctors/me/booking-rules", ID: "update-booking-rules", Tag: "availability",
		Summary: "Update your booking rules",
		Doc: "A merge patch. They decide what is listed as free and what can be booked, from now on; what is booked " +
			"stays as it is.",
		Roles:    access.Doctor,
		Refusals: []*problem.Error{doctor.ErrNotApproved},
	}, s.UpdateRules)
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
		Doc: "With its status, its free seats, and when a visit in it ends. Doctors read their own slots, " +
			"administrators all, patients those that can be booked now.",
		Roles: access.Patient | access.Doctor | access.Admin,
	}, s.Read)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/availability/{id}", ID: "update-slot", Tag: "availability",
		Summary: "Update a slot",
		Doc: "A merge patch. A slot with seats taken is neither moved nor blocked, and never takes fewer patients " +
			"than it has. " +
			"A slot that has begun is not changed. A doctor who isn't approved can only block.",
		Roles: access.Doctor,
		Refusals: []*problem.Error{doctor.ErrNotApproved, ErrSlotHasConsultations, ErrSlotExists, ErrSlotOverlap,
			ErrErasureDue, ErrSlotBegun, ErrOnLeave, problem.InvalidTransition},
	}, s.Update)
	httpapi.Command(api, httpapi.Op{
		Method: "DELETE", Path: "/availability/{id}", ID: "delete-slot", Tag: "availability",
		Summary: "Delete a slot",
		Doc:     "A slot that ever had a consultation stays, because records point at it: block it instead.",
		Roles:   access.Doctor, Status: 204,
		Refusals: []*problem.Error{ErrSlotHasConsultations, ErrSlotHasHistory},
	}, s.Delete)
	s.ruleRoutes(api)
	s.waitlistRoutes(api)
}

// waitlistRoutes registers the operations on the waitlist, but for the acceptance, which books.
func (s *Service) waitlistRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/waitlist", ID: "join-waitlist", Tag: "availability",
		Summary: "Wait for a seat of a doctor",
		Doc: "When a seat becomes free in these days, by a cancellation for one, it is offered to the first in line " +
			"who could book it, and held for 15 minutes. An offer without an answer puts you behind the others. You " +
			"are told by mail and in the stream of events.",
		Roles: access.Patient, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, ErrAlreadyWaiting, ErrTooManyWaiting},
	}, s.JoinWaitlist)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/waitlist", ID: "list-waitlist", Tag: "availability",
		Summary: "List for whom you wait",
		Doc:     "The newest first, with the seats that are held for you. Ended entries stay for 90 days.",
		Roles:   access.Patient,
	}, s.ListWaitlist)
	httpapi.Command(api, httpapi.Op{
		Method: "DELETE", Path: "/waitlist/{id}", ID: "leave-waitlist", Tag: "availability",
		Summary: "Stop waiting",
		Doc:     "A seat that is held for you is offered to the next one at once.",
		Roles:   access.Patient, Status: 204,
		Refusals: []*problem.Error{problem.InvalidTransition},
	}, s.WithdrawFromWaitlist)
}

// ruleRoutes registers the operations on rules, and the list of exceptions.
func (s *Service) ruleRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/availability/rules", ID: "create-availability-rule", Tag: "availability",
		Summary: "Create a rule of availability",
		Doc: "Makes the slots of the next 60 days now, and those of later days by itself. Times at which you have " +
			"another slot are left out and named; rules must not overlap each other. Slots begin at the same time " +
			"on the clocks of the time zone all year. A doctor who waits for approval gets the slots with it.",
		Roles: access.Doctor, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{doctor.ErrNotApproved, ErrTooManyRules},
	}, s.CreateRule)
	httpapi.Query(api, httpapi.Op{
		Method: "POST", Path: "/availability/rules/preview", ID: "preview-availability-rule", Tag: "availability",
		Summary: "Preview a rule of availability",
		Doc:     "The slots that the rule would have, whatever other slots and rules you have. Nothing is stored.",
		Roles:   access.Doctor, NoKeyReason: "it changes nothing",
	}, s.PreviewRule)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability/rules", ID: "list-availability-rules", Tag: "availability",
		Summary: "List your rules of availability",
		Doc:     "The oldest first.",
		Roles:   access.Doctor,
	}, s.ListRules)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability/rules/{id}", ID: "read-availability-rule", Tag: "availability",
		Summary: "Read a rule of availability",
		Doc:     "One of your own.",
		Roles:   access.Doctor,
	}, s.ReadRule)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/availability/rules/{id}", ID: "update-availability-rule", Tag: "availability",
		Summary: "Update a rule of availability",
		Doc: "A merge patch. Free slots to come that no longer fit are removed and others made. Booked ones stay as " +
			"they are, take no more patients, and are named. A slot that you deleted or blocked isn't made again.",
		Roles:    access.Doctor,
		Refusals: []*problem.Error{ErrTooManyRules},
	}, s.UpdateRule)
	httpapi.Command(api, httpapi.Op{
		Method: "DELETE", Path: "/availability/rules/{id}", ID: "delete-availability-rule", Tag: "availability",
		Summary: "Delete a rule of availability",
		Doc:     "Its free slots to come are removed. Booked ones stay as they are, and are named.",
		Roles:   access.Doctor,
	}, s.DeleteRule)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/availability/exceptions", ID: "list-availability-exceptions", Tag: "availability",
		Summary: "List your leaves and extra hours",
		Doc:     "Those that are not over, or of a period, by their begin.",
		Roles:   access.Doctor,
	}, s.ListExceptions)
}
