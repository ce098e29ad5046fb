package prescription

import (
	"amrutam/internal/access"
	"amrutam/internal/consent"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the operations.
func (s *Service) Routes(api *httpapi.API) {
	const parties = access.Patient | access.Doctor | access.Admin
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/prescriptions", ID: "write-prescription", Tag: "prescriptions",
		Summary: "Write a prescription",
		Doc:     "It is never changed or deleted: a correction is a new one that supersedes it.",
		Roles:   access.Doctor, Status: 201, Key: httpapi.Required,
		Refusals: []*problem.Error{problem.NotFound, doctor.ErrNotApproved, ErrNotPossible, ErrSuperseded},
	}, s.Write)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/prescriptions/me", ID: "list-own-prescriptions", Tag: "prescriptions",
		Summary: "List your prescriptions",
		Doc:     "Newest first. Each call is audited.",
		Roles:   access.Patient,
	}, s.ListMine)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/prescriptions/doctor/me", ID: "list-written-prescriptions", Tag: "prescriptions",
		Summary: "List the prescriptions that you wrote",
		Doc: "Newest first. Medications are stored sealed: a search by q opens the newest 500 for a page and keeps " +
			"those that match, so that a page can be short or empty while nextCursor leads on. Each call is audited.",
		Roles: access.Doctor,
	}, s.ListWritten)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/prescriptions/consultation/{consultationId}", ID: "list-consultation-prescriptions",
		Tag:     "prescriptions",
		Summary: "List a consultation's prescriptions",
		Doc:     "Newest first. Each call is audited.",
		Roles:   parties,
	}, s.ListOfConsultation)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}/patient", ID: "read-patient", Tag: "consultations",
		Summary: "Read who comes to a consultation",
		Doc: "For its doctor, from the booking on and as long as a prescription may be written " +
			"(AMRUTAM_PRESCRIBE_WITHIN after the end): the patient's name, age and gender, and the 20 newest " +
			"earlier consultations with this doctor, with notes and prescriptions. Each reading is audited.",
		Roles:    access.Doctor,
		Refusals: []*problem.Error{consent.ErrRequired},
	}, s.ReadPatient)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/prescriptions/{id}", ID: "read-prescription", Tag: "prescriptions",
		Summary: "Read a prescription",
		Doc:     "Each reading is audited. An ADMIN needs X-Purpose.",
		Roles:   parties,
	}, s.Read)
}
