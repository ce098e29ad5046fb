package doctor

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/cancellation"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReadRequest names a doctor.
type ReadRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The doctor's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// Read returns one doctor. Returns problem.NotFound if there is none, or if patients can't find the doctor and the
// actor is neither the doctor nor an administrator.
func (s *Service) Read(ctx context.Context, r *postgres.Read, actor access.Actor, in ReadRequest) (Doctor, error) {
	seen, err := findSeen(ctx, r, actor, VisitFilter{})
	if err != nil {
		return Doctor{}, err
	}
	sql := `SELECT ` + doctorColumns + ` FROM doctors d JOIN users u ON u.id = d.id JOIN profiles p ON p.user_id = d.id
		LEFT JOIN LATERAL (` + selectFreeSlot + ` AND f.start_time > $2 AND is_bookable(f, r, $3, $2)
			ORDER BY f.start_time LIMIT 1) s ON true
		WHERE d.id = $1`
	if !canReadApplication(actor, in.ID) {
		sql += ` AND ` + findableDoctor
	}
	d, err := scanDoctor(r.QueryRow(ctx, sql, in.ID, r.Now, slices.Contains(seen, in.ID)))
	if postgres.NoRows(err) {
		return Doctor{}, problem.NotFound
	}
	if err != nil {
		return Doctor{}, err
	}
	if canReadApplication(actor, d.ID) {
		d.Application = d.decision.application()
	}
	d = s.withPolicy(d)
	if !canReadSameNumber(actor) {
		return d, nil
	}
	return withSameNumber(ctx, r, d)
}

// withPolicy returns the doctor with the clinic's policy if the doctor has no own one.
func (s *Service) withPolicy(d Doctor) Doctor {
	if d.CancellationPolicy == nil {
		d.CancellationPolicy = s.CancellationPolicy
	}
	return d
}

// ownPolicy reads what policyText returns.
func ownPolicy(text *string) (cancellation.Policy, error) {
	if text == nil {
		return nil, nil
	}
	return cancellation.Parse(*text)
}

// policyText returns an own policy as it is stored, or nil if there is none.
func policyText(p cancellation.Policy) *string {
	if p == nil {
		return nil
	}
	return new(p.String())
}

// WithNextSlot returns the doctor with the next free slot, as a stranger sees it.
func WithNextSlot(ctx context.Context, db postgres.Querier, now time.Time, d Doctor) (Doctor, error) {
	slot, err := nextFreeSlot(ctx, db, d.ID, now)
	if postgres.NoRows(err) {
		return d, nil
	}
	d.NextFreeSlot = nextSlot(&slot.ID, &slot.StartTime, &slot.EndTime)
	return d, err
}

// LockApproved locks a doctor until the transaction ends, so that an approval or its withdrawal waits. Returns
// ErrNotApproved if the doctor isn't approved. What a doctor may do only while approved begins with it: the withdrawal
// of an approval too locks the doctor before the consultations.
func LockApproved(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	approved, err := lockApproved(ctx, tx, id)
	if postgres.NoRows(err) || (err == nil && !approved) {
		return ErrNotApproved
	}
	return err
}

func (r lockDoctorRow) doctor() (Doctor, error) {
	policy, err := ownPolicy(r.CancellationPolicy)
	d := decision{
		isApproved:  r.IsApproved,
		reason:      r.ApprovalReason,
		decidedAt:   r.ApprovalDecidedAt,
		holdsNumber: r.RegistrationKey != nil,
	}
	return Doctor{
		Application:        d.application(),
		CancellationPolicy: policy,
		ID:                 r.ID,
		UserID:             r.ID,
		FullName:           r.FullName,
		Specialization:     r.Specialization,
		YearsOfExperience:  int(r.YearsOfExperience),
		RegistrationNumber: r.RegistrationNumber,
		ClinicName:         r.ClinicName,
		ConsultationFee:    r.ConsultationFee,
		Currency:           r.Currency,
		LanguagesSpoken:    r.LanguagesSpoken,
		Bio:                r.Bio,
		IsApproved:         r.IsApproved,
		Rating:             toRating(r.Rating, int(r.RatingCount)),
		RatingCount:        int(r.RatingCount),
		CreatedAt:          r.CreatedAt,
		UpdatedAt:          r.UpdatedAt,
	}, err
}
