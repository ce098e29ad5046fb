package consultation

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListDisputesRequest filters the list of disputes.
type ListDisputesRequest struct {
	httpapi.Paging
	Status DisputeStatus `query:"status" default:"OPEN" doc:"Only these" example:"OPEN"`
}

// ListDisputes lists the disputes of a status for staff, the oldest first. Each page is audited.
func (s *Service) ListDisputes(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListDisputesRequest) (httpapi.Page[Dispute], error) {
	var page httpapi.Page[Dispute]
	scope, after := "disputes "+string(in.Status), uuid.Nil
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return page, err
	}
	rows, err := listDisputes(ctx, tx, in.Status, after, int32(in.Limit+1)) //nolint:gosec // at most 101
	if err != nil {
		return page, fmt.Errorf("list disputes: %w", err)
	}
	items := make([]Dispute, len(rows))
	for i, row := range rows {
		if items[i], err = s.openDispute(row.DisputeRow, row.Wrapped, true); err != nil {
			return page, err
		}
	}
	page = httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(d Dispute) any { return d.ID })
	patients := []uuid.UUID{}
	for _, d := range page.Items {
		patients = append(patients, d.PatientID)
	}
	audit.WriteReading(tx, actor, "consultation.list", actor.ID, audit.Meta{"of": "disputes"}, patients...)
	return page, describeDisputes(ctx, tx, page.Items)
}

// DecideDisputeRequest decides a dispute.
type DecideDisputeRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The dispute"`
	Body struct {
		_ struct{} `doc:"What is decided, and why"`

		Decision DisputeStatus `json:"decision" enum:"UPHELD,REFUNDED" doc:"UPHELD: the no-show stays as it was recorded; REFUNDED: everything paid is given back" example:"REFUNDED"`
		Reason   string        `json:"reason" health:"none" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; patient and doctor read it, so nothing about anybody's health" example:"The patient had checked in on time"`
	}
}

// DecideDispute decides an open dispute, refunds everything if it is decided so, and mails both parties. The
// consultation stays NO_SHOW. Returns problem.NotFound, problem.InvalidTransition.
func (s *Service) DecideDispute(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in DecideDisputeRequest) (Dispute, error) {
	if !httpapi.HasWord(in.Body.Reason) {
		return Dispute{}, problem.InvalidField("body.reason", problem.NotInWords)
	}
	// The consultation is locked before the dispute, as when it is opened, and before its payment.
	consultationID, err := findDispute(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Dispute{}, problem.NotFound
	}
	if err != nil {
		return Dispute{}, fmt.Errorf("find a dispute: %w", err)
	}
	row, err := s.lock(ctx, tx, actor, consultationID)
	if err != nil {
		return Dispute{}, err
	}
	dispute, err := lockDispute(ctx, tx, in.ID)
	if err != nil {
		return Dispute{}, fmt.Errorf("lock a dispute: %w", err)
	}
	if dispute.Status != DisputeOpen {
		return Dispute{}, problem.InvalidTransition.WithDetail(detailDecided.With("status", string(dispute.Status)))
	}
	dispute.Status, dispute.DecisionReason = in.Body.Decision, &in.Body.Reason
	dispute.DecidedBy, dispute.DecidedAt = &actor.ID, &tx.Now
	err = decideDispute(ctx, tx, decideDisputeParams{ID: dispute.ID, Status: dispute.Status,
		DecisionReason: dispute.DecisionReason, DecidedBy: dispute.DecidedBy, Now: dispute.DecidedAt})
	if err != nil {
		return Dispute{}, fmt.Errorf("decide a dispute: %w", err)
	}
	refund := ""
	if dispute.Status == DisputeRefunded {
		if refund, err = s.refundAll(ctx, tx, actor, row.ID, "the no-show was disputed"); err != nil {
			return Dispute{}, err
		}
	}
	audit.Write(tx, actor, "dispute.decide", dispute.ID,
		audit.Meta{"consultationId": row.ID, "decision": dispute.Status})
	data := map[string]string{"decision": string(dispute.Status), "refund": refund}
	if err := s.notifyParties(ctx, tx, row, "dispute-decided", data); err != nil {
		return Dispute{}, err
	}
	return describeDispute(ctx, tx, viewDispute(dispute, true))
}
