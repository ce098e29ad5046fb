// Package analytics keeps daily rollups of what is in the tables of all packages, and makes reports of them. It reads
// no names and no health data.
package analytics

import (
	"time"

	"amrutam/internal/postgres"
)

// Service keeps the rollups.
type Service struct {
	DB *postgres.DB
}

// Summary has the figures of a period, and of the people there are now.
type Summary struct {
	_ struct{} `doc:"The figures of a period, and of the people there are now"`

	PeriodFigures

	Users         map[string]int64 `json:"users" doc:"Users there are now, by role: verified or not, disabled or not, but not deleted" example:"{\"PATIENT\": 5200, \"DOCTOR\": 48, \"SUPPORT\": 4, \"ADMIN\": 2}"`
	Doctors       Doctors          `json:"doctors" doc:"The doctors there are now"`
	CompleteUntil *time.Time       `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T18:00:00Z"`
	Previous      *PeriodFigures   `json:"previous,omitempty" doc:"With compare: the figures of the period before"`
}

// PeriodFigures has the figures of a period.
type PeriodFigures struct {
	_ struct{} `doc:"The figures of a period"`

	From          string        `json:"from" format:"date" doc:"The first day" example:"2026-10-25"`
	To            string        `json:"to" format:"date" doc:"The last day" example:"2026-11-23"`
	Timezone      string        `json:"timezone" doc:"The IANA time zone whose days these are" example:"Asia/Kolkata"`
	Consultations Consultations `json:"consultations" doc:"Consultations booked in the period, and those due in it"`
	People        People        `json:"people" doc:"Who came in the period"`
	Revenue       []Revenue     `json:"revenue" doc:"One entry a currency in which money came or went back in the period, by its code"`
	Slots         Slots         `json:"slots" doc:"What doctors offered in the period, and what was used of it"`
}

// Doctors counts the doctors there are.
type Doctors struct {
	_ struct{} `doc:"The doctors there are now"`

	Approved      int64    `json:"approved" doc:"Those who are approved and not deleted" example:"42"`
	Waiting       int64    `json:"waiting" doc:"Those whose application waits for a decision" example:"3"`
	AverageRating *float64 `json:"averageRating" doc:"The mean of all ratings of doctors who aren't deleted, to 2 places; null when there is none" example:"4.61"`
	Ratings       int64    `json:"ratings" doc:"How many ratings these are: those that were found false don't count" example:"310"`
}

// Consultations counts two sets: those booked in the period, and those whose slot starts in it. Some figures are maps,
// because their keys are the values of database enums.
type Consultations struct {
	_ struct{} `doc:"Two sets: consultations booked in the period, and those whose slot starts in it"`

	Booked                int64            `json:"booked" doc:"Booked in the period (createdAt), whatever came of them" example:"120"`
	ByStatus              map[string]int64 `json:"byStatus" doc:"The booked ones by the status they have now, all six: the numbers add up to booked" example:"{\"REQUESTED\": 2, \"CONFIRMED\": 18, \"IN_PROGRESS\": 1, \"COMPLETED\": 80, \"CANCELLED\": 15, \"NO_SHOW\": 4}"`
	Completed             int64            `json:"completed" doc:"COMPLETED, by the start of the slot: it begins in the period, whenever it was booked" example:"85"`
	Cancelled             int64            `json:"cancelled" doc:"CANCELLED, by the start of the slot, whenever it was cancelled" example:"12"`
	CancelledBy           map[string]int64 `json:"cancelledBy" doc:"The cancelled ones by who did it; SYSTEM when it wasn't paid in time: the numbers add up to cancelled" example:"{\"PATIENT\": 7, \"DOCTOR\": 2, \"SUPPORT\": 1, \"ADMIN\": 0, \"SYSTEM\": 2}"`
	NoShows               int64            `json:"noShows" doc:"NO_SHOW, by the start of the slot" example:"3"`
	CompletionRate        *float64         `json:"completionRate" doc:"completed divided by completed, cancelled and noShows together, to 4 places; null when there is none" example:"0.85"`
	AverageSecondsToStart *int64           `json:"averageSecondsToStart" doc:"From the booking (createdAt) to when the doctor began (startedAt), on average over the consultations that were begun and whose slot starts in the period; null when there is none" example:"172800"`
}

// People counts new patients and doctors.
type People struct {
	_ struct{} `doc:"Who came in the period"`

	NewPatients     int64 `json:"newPatients" doc:"Users who are PATIENT now and signed up in the period, verified or not, deleted since or not" example:"40"`
	NewDoctors      int64 `json:"newDoctors" doc:"Users who are DOCTOR now and signed up in the period, whether they applied or not" example:"3"`
	ApprovedDoctors int64 `json:"approvedDoctors" doc:"Doctors whose approval was decided in the period and still stands" example:"2"`
}

// Revenue is the money of one currency.
type Revenue struct {
	_ struct{} `doc:"Money of one currency that came and went back in the period"`

	Currency string `json:"currency" doc:"ISO 4217 currency code" example:"INR"`
	Captured string `json:"captured" pattern:"^\\d+\\.\\d{2}$" doc:"What patients paid, by when the money came" example:"42500.00"`
	Refunded string `json:"refunded" pattern:"^\\d+\\.\\d{2}$" doc:"What was given back, by when the refund succeeded; not what is still under way" example:"1500.00"`
	Net      string `json:"net" pattern:"^-?\\d+\\.\\d{2}$" doc:"captured less refunded; below zero when more went back than came" example:"41000.00"`
}

// Slots counts the slots that doctors offered, and the seats that were taken.
type Slots struct {
	_ struct{} `doc:"What doctors offered in the period, and what was used of it"`

	Offered      int64    `json:"offered" doc:"Slots that start in the period and are not BLOCKED" example:"150"`
	SeatsOffered int64    `json:"seatsOffered" doc:"Their seats (maxPatients)" example:"160"`
	SeatsTaken   int64    `json:"seatsTaken" doc:"Consultations whose slot starts in the period and that are not CANCELLED: a seat someone held to the end counts, though it is free again for others" example:"108"`
	Utilization  *float64 `json:"utilization" doc:"seatsTaken divided by seatsOffered, to 4 places; null when no seat was offered" example:"0.675"`
}
