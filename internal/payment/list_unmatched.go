package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Unmatched is money that a provider reported and no attempt asked for.
type Unmatched struct {
	_ struct{} `doc:"Money that matches nothing that was asked for"`

	ID                   uuid.UUID         `json:"id" doc:"Its id"`
	Kind                 UnmatchedKind     `json:"kind" doc:"PAYMENT: it came. REFUND: it was given back at the provider, and fits nothing that came"`
	Reason               UnmatchedReason   `json:"reason" doc:"What is wrong with it; INCOMPLETE: the provider said no amount or no currency; EXCEEDS_CAPTURE: more was given back than came; WRONG_REFUND: under its refundId a refund of another amount or payment is known, or one that was never sent"`
	Status               UnmatchedStatus   `json:"status" doc:"WAITING for an administrator; RETURNING to whom it came from; MATCHED: the money of a refund that was reported first has come since; CLOSED by an administrator"`
	Actions              []UnmatchedAction `json:"actions" doc:"What can be done about it now" example:"REFUND"`
	Provider             string            `json:"provider" example:"stub" doc:"Who reported it"`
	TransactionReference string            `json:"transactionReference" example:"stub_7QK2M" doc:"The reference it came with"`
	Amount               *money.Amount     `json:"amount" nullable:"true" doc:"How much; null when the provider didn't say"`
	Currency             *string           `json:"currency" nullable:"true" doc:"In which currency; null when the provider didn't say"`
	AskedAmount          *money.Amount     `json:"askedAmount" nullable:"true" doc:"What its attempt asked for; null when it belongs to none"`
	AskedCurrency        *string           `json:"askedCurrency" nullable:"true" doc:"In which currency it was asked for"`
	ConsultationID       *uuid.UUID        `json:"consultationId" nullable:"true" doc:"The consultation that is paid; null when it belongs to no attempt"`
	PaymentID            *uuid.UUID        `json:"paymentId" nullable:"true" doc:"The payment; null when it belongs to no attempt"`
	AttemptID            *uuid.UUID        `json:"attemptId" nullable:"true" doc:"The attempt; null when it belongs to none"`
	Resolution           *string           `json:"resolution" nullable:"true" doc:"Why an administrator decided so"`
	ResolvedBy           *uuid.UUID        `json:"resolvedBy" nullable:"true" doc:"Who decided"`
	ResolvedByName       *string           `json:"resolvedByName" nullable:"true" doc:"Their name; null as resolvedBy is, and when the account is deleted"`
	ResolvedAt           *time.Time        `json:"resolvedAt" nullable:"true" doc:"When they decided"`
	ReceivedAt           time.Time         `json:"receivedAt" doc:"When it was reported"`
	UpdatedAt            time.Time         `json:"updatedAt" doc:"When it last changed"`
}

// Entity names the money for a stored answer.
func (u Unmatched) Entity() (string, uuid.UUID) { return "unmatched-money", u.ID }

// ListUnmatchedRequest filters the list.
type ListUnmatchedRequest struct {
	httpapi.Paging
	Status    []UnmatchedStatus `query:"status" maxItems:"5" doc:"Only these; several are separated by commas" example:"WAITING"`
	Kind      []UnmatchedKind   `query:"kind" maxItems:"2" doc:"Only these; several are separated by commas" example:"PAYMENT"`
	Reference string            `query:"transactionReference" maxLength:"200" doc:"Only what came with this reference" example:"stub_7QK2M"`
	From      time.Time         `query:"from" doc:"Only what was reported then or later" example:"2026-11-23T00:00:00Z"`
	To        time.Time         `query:"to" doc:"Only what was reported before" example:"2026-12-07T00:00:00Z"`
}

// listUnmatched returns a page of unmatched money, the newest first.
func (s *Service) listUnmatched(ctx context.Context, r *postgres.Read, _ access.Actor,
	in ListUnmatchedRequest) (httpapi.Page[Unmatched], error) {
	const scope = "admin/unmatched-money"
	if fault := httpapi.PeriodFault(in.From, in.To); fault != nil {
		return httpapi.Page[Unmatched]{}, problem.InvalidField("query.to", fault)
	}
	p := listUnmatchedParams{Statuses: texts(in.Status, unmatchedStatuses()),
		Kinds: texts(in.Kind, unmatchedKinds()), Before: uuid.Max,
		Most: int32(in.Limit + 1)} //nolint:gosec // at most 101
	if _, err := s.Cursors.Decode(scope, in.Cursor, &p.Before); err != nil {
		return httpapi.Page[Unmatched]{}, err
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
		return httpapi.Page[Unmatched]{}, fmt.Errorf("list unmatched money: %w", err)
	}
	var items []Unmatched
	for _, row := range rows {
		items = append(items, viewUnmatched(readUnmatchedRow(row)))
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(u Unmatched) any { return u.ID }), nil
}

func viewUnmatched(row readUnmatchedRow) Unmatched {
	u := row.UnmatchedMoney
	return Unmatched{ID: u.ID, Kind: u.Kind, Reason: u.Reason, Status: u.Status, Actions: actions(u),
		Provider: u.Provider, TransactionReference: u.TransactionReference, Amount: u.Amount, Currency: u.Currency,
		AskedAmount: row.AskedAmount, AskedCurrency: row.AskedCurrency, ConsultationID: row.ConsultationID,
		PaymentID: u.PaymentID, AttemptID: u.AttemptID, Resolution: u.Resolution, ResolvedBy: u.ResolvedBy,
		ResolvedAt: u.ResolvedAt, ResolvedByName: row.ResolverName, ReceivedAt: u.ReceivedAt, UpdatedAt: u.UpdatedAt}
}

// actions returns what can be done about unmatched money. Only a payment whose amount and currency are known can be
// refunded.
func actions(u UnmatchedMoney) []UnmatchedAction {
	switch {
	case u.Status != statusWaiting:
		return []UnmatchedAction{}
	case u.Kind == kindPayment && u.Amount != nil && *u.Amount > 0 && u.Currency != nil:
		return []UnmatchedAction{actionRefund, actionClose}
	}
	return []UnmatchedAction{actionClose}
}
