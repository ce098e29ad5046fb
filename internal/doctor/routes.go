package doctor

import (
	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the package's operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/doctors", ID: "apply-as-doctor", Tag: "doctors",
		Summary: "Apply as a doctor",
		Doc: "Makes the signed-in doctor's profile. It waits for an administrator's approval; until then nobody " +
			"finds it. " +
			"Whoever was refused may apply anew. Registration numbers are compared by their letters and digits alone.",
		Roles: access.Doctor, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{ErrAlreadyApplied, ErrRegistrationTaken},
	}, s.Apply)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/doctors", ID: "search-doctors", Tag: "doctors",
		Summary: "Find doctors",
		Doc: "Approved doctors that pass every filter, each with the next free slot. The words of q are looked for " +
			"as beginnings " +
			"of words. Fees are compared within one currency. sort=rating compares the mean that a doctor would " +
			"have with ten more ratings of 4: a single 5 stands behind two hundred of 4.8, and a doctor without " +
			"ratings counts as 4. minRating compares the mean as it is shown. A cursor belongs to its sort. " +
			"Administrators find those who wait for an approval, or lost it, with isApproved=false.",
		Roles:    access.Public | access.SignedIn,
		Refusals: []*problem.Error{problem.Forbidden},
	}, s.Search)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/doctors/facets", ID: "list-doctor-facets", Tag: "doctors",
		Summary: "List what doctors can be found by",
		Doc: "The specializations, languages and currencies in use among the doctors patients find, each with how " +
			"many doctors have it, " +
			"the commonest first.",
		Roles: access.Public | access.SignedIn,
	}, s.Facets)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/doctors/{id}", ID: "read-doctor", Tag: "doctors",
		Summary: "Read a doctor",
		Doc: "An approved doctor's profile with the next free slot. One who isn't approved is shown to " +
			"themselves and to administrators.",
		Roles: access.Public | access.SignedIn,
	}, s.Read)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/doctors/{id}", ID: "update-doctor", Tag: "doctors",
		Summary: "Update your doctor profile",
		Doc: "A merge patch of one's own profile. The registration number is fixed while the doctor is approved, " +
			"because the " +
			"approval vouches for it; everything else may change at any time.",
		Roles:    access.Doctor,
		Refusals: []*problem.Error{ErrRegistrationApproved, ErrRegistrationTaken},
	}, s.Update)
}
