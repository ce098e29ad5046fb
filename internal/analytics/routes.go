package analytics

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// fresh is said of reports that count the newest changes themselves, rolledUp of those that wait for the job.
const (
	fresh    = " A day begins at its first instant in the time zone."
	rolledUp = " The report is made of rollups, which a job brings up to date every minute: completeUntil says how " +
		"far they are."
	folding = " Groups of fewer than five patients a day are folded, and others with them, so that no subtraction " +
		"of answers shows a smaller group. Therefore their days are those of UTC in every time zone, and of days " +
		"on which all groups are small only the total is shown."
)

// Routes registers the operations.
func Routes(api *httpapi.API) {
	httpapi.Query(api, report("summary", "read-analytics-summary", "Read the figures of a period",
		"Each figure says which instant decides whether something belongs to the period."+fresh), Summarize)
	httpapi.Query(api, report("consultations-per-day", "list-consultations-per-day",
		"Count the consultations of each day", "By when they were booked, and by the start of their slot."+fresh),
		ListDays)
	httpapi.Query(api, report("conversion-rate", "read-conversion-rate",
		"Follow seats from listed to completed",
		"Counts the slots and consultations that start in the period: how many seats were listed, booked, paid and "+
			"completed, and where the others were lost."+fresh), Convert)
	httpapi.Query(api, report("no-show-rate", "read-no-show-rate", "Count missed and cancelled consultations",
		"Counts the consultations that start in the period and are over."+fresh), ReadAttendance)
	httpapi.Query(api, report("doctor-utilization", "list-doctor-utilization",
		"Compare booked with offered minutes", "By doctor, the best used first."+rolledUp), ReadUtilization)
	httpapi.Query(api, report("top-specializations", "list-top-specializations",
		"Rank specializations by completed consultations",
		"By the start of the slot and the doctor's specialization now."+rolledUp+folding), ListSpecializations)
	httpapi.Query(api, report("repeat-patients", "read-repeat-patients", "Count first and later visits",
		"A consultation is a first visit if the patient completed none that started before."+rolledUp+folding),
		CountVisits)
	httpapi.Query(api, report("time-to-first-free-slot", "read-time-to-first-free-slot",
		"Measure the wait for a free slot", "From now, over the doctors whom patients can book."),
		ReadFirstFreeSlots)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/doctors/me/figures", ID: "read-own-figures", Tag: "doctors",
		Summary: "Read your own figures", Roles: access.Doctor,
		Doc: "Counts a doctor's own consultations and slots that start in the period, by day: what was booked, what " +
			"became of it, and what was paid. Every change is counted at once." + fresh,
	}, ReadOwn)
}

func report(path, id, summary, doc string) httpapi.Op {
	return httpapi.Op{Method: http.MethodGet, Path: "/admin/analytics/" + path, ID: id, Tag: "admin",
		Summary: summary, Doc: doc, Roles: access.Admin}
}
