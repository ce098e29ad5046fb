package review

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ModeratedReview is a review as staff sees it.
type ModeratedReview struct {
	_ struct{} `doc:"A review as moderators see it"`

	ID             uuid.UUID  `json:"id" format:"uuid" doc:"The review's id"`
	ConsultationID uuid.UUID  `json:"consultationId" format:"uuid" doc:"The consultation that it is about"`
	DoctorID       uuid.UUID  `json:"doctorId" format:"uuid" doc:"The doctor of the consultation"`
	PatientID      uuid.UUID  `json:"patientId" format:"uuid" doc:"Who wrote it"`
	DoctorName     *string    `json:"doctorName" nullable:"true" doc:"The doctor's name; null when the account is deleted"`
	PatientName    *string    `json:"patientName" nullable:"true" doc:"The patient's name; null when the account is deleted"`
	Rating         int        `json:"rating" minimum:"1" maximum:"5" doc:"1 is the worst, 5 the best" example:"1"`
	Text           *string    `json:"text" doc:"What the patient says; null for a rating alone, or of an erased patient" example:"Mr. Menon from the waiting room said the same."`
	Reply          *string    `json:"reply" doc:"The doctor's reply, if any"`
	Hidden         bool       `json:"hidden" doc:"Whether only its author and staff see it" example:"false"`
	IsFalse        bool       `json:"isFalse" doc:"Whether it isn't genuine: then its rating doesn't count" example:"false"`
	ReplyHidden    bool       `json:"replyHidden" doc:"Whether the doctor's reply is hidden" example:"false"`
	DecisionReason *string    `json:"decisionReason" doc:"Why it was last decided so; null before any decision"`
	DecidedBy      *uuid.UUID `json:"decidedBy" format:"uuid" nullable:"true" doc:"Who decided; null before any decision"`
	DecidedByName  *string    `json:"decidedByName" nullable:"true" doc:"Their name; null as decidedBy is, and when the account is deleted"`
	DecidedAt      *time.Time `json:"decidedAt" doc:"When; null before any decision"`
	OpenReports    int        `json:"openReports" minimum:"0" doc:"How many reports no decision has settled" example:"1"`
	ReportCount    int        `json:"reportCount" minimum:"0" doc:"How many reports there ever were" example:"1"`
	Reports        []Report   `json:"reports" doc:"The newest twenty of them, newest first"`
	CreatedAt      time.Time  `json:"createdAt" doc:"When it was written"`
	UpdatedAt      time.Time  `json:"updatedAt" doc:"When it last changed"`
}

// Report is a reader's report of a review.
type Report struct {
	_ struct{} `doc:"A reader's report of a review"`

	ReporterID   uuid.UUID `json:"reporterId" format:"uuid" doc:"Who reported it"`
	ReporterName *string   `json:"reporterName" nullable:"true" doc:"Their name; null when the account is deleted" example:"Ravi Nair"`
	Reason       *string   `json:"reason" health:"none" doc:"What is wrong with the review; null of an erased reader" example:"It names another patient"`
	CreatedAt    time.Time `json:"createdAt" doc:"When it was reported"`
}

// Entity names the review for a stored answer.
func (r ModeratedReview) Entity() (string, uuid.UUID) { return "review", r.ID }

// ETag returns the version of the review.
func (r ModeratedReview) ETag() string { return httpapi.ETag(r.UpdatedAt) }

// ListRequest filters the reviews of all doctors.
type ListRequest struct {
	httpapi.Paging
	Reported bool         `query:"reported" doc:"true: only those with a report that no decision has settled" example:"true"`
	Hidden   bool         `query:"hidden" doc:"true: only hidden ones" example:"true"`
	DoctorID httpapi.UUID `query:"doctorId" doc:"Only this doctor's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// ReadRequest names a review.
type ReadRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The review"`
}

var newestFirst = postgres.Order{Columns: []string{"r.created_at", "r.id"}, Descending: true}

