package review

import (
	"amrutam/internal/access"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/problem"
)

// Routes registers the operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/review", ID: "create-review", Tag: "reviews",
		Summary: "Review a consultation",
		Doc: "A rating, and a text if you like, of your own completed consultation, once, within 30 days of its end " +
			"(AMRUTAM_REVIEW_WITHIN). Everybody can read it. It shows the first letter of your name and the month " +
			"in which you wrote, and nothing else about you or the consultation: so write nothing about your " +
			"health, and no names.",
		Roles: access.Patient, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, ErrNotCompleted, ErrTooLate, ErrAlreadyReviewed},
	}, s.Create)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}/review", ID: "read-own-review", Tag: "reviews",
		Summary: "Read your review of a consultation",
		Doc:     "You see it also while it is hidden, with the reason.",
		Roles:   access.Patient,
	}, s.ReadOwn)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/consultations/{id}/review", ID: "update-review", Tag: "reviews",
		Summary: "Change your review of a consultation",
		Doc: "A merge patch, for a day after you wrote it (AMRUTAM_REVIEW_CHANGE_WITHIN) and only until the doctor " +
			"replies. A hidden review can't be changed.",
		Roles:    access.Patient,
		Refusals: []*problem.Error{ErrFinal, ErrHidden},
	}, s.Update)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/doctors/{id}/reviews", ID: "list-doctor-reviews", Tag: "reviews",
		Summary: "List a doctor's reviews",
		Doc: "Those of the newest month first; within a month in no particular order, so that it doesn't tell when " +
			"somebody was there. Hidden ones are left out. A doctor whom you can't read has none.",
		Roles: access.Public | access.SignedIn,
	}, s.ListOfDoctor)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/reviews/{id}/reply", ID: "reply-to-review", Tag: "reviews",
		Summary: "Reply to a review of you",
		Doc:     "Once, and it stays as it is. Everybody can read it: write nothing about the patient.",
		Roles:   access.Doctor, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, doctor.ErrNotApproved, ErrAlreadyReplied},
	}, s.Reply)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/reviews/{id}/report", ID: "report-review", Tag: "reviews",
		Summary: "Report a review",
		Doc: "Asks the moderators to look at it. A reader reports a review once, and at most 20 reviews in 24 " +
			"hours.",
		Roles: access.SignedIn, Status: 204, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, ErrAlreadyReported, limit.ErrTooMany},
	}, s.Report)
	s.staffRoutes(api)
}

func (s *Service) staffRoutes(api *httpapi.API) {
	const staff = access.Support | access.Admin
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/reviews", ID: "list-reviews", Tag: "reviews",
		Summary: "List reviews to moderate",
		Doc: "Of all doctors, newest first, hidden ones too. With reported=true those whose reports wait for a " +
			"decision. Each call is audited.",
		Roles: staff,
	}, s.List)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/reviews/{id}", ID: "read-review", Tag: "reviews",
		Summary: "Read a review to moderate",
		Doc:     "With its reports. Each call is audited.",
		Roles:   staff,
	}, s.Read)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/reviews/{id}", ID: "moderate-review", Tag: "reviews",
		Summary: "Decide about a review",
		Doc: "Hides a review or the doctor's reply, or shows it again, and settles the reports. A reason alone " +
			"settles them and changes nothing. The rating of a hidden review counts on, unless it is false; shown " +
			"again, it counts again.",
		Roles: staff,
	}, s.Decide)
}
