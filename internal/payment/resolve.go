package payment

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ResolveRequest decides on unmatched money.
type ResolveRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The unmatched money"`
	Body struct {
		_ struct{} `doc:"The decision, and why"`

		Action UnmatchedAction `json:"action" doc:"REFUND sends it back to whom it came from, CLOSE leaves it where it is; one of its actions" example:"REFUND"`
		Reason string          `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; nothing about anybody's health" example:"Paid to a closed account; sent back"`
	}
}

// resolve applies an administrator's decision on money that waits for one. Returns NotFound, or InvalidTransition if
// the money doesn't wait or the action isn't one of its own.
func (s *Service) resolve(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ResolveRequest) (Unmatched, error) {
	if err := checkReason(in.Body.Reason); err != nil {
		return Unmatched{}, err
	}
	u, err := lockUnmatched(ctx, tx, in.ID)
	switch {
	case postgres.NoRows(err):
		return Unmatched{}, problem.NotFound
	case err != nil:
		return Unmatched{}, fmt.Errorf("lock unmatched money: %w", err)
	case u.Status != statusWaiting:
		return Unmatched{}, problem.InvalidTransition.WithDetail(detailNotWaiting.With("status", string(u.Status)))
	}
	status, verb := statusClosed, "unmatched-money.close"
	if in.Body.Action == actionRefund {
		status, verb = statusWaiting, "unmatched-money.refund"
		if err := s.refundUnmatched(ctx, tx, actor, u); err != nil {
			return Unmatched{}, err
		}
	}
	audit.Write(tx, actor, verb, u.ID, audit.Meta{"amount": u.Amount, "currency": u.Currency})
	if err := resolveUnmatched(ctx, tx, resolveUnmatchedParams{ID: u.ID, Status: status,
		Resolution: &in.Body.Reason, ResolvedBy: &actor.ID, Now: &tx.Now}); err != nil {
		return Unmatched{}, fmt.Errorf("store the decision on unmatched money: %w", err)
	}
	if err := recalculateUnmatchedStatus(ctx, tx, u.ID); err != nil {
		return Unmatched{}, err
	}
	row, err := readUnmatched(ctx, tx, u.ID)
	if err != nil {
		return Unmatched{}, fmt.Errorf("read unmatched money: %w", err)
	}
	return viewUnmatched(row), nil
}

// refundUnmatched begins the refund of what is left of unmatched money. Returns InvalidTransition if it can't be
// refunded.
func (s *Service) refundUnmatched(ctx context.Context, tx *postgres.Tx, actor access.Actor, u UnmatchedMoney) error {
	if !slices.Contains(actions(u), actionRefund) {
		return problem.InvalidTransition.WithDetail(detailNotMoney)
	}
	refunds, err := lockRefunds(ctx, tx, nil, []uuid.UUID{u.ID}, *u.Currency)
	if err != nil {
		return fmt.Errorf("lock the refunds of unmatched money: %w", err)
	}
	l := ledger{refunds: refunds}
	rec := receipt{&u.ID, *u.Amount}
	rest := rec.amount - l.sum(rec, RefundStatusPending, RefundStatusSucceeded)
	refund := RefundRow{PaymentID: u.PaymentID, AttemptID: u.AttemptID, UnmatchedID: &u.ID, Amount: rest,
		Currency: *u.Currency, Reason: "belongs to no booking", RequestedBy: &actor.ID}
	return s.openRefund(ctx, tx, actor, refund, 0)
}
