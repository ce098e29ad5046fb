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

// SearchInput filters and orders the doctors patients can find. Filters are joined by "and".
type SearchInput struct {
	httpapi.Paging
	Specialization string    `query:"specialization" maxLength:"200" doc:"Exactly this field of practice; marks and capitals make no difference" example:"Panchakarma"`
	Language       string    `query:"language" maxLength:"35" doc:"Speaks this language (BCP 47): hi finds hi-IN too, and hi-IN those who say hi alone" example:"hi"`
	MinFee         string    `query:"minFee" maxLength:"13" doc:"Lowest fee, in the currency" example:"200.00"`
	MaxFee         string    `query:"maxFee" maxLength:"13" doc:"Highest fee, in the currency" example:"800.00"`
	Currency       string    `query:"currency" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters, like INR" doc:"Fees in this currency (ISO 4217) only; the server's own when minFee, maxFee or sort=fee compare fees" example:"INR"`
	MinRating      float64   `query:"minRating" minimum:"0" maximum:"5" doc:"Lowest rating" example:"4"`
	MinExperience  int       `query:"minExperience" minimum:"0" maximum:"80" doc:"Fewest years in practice" example:"5"`
	Q              string    `query:"q" text:"lines" maxLength:"200" doc:"Words that each begin a word of the name, specialization, clinic, bio or tags of languages; marks and capitals make no difference: Muller and Müller, Acarya and Ācārya are the same" example:"asha koch"`
	AvailableFrom  time.Time `query:"availableFrom" doc:"Has a free slot that starts at this time or later" example:"2026-11-24T00:00:00Z"`
	AvailableTo    time.Time `query:"availableTo" doc:"Has a free slot that starts before this time" example:"2026-11-25T00:00:00Z"`
	Approved       bool      `query:"isApproved" default:"true" doc:"false finds the doctors who wait for an approval or lost it; for administrators" example:"true"`
	Sort           Sort      `query:"sort" default:"rating" doc:"Best rated, cheapest, most experienced, or with the earliest free slot first; earliest leaves out doctors without one" example:"rating"`
}

// place is where a page ended: the value that the list is sorted by, as text, and the doctor's id.
type place = httpapi.Place[string]

// Search lists doctors who are neither deleted nor disabled, a page at a time. Errors: problem.Unauthenticated,
// problem.Forbidden, to who isn't an administrator and asks for doctors who aren't approved.
func (s *Service) Search(ctx context.Context, r *postgres.Read, actor access.Actor,
	in SearchInput) (httpapi.Page[Doctor], error) {
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
	var from place
	if f.resumed, err = s.Cursors.Open(scope, in.Cursor, &from); err != nil {
		return none, err
	}
	f.after, f.limit = from, in.Limit+1
	found, err := f.run(ctx, r)
	if err != nil {
		return none, err
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, found, func(d Doctor) any { return d.place(in.Sort) }), nil
}

// filter checks what only the members together show to be wrong.
func (in SearchInput) filter(now time.Time) (filter, error) {
	f := filter{SearchInput: in, from: now, fromOpen: true}
	wrong := *problem.Invalid
	if in.Language != "" {
		tag, fault := language(in.Language)
		if fault != "" {
			wrong = *wrong.WithField("query.language", fault)
		}
		f.Language = tag
	}
	fee := func(name, text string, to **money.Amount) {
		if text == "" {
			return
		}
		amount, err := money.Parse(text)
		if err != nil {
			wrong = *wrong.WithField("query."+name,
				"expected an amount from 0 to 9999999999.99 with at most two decimals")
		}
		*to = &amount
	}
	fee("minFee", in.MinFee, &f.minFee)
	fee("maxFee", in.MaxFee, &f.maxFee)
	if f.minFee != nil && f.maxFee != nil && *f.minFee > *f.maxFee {
		wrong = *wrong.WithField("query.maxFee", "must not be less than minFee")
	}
	if math.IsNaN(in.MinRating) {
		wrong = *wrong.WithField("query.minRating", "expected a number")
	}
	if !in.AvailableTo.IsZero() && !in.AvailableFrom.IsZero() && !in.AvailableTo.After(in.AvailableFrom) {
		wrong = *wrong.WithField("query.availableTo", "must be after availableFrom")
	}
	if len(wrong.Fields) > 0 {
		return f, &wrong
	}
	if in.AvailableFrom.After(now) {
		f.from, f.fromOpen = in.AvailableFrom, false
	}
	return f, nil
}

// run finds a page. By the earliest slot there are two ways, each slow where the other is quick: walking the free
// slots in time until the page is full, which a narrow filter may never fill, and asking every doctor who passes the
// filter. The walk goes first, and not far; when it came to the last slot there is nobody to ask. By a column, words
// that find few are best sorted before slots are looked for, where the planner would look for the slots of all; words
// that find many fill a page soon.
func (f filter) run(ctx context.Context, r *postgres.Read) ([]Doctor, error) {
	if f.Sort != SortEarliest {
		few := false
		if f.words() && f.timed() {
			var err error
			if few, err = ask(ctx, r, f.wordsFindFew()); err != nil {
				return nil, err
			}
		}
		return fetch(ctx, r, f.byColumn(few))
	}
	found, err := fetch(ctx, r, f.byWalk())
	if err != nil || len(found) == f.limit {
		return found, err
	}
	cut, err := ask(ctx, r, f.walkIsCut())
	if err != nil || !cut {
		return found, err
	}
	return fetch(ctx, r, f.byDoctor())
}

// ask is a yes or no of the database.
func ask(ctx context.Context, r *postgres.Read, s statement) (bool, error) {
	yes, err := postgres.List(ctx, r, s.name, s.sql, s.Args(), pgx.RowTo[bool])
	return err == nil && yes[0], err
}

// fetch reads the doctors that a statement finds.
func fetch(ctx context.Context, r *postgres.Read, s statement) ([]Doctor, error) {
	return postgres.List(ctx, r, s.name, s.sql, s.Args(),
		func(row pgx.CollectableRow) (Doctor, error) { return scan(row) })
}

func scan(row pgx.Row) (Doctor, error) {
	var d Doctor
	var rating money.Amount
	var slot *uuid.UUID
	var start, end *time.Time
	err := row.Scan(&d.ID, &d.FullName, &d.Specialization, &d.YearsOfExperience, &d.RegistrationNumber, &d.ClinicName,
		&d.ConsultationFee, &d.Currency, &d.LanguagesSpoken, &d.Bio, &d.IsApproved, &rating, &d.CreatedAt,
		&d.UpdatedAt, &slot, &start, &end)
	d.UserID, d.Rating, d.NextFreeSlot = d.ID, stars(rating), nextSlot(slot, start, end)
	return d, err
}

func (d Doctor) place(sort Sort) place {
	p := place{ID: d.ID}
	switch sort {
	case SortFee:
		p.Value = d.ConsultationFee.String()
	case SortExperience:
		p.Value = strconv.Itoa(d.YearsOfExperience)
	case SortEarliest:
		p.Value = d.NextFreeSlot.StartTime.Format(time.RFC3339Nano)
	default:
		p.Value = strconv.FormatFloat(d.Rating, 'f', 2, 64)
	}
	return p
}
