package payment

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// What an administrator can do about unmatched money.
const (
	actionRefund = "REFUND"
	actionClose  = "CLOSE"
)

// Unmatched is money that a provider reports and that is not what was asked.
type Unmatched struct {
	ID                   uuid.UUID     `json:"id" doc:"Its id"`
	Kind                 string        `json:"kind" enum:"PAYMENT,REFUND" doc:"PAYMENT: it came. REFUND: it was given back at the provider, and fits nothing that came"`
	Reason               string        `json:"reason" enum:"UNKNOWN_REFERENCE,WRONG_AMOUNT,WRONG_CURRENCY,INCOMPLETE,EXCEEDS_CAPTURE,WRONG_REFUND" doc:"What is wrong with it; INCOMPLETE: the provider said no amount or no currency; EXCEEDS_CAPTURE: more was given back than came; WRONG_REFUND: under its refundId a refund of another amount or payment is known, or one that was never sent"`
	Status               string        `json:"status" enum:"WAITING,RETURNING,RETURNED,MATCHED,CLOSED" doc:"WAITING for an administrator; RETURNING to whom it came from; MATCHED: the money of a refund that was reported first has come since; CLOSED by an administrator"`
	Actions              []string      `json:"actions" nullable:"false" enum:"REFUND,CLOSE" doc:"What can be done about it now" example:"REFUND"`
	Provider             string        `json:"provider" example:"stub" doc:"Who reported it"`
	TransactionReference string        `json:"transactionReference" example:"stub_7QK2M" doc:"The reference it came with"`
	Amount               *money.Amount `json:"amount" nullable:"true" doc:"How much; null when the provider didn't say"`
	Currency             *string       `json:"currency" nullable:"true" example:"USD" doc:"In which currency; null when the provider didn't say"`
	AskedAmount          *money.Amount `json:"askedAmount" nullable:"true" doc:"What its attempt asked for; null when it belongs to none"`
	AskedCurrency        *string       `json:"askedCurrency" nullable:"true" example:"INR" doc:"In which currency it was asked for"`
	ConsultationID       *uuid.UUID    `json:"consultationId" nullable:"true" doc:"The consultation that is paid; null when it belongs to no attempt"`
	PaymentID            *uuid.UUID    `json:"paymentId" nullable:"true" doc:"The payment; null when it belongs to no attempt"`
	AttemptID            *uuid.UUID    `json:"attemptId" nullable:"true" doc:"The attempt; null when it belongs to none"`
	Resolution           *string       `json:"resolution" nullable:"true" doc:"Why an administrator decided so" example:"Paid to a closed account; sent back"`
	ResolvedBy           *uuid.UUID    `json:"resolvedBy" nullable:"true" doc:"Who decided"`
	ResolvedAt           *time.Time    `json:"resolvedAt" nullable:"true" doc:"When they decided"`
	ReceivedAt           time.Time     `json:"receivedAt" doc:"When it was reported"`
	UpdatedAt            time.Time     `json:"updatedAt" doc:"When it last changed"`
}

// Entity names it for a stored answer.
func (u Unmatched) Entity() (string, uuid.UUID) { return "unmatched-money", u.ID }

// UnmatchedIn filters the list.
type UnmatchedIn struct {
	httpapi.Paging
	Status    []string  `query:"status" enum:"WAITING,RETURNING,RETURNED,MATCHED,CLOSED" maxItems:"5" doc:"Only these; several are separated by commas" example:"WAITING"`
	Kind      []string  `query:"kind" enum:"PAYMENT,REFUND" maxItems:"2" doc:"Only these; several are separated by commas" example:"PAYMENT"`
	Reference string    `query:"transactionReference" maxLength:"200" doc:"Only what came with this reference" example:"stub_7QK2M"`
	From      time.Time `query:"from" doc:"Only what was reported then or later" example:"2026-11-23T00:00:00Z"`
	To        time.Time `query:"to" doc:"Only what was reported before" example:"2026-12-07T00:00:00Z"`
}

// ResolveIn decides on one.
type ResolveIn struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The unmatched money"`
	Body struct {
		Action string `json:"action" enum:"REFUND,CLOSE" doc:"REFUND sends it back to whom it came from, CLOSE leaves it where it is; one of its actions" example:"REFUND"`
		Reason string `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; nothing about anybody's health" example:"Paid to a closed account; sent back"`
	}
}

