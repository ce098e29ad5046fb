package doctor

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Sort is the order of a list of doctors.
type Sort string

// The orders. SortFee compares within one currency.
const (
	SortRating     Sort = "rating"
	SortFee        Sort = "fee"
	SortExperience Sort = "experience"
	SortEarliest   Sort = "earliest"
)

// Schema lists the orders.
func (Sort) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "DoctorSort", "Which doctors are listed first", SortRating, SortFee, SortExperience,
		SortEarliest)
}

// SearchRequest filters and orders the doctors that patients can find. A doctor must pass every filter.
type SearchRequest struct {
	httpapi.Paging
	Specialization string    `query:"specialization" maxLength:"200" doc:"Exactly this field of practice; marks and capitals make no difference" example:"Panchakarma"`
	Language       string    `query:"language" maxLength:"35" doc:"Speaks this language (BCP 47): hi finds hi-IN too, and hi-IN those who say hi alone" example:"hi"`
	MinFee         string    `query:"minFee" maxLength:"13" doc:"Lowest fee, in the currency" example:"200.00"`
	MaxFee         string    `query:"maxFee" maxLength:"13" doc:"Highest fee, in the currency" example:"800.00"`
	Currency       string    `query:"currency" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters, like INR" doc:"Fees in this currency (ISO 4217) only; the server's own when minFee, maxFee or sort=fee compare fees" example:"INR"`
	MinRating      float64   `query:"minRating" minimum:"0" maximum:"5" doc:"Lowest rating, as it is shown; above 0 it leaves out doctors without ratings" example:"4"`
	MinExperience  int       `query:"minExperience" minimum:"0" maximum:"80" doc:"Fewest years in practice" example:"5"`
	Q              string    `query:"q" text:"lines" maxLength:"200" doc:"Words that each begin a word of the name, specialization, clinic, bio or tags of languages; marks and capitals make no difference: Muller and Müller, Acarya and Ācārya are the same" example:"asha koch"`
	AvailableFrom  time.Time `query:"availableFrom" doc:"Has a free slot that starts at this time or later" example:"2026-11-24T00:00:00Z"`
	AvailableTo    time.Time `query:"availableTo" doc:"Has a free slot that starts before this time" example:"2026-11-25T00:00:00Z"`
	Approved       bool      `query:"isApproved" default:"true" doc:"false finds the doctors who wait for an approval or lost it; for administrators" example:"true"`
	VisitFilter
	Sort Sort `query:"sort" default:"rating" doc:"Best rated (few ratings count little), cheapest, most experienced, or with the earliest free slot first; earliest leaves out doctors without one" example:"rating"`
}

// position is where a page ended: the value that the list is sorted by, as text, and the doctor's id.
type position = httpapi.Position[string]

// Search lists doctors who are neither deleted nor disabled, a page at a time. Returns problem.Unauthenticated or
// problem.Forbidden if the actor may not search for doctors who aren't approved.
func (s *Service) Search(ctx context.Context, r *postgres.Read, actor access.Actor,
	in SearchRequest) (httpapi.Page[Doctor], error) {
	var none httpapi.Page[Doctor]
	if err := canSearch(actor, in); err != nil {
		return none, err
	}
	if in.Currency == "" && (in.MinFee != "" || in.MaxFee != "" || in.Sort == SortFee) {
		in.Currency = s.Currency // amounts of different currencies can't be compared
	}
	f, err := in.filter(r.Now)
	if err != nil {
		return none, err
	}
	scope := "doctors by " + string(in.Sort)
	if in.Sort == SortFee {
		scope += " in " + in.Currency
	}
	if !in.Approved {
		scope = "unapproved " + scope
	}
	f.limit = in.Limit + 1
	f.isPatient = actor.Is(access.RolePatient)
	if f.seen, err = findSeen(ctx, r, actor, in.VisitFilter); err != nil {
		return none, err
	}
	if f.hasCursor, err = s.Cursors.Decode(scope, in.Cursor, &f.after); err != nil {
		return none, err
	}
	found, err := f.find(ctx, r)
	if err != nil {
		return none, err
	}
	for i := range found {
		found[i] = s.withPolicy(found[i])
		if !in.Approved {
			found[i].Application = found[i].decision.application()
		}
	}
	page := httpapi.NewPage(s.Cursors, scope, in.Limit, found, func(d Doctor) any { return d.position(in.Sort) })
	if in.Approved {
		return page, nil
	}
	return page, addSameNumbers(ctx, r, page.Items)
}