// List lists reviews for moderators, the newest first. Each page is audited with the patients whose reviews it shows.
func (s *Service) List(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListRequest) (httpapi.Page[ModeratedReview], error) {
	var page httpapi.Page[ModeratedReview]
	const scope = "reviews"
	var last *httpapi.Position[time.Time]
	if _, err := s.Cursors.Decode(scope, in.Cursor, &last); err != nil {
		return page, err
	}
	var c postgres.Conditions
	filters := []string{}
	if in.DoctorID != "" {
		c.And("r.doctor_id = $1", in.DoctorID)
		filters = append(filters, "doctorId")
	}
	if in.Reported {
		c.And("r.open_reports > 0")
		filters = append(filters, "reported")
	}
	if in.Hidden {
		c.And("r.hidden")
		filters = append(filters, "hidden")
	}
	if last != nil {
		newestFirst.After(&c, c.Value(last.Value), c.Value(last.ID))
	}
	rows := "SELECT * FROM reviews r" + c.Where() + newestFirst.OrderBy() + " LIMIT " + c.Value(in.Limit+1)
	items, err := listModerated(ctx, tx, rows, c.Args())
	if err != nil {
		return page, err
	}
	endOf := func(r ModeratedReview) any { return httpapi.Position[time.Time]{Value: r.CreatedAt, ID: r.ID} }
	page = httpapi.NewPage(s.Cursors, scope, in.Limit, items, endOf)
	patients := []uuid.UUID{}
	for _, r := range page.Items {
		patients = append(patients, r.PatientID)
	}
	slices.SortFunc(patients, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	audit.Write(tx, actor, "review.list", actor.ID,
		audit.Meta{"filters": filters, "patientIds": slices.Compact(patients)})
	return page, nil
}

// Read returns a review for moderators. Returns problem.NotFound.
func (s *Service) Read(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ReadRequest) (ModeratedReview, error) {
	r, err := findModerated(ctx, tx, in.ID)
	if err != nil {
		return r, err
	}
	audit.Write(tx, actor, "review.read", r.ID, audit.Meta{"patientIds": []uuid.UUID{r.PatientID}})
	return r, nil
}

// findModerated returns a review as staff sees it. Returns problem.NotFound.
func findModerated(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (ModeratedReview, error) {
	found, err := listModerated(ctx, tx, "SELECT * FROM reviews WHERE id = $1", []any{id})
	if err != nil {
		return ModeratedReview{}, err
	}
	if len(found) == 0 {
		return ModeratedReview{}, problem.NotFound
	}
	return found[0], nil
}

// listModerated returns the reviews that a query finds, the newest first, with their reports.
func listModerated(ctx context.Context, tx *postgres.Tx, rows string, args []any) ([]ModeratedReview, error) {
	const columns = `SELECT r.id, r.consultation_id, r.doctor_id, r.patient_id, r.rating, r.text, r.reply, r.hidden,
		r.is_false, r.reply_hidden, r.decision_reason, r.decided_by, r.decided_at, r.open_reports, r.created_at,
		r.updated_at, (SELECT count(*) FROM review_reports n WHERE n.review_id = r.id),
		(SELECT coalesce(jsonb_agg(jsonb_build_object('reporterId', n.reporter_id, 'reason', n.reason, 'createdAt',
			n.created_at) ORDER BY n.created_at DESC), '[]') FROM (SELECT * FROM review_reports n
			WHERE n.review_id = r.id ORDER BY n.created_at DESC LIMIT 20) n)`
	scan := func(row pgx.CollectableRow) (r ModeratedReview, err error) {
		err = row.Scan(&r.ID, &r.ConsultationID, &r.DoctorID, &r.PatientID, &r.Rating, &r.Text, &r.Reply, &r.Hidden,
			&r.IsFalse, &r.ReplyHidden, &r.DecisionReason, &r.DecidedBy, &r.DecidedAt, &r.OpenReports, &r.CreatedAt,
			&r.UpdatedAt, &r.ReportCount, &r.Reports)
		for i := range r.Reports {
			r.Reports[i].CreatedAt = r.Reports[i].CreatedAt.UTC()
		}
		return r, err
	}
	found, err := postgres.List(ctx, tx, "listReviews", columns+" FROM ("+rows+") r"+newestFirst.OrderBy(), args, scan)
	if err != nil {
		return nil, err
	}
	return found, namePeople(ctx, tx, found)
}

// namePeople adds the names of the people of reviews.
func namePeople(ctx context.Context, tx *postgres.Tx, reviews []ModeratedReview) error {
	var people []*uuid.UUID
	for i := range reviews {
		r := &reviews[i]
		people = append(people, &r.DoctorID, &r.PatientID, r.DecidedBy)
		for j := range r.Reports {
			people = append(people, &r.Reports[j].ReporterID)
		}
	}
	names, err := account.Names(ctx, tx, people...)
	if err != nil {
		return err
	}
	for i := range reviews {
		r := &reviews[i]
		r.DoctorName, r.PatientName = names[r.DoctorID], names[r.PatientID]
		r.DecidedByName = names.Of(r.DecidedBy)
		for j := range r.Reports {
			r.Reports[j].ReporterName = names[r.Reports[j].ReporterID]
		}
	}
	return nil
}