func (s *Service) listUnmatched(ctx context.Context, r *postgres.Read, _ access.Actor,
	in UnmatchedIn) (httpapi.Page[Unmatched], error) {
	const scope = "admin/unmatched-money"
	if !in.To.IsZero() && !in.To.After(in.From) {
		return httpapi.Page[Unmatched]{}, problem.InvalidField("query.to", "must be after from")
	}
	p := listUnmatchedParams{Statuses: in.Status, Kinds: in.Kind, Before: uuid.Max,
		Most: int32(in.Limit + 1)} //nolint:gosec // at most 101
	if _, err := s.Cursors.Open(scope, in.Cursor, &p.Before); err != nil {
		return httpapi.Page[Unmatched]{}, err
	}
	if len(p.Statuses) == 0 {
		p.Statuses = []string{statusWaiting, "RETURNING", "RETURNED", "MATCHED", statusClosed}
	}
	if len(p.Kinds) == 0 {
		p.Kinds = []string{kindPayment, kindRefund}
	}
	if in.Reference != "" {
		p.Reference = &in.Reference
	}
	if !in.From.IsZero() {
		p.FromTime = &in.From
	}
	if !in.To.IsZero() {
		p.ToTime = &in.To
	}
	rows, err := listUnmatched(ctx, r, p)
	if err != nil {
		return httpapi.Page[Unmatched]{}, err
	}
	var items []Unmatched
	for _, row := range rows {
		items = append(items, viewUnmatched(readUnmatchedRow(row)))
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(u Unmatched) any { return u.ID }), nil
}

func viewUnmatched(row readUnmatchedRow) Unmatched {
	u := row.UnmatchedMoney
	v := Unmatched{ID: u.ID, Kind: u.Kind, Reason: u.Reason, Status: u.Status, Actions: actions(u),
		Provider: u.Provider, TransactionReference: u.TransactionReference, Amount: u.Amount, Currency: u.Currency,
		AskedAmount: row.AskedAmount, AskedCurrency: row.AskedCurrency, ConsultationID: row.ConsultationID,
		PaymentID: u.PaymentID, AttemptID: u.AttemptID, Resolution: u.Resolution, ResolvedBy: u.ResolvedBy,
		ResolvedAt: u.ResolvedAt, ReceivedAt: u.ReceivedAt, UpdatedAt: u.UpdatedAt}
	return v
}

// actions are what can be done about unmatched money: only what came, and how much is known, can be sent back.
func actions(u UnmatchedMoney) []string {
	switch {
	case u.Status != statusWaiting:
		return []string{}
	case u.Kind == kindPayment && u.Amount != nil && *u.Amount > 0 && u.Currency != nil:
		return []string{actionRefund, actionClose}
	}
	return []string{actionClose}
}

// resolve decides on money that waits for an administrator.
// Errors: problem.NotFound, problem.InvalidTransition when it doesn't wait or the action isn't one of its own.
func (s *Service) resolve(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ResolveIn) (Unmatched, error) {
	if err := saysWhy(in.Body.Reason); err != nil {
		return Unmatched{}, err
	}
	u, err := lockUnmatched(ctx, tx, in.ID)
	switch {
	case postgres.NoRows(err):
		return Unmatched{}, problem.NotFound
	case err != nil:
		return Unmatched{}, err
	case u.Status != statusWaiting:
		return Unmatched{}, problem.InvalidTransition.WithDetail(
			"Only money that is WAITING can be decided on; this is " + u.Status + ".")
	}
	status, verb := statusClosed, "unmatched-money.close"
	if in.Body.Action == actionRefund {
		status, verb = statusWaiting, "unmatched-money.refund"
		if err := s.sendBack(ctx, tx, actor, u); err != nil {
			return Unmatched{}, err
		}
	}
	audit.Write(tx, actor, verb, u.ID, audit.Meta{"amount": u.Amount, "currency": u.Currency})
	err = errors.Join(
		resolveUnmatched(ctx, tx, resolveUnmatchedParams{ID: u.ID, Status: status, Resolution: &in.Body.Reason,
			ResolvedBy: &actor.ID, Now: &tx.Now}), followRefunds(ctx, tx, tx.Now, u.ID))
	if err != nil {
		return Unmatched{}, err
	}
	row, err := readUnmatched(ctx, tx, u.ID)
	return viewUnmatched(row), err
}

// sendBack begins the refund of what is left of money that came, to whom it came from.
func (s *Service) sendBack(ctx context.Context, tx *postgres.Tx, actor access.Actor, u UnmatchedMoney) error {
	if len(actions(u)) < 2 {
		return problem.InvalidTransition.WithDetail(
			"This can't be sent back: it isn't money that came, or nobody knows how much.")
	}
	refunds, err := lockRefundsOf(ctx, tx, nil, []uuid.UUID{u.ID}, *u.Currency)
	if err != nil {
		return err
	}
	l := ledger{refunds: refunds}
	rest := *u.Amount - l.under(part{&u.ID, *u.Amount}, RefundStatusPending, RefundStatusSucceeded)
	due := RefundRow{PaymentID: u.PaymentID, AttemptID: u.AttemptID, UnmatchedID: &u.ID, Amount: rest,
		Currency: *u.Currency, Reason: "belongs to no booking", RequestedBy: &actor.ID}
	return s.openRefund(ctx, tx, actor, due, 0)
}