// filter returns the checked filters. Returns problem.Invalid with every fault that the tags of SearchRequest can't
// express.
func (in SearchRequest) filter(now time.Time) (filter, error) {
	f := filter{SearchRequest: in, now: now, from: now, afterFrom: true}
	invalid := *problem.Invalid
	if in.Language != "" {
		tag, fault := canonicalTag(in.Language)
		if fault != nil {
			invalid = *invalid.WithField("query.language", fault)
		}
		f.Language = tag
	}
	parseFee := func(name, text string, to **money.Amount) {
		if text == "" {
			return
		}
		amount, err := money.Parse(text)
		if err != nil {
			invalid = *invalid.WithField("query."+name, problem.NotAmount)
		}
		*to = &amount
	}
	parseFee("minFee", in.MinFee, &f.minFee)
	parseFee("maxFee", in.MaxFee, &f.maxFee)
	if f.minFee != nil && f.maxFee != nil && *f.minFee > *f.maxFee {
		invalid = *invalid.WithField("query.maxFee", faultBelowMinFee)
	}
	if math.IsNaN(in.MinRating) {
		invalid = *invalid.WithField("query.minRating", problem.NotNumber)
	}
	if !in.AvailableTo.IsZero() && !in.AvailableFrom.IsZero() && !in.AvailableTo.After(in.AvailableFrom) {
		invalid = *invalid.WithField("query.availableTo", problem.NotAfter.With("field", "availableFrom"))
	}
	if len(invalid.Fields) > 0 {
		return f, &invalid
	}
	if in.AvailableFrom.After(now) {
		f.from, f.afterFrom = in.AvailableFrom, false
	}
	return f, nil
}

// find returns a page of doctors, in the sort order of the request.
func (f filter) find(ctx context.Context, r *postgres.Read) ([]Doctor, error) {
	if f.Sort == SortEarliest {
		return f.findByEarliestSlot(ctx, r)
	}
	// Few doctors are best sorted before their slots are looked up; the planner would look up the slots of all. With
	// many matches a page is soon full.
	sortFirst := false
	if f.hasWords() && f.hasPeriod() {
		var err error
		if sortFirst, err = queryBool(ctx, r, f.fewMatches()); err != nil {
			return nil, err
		}
	}
	return queryDoctors(ctx, r, f.byColumn(sortFirst))
}

// findByEarliestSlot has two ways, each slow where the other is quick: to walk through the free slots by their start
// until the page is full, which takes long if few doctors pass the filter, or to look up the first slot of every
// doctor who passes it. It walks a limited number of slots first, and looks doctors up only if there are more slots.
func (f filter) findByEarliestSlot(ctx context.Context, r *postgres.Read) ([]Doctor, error) {
	found, err := queryDoctors(ctx, r, f.bySlotWalk())
	if err != nil || len(found) == f.limit {
		return found, err
	}
	incomplete, err := queryBool(ctx, r, f.walkIsIncomplete())
	if err != nil || !incomplete {
		return found, err
	}
	return queryDoctors(ctx, r, f.byDoctor())
}

// queryBool runs a statement that returns one boolean.
func queryBool(ctx context.Context, r *postgres.Read, s statement) (bool, error) {
	rows, err := postgres.List(ctx, r, s.name, s.sql, s.Args(), pgx.RowTo[bool])
	return err == nil && rows[0], err
}

// queryDoctors returns the doctors that a statement finds.
func queryDoctors(ctx context.Context, r *postgres.Read, s statement) ([]Doctor, error) {
	return postgres.List(ctx, r, s.name, s.sql, s.Args(),
		func(row pgx.CollectableRow) (Doctor, error) { return scanDoctor(row) })
}

// scanDoctor reads a row of doctorColumns.
func scanDoctor(row pgx.Row) (Doctor, error) {
	var d Doctor
	var rating money.Amount
	var slot *uuid.UUID
	var start, end *time.Time
	var policy *string
	err := row.Scan(&d.ID, &d.FullName, &d.Specialization, &d.YearsOfExperience, &d.RegistrationNumber, &d.ClinicName,
		&d.ConsultationFee, &d.Currency, &d.LanguagesSpoken, &d.Bio, &policy, &d.IsApproved,
		&d.decision.reason, &d.decision.decidedAt, &d.decision.holdsNumber, &rating, &d.RatingCount,
		&d.score, &d.CreatedAt, &d.UpdatedAt, &slot, &start, &end)
	d.decision.isApproved = d.IsApproved
	d.UserID, d.Rating, d.NextFreeSlot = d.ID, toRating(rating, d.RatingCount), nextSlot(slot, start, end)
	if err != nil {
		return d, err
	}
	d.CancellationPolicy, err = ownPolicy(policy)
	return d, err
}

// position returns the doctor's position in a list with this sort order.
func (d Doctor) position(sort Sort) position {
	p := position{ID: d.ID}
	switch sort {
	case SortFee:
		p.Value = d.ConsultationFee.String()
	case SortExperience:
		p.Value = strconv.Itoa(d.YearsOfExperience)
	case SortEarliest:
		p.Value = d.NextFreeSlot.Value.StartTime.Format(time.RFC3339Nano)
	default:
		p.Value = d.score
	}
	return p
}
