package review

import (
	"context"
	"unicode"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// ListOfDoctorRequest names a doctor.
type ListOfDoctorRequest struct {
	httpapi.Paging
	DoctorID uuid.UUID `path:"id" format:"uuid" doc:"The doctor" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// position is where a page ended: cursors can be read, so it holds no more than the reviews show.
type position = httpapi.Position[string]

// ListOfDoctor lists the reviews of a doctor that aren't hidden, those of the newest month first. Returns
// problem.NotFound if the actor can't read the doctor.
func (s *Service) ListOfDoctor(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListOfDoctorRequest) (httpapi.Page[Review], error) {
	var page httpapi.Page[Review]
	scope := "reviews of " + in.DoctorID.String()
	last := position{Value: "9999-12", ID: uuid.Max}
	if _, err := s.Cursors.Decode(scope, in.Cursor, &last); err != nil {
		return page, err
	}
	if _, err := s.Doctors.Read(ctx, r, actor, doctor.ReadRequest{ID: in.DoctorID}); err != nil {
		return page, err
	}
	rows, err := listReviewsOfDoctor(ctx, r, listReviewsOfDoctorParams{DoctorID: in.DoctorID, Month: last.Value,
		ID: last.ID, RowLimit: int32(in.Limit + 1)}) //nolint:gosec // at most 101
	if err != nil {
		return page, err
	}
	var items []Review
	for _, row := range rows {
		items = append(items, readVisibleRow(row).review())
	}
	endOf := func(r Review) any { return position{Value: r.Month, ID: r.ID} }
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, endOf), nil
}

// review returns a row as everybody sees it.
func (row readVisibleRow) review() Review {
	r := Review{ID: row.ID, Rating: int(row.Rating), Text: row.Text, Month: row.Month, Author: initial(row.AuthorName)}
	if row.Reply != "" {
		r.Reply = &row.Reply
	}
	return r
}

// initial returns the first letter of a name with a point, or nil if it has none.
func initial(name string) *string {
	for _, letter := range name {
		if unicode.IsLetter(letter) {
			return new(string(unicode.ToTitle(letter)) + ".")
		}
	}
	return nil
}
