package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
)

// ListPaymentsRequest asks for a page of the caller's own payments.
type ListPaymentsRequest struct{ httpapi.Paging }

// OwnPayment is a payment for the patient who owes or paid it, with the consultation that it is for.
type OwnPayment struct {
	_ struct{} `doc:"The money of one consultation, for the patient"`

	payment.Payment
	PaidAt             *time.Time       `json:"paidAt" doc:"When what was paid last came; null while nothing did" example:"2026-11-23T04:45:00Z"`
	Refunds            []payment.Refund `json:"refunds" doc:"The refunds, oldest first"`
	PaidAmount         money.Amount     `json:"paidAmount" doc:"What was paid in all, before refunds"`
	RefundedAmount     money.Amount     `json:"refundedAmount" doc:"What has been given back of what was paid, so far"`
	BalanceDue         *money.Amount    `json:"balanceDue" nullable:"true" doc:"What a move of the consultation to a higher fee has left to pay; null when nothing is due"`
	PaymentStatus      PaymentState     `json:"paymentStatus" doc:"PAID exactly when it succeeded" example:"PAID"`
	ConsultationStatus Status           `json:"consultationStatus" doc:"Where the consultation stands" example:"CONFIRMED"`
	StartTime          time.Time        `json:"startTime" doc:"When the consultation begins" example:"2026-11-24T04:30:00Z"`
	DoctorID           uuid.UUID        `json:"doctorId" doc:"Who sees the patient"`
	DoctorName         string           `json:"doctorName" doc:"The doctor's name"`
	PatientName        string           `json:"patientName" doc:"Who is seen"`
	RecordMoved        bool             `json:"recordMoved" doc:"true when the record has moved to an account of the patient's own since: the consultation can't be read any more" example:"false"`
	DependantID        *uuid.UUID       `json:"dependantId" format:"uuid" nullable:"true" doc:"The patient, when somebody else booked for them; null when the patient did"`
}

// ofBooker is the condition of what an account booked for somebody.
const ofBooker = "c.booked_by = $1"

// ListPayments lists what the patient paid or owes, for themselves and for their dependants: also for those whose
// record has moved to another account since.
func (s *Service) ListPayments(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListPaymentsRequest) (httpapi.Page[OwnPayment], error) {
	var none httpapi.Page[OwnPayment]
	const scope = "payments/me"
	var lists [][]filter
	for _, person := range actor.People() {
		lists = append(lists, []filter{{ofPatient, person}})
	}
	moved, err := account.MovedAway(ctx, r, actor.ID)
	if err != nil {
		return none, err
	}
	for _, person := range moved {
		lists = append(lists, []filter{{ofPatient, person}, {ofBooker, actor.ID}})
	}
	rows, err := s.listRows(ctx, r, r.Now, ListRequest{Paging: in.Paging, Sort: SortLatest}, scope, lists)
	if err != nil {
		return none, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.ConsultationRow.ID
	}
	payments, err := payment.ListOf(ctx, r, ids)
	if err != nil {
		return none, err
	}
	items := make([]OwnPayment, len(rows))
	for i, row := range rows {
		c, p := s.withoutHealthData(row.ConsultationRow), payments[row.ConsultationRow.ID]
		items[i] = OwnPayment{Payment: p.Payment, PaidAt: p.PaidAt, PaidAmount: p.Paid,
			Refunds: p.Refunds, RefundedAmount: row.Refunded,
			BalanceDue: c.BalanceDue, PaymentStatus: c.PaymentStatus, ConsultationStatus: c.Status,
			StartTime: c.StartTime, DoctorID: c.DoctorID, DoctorName: row.DoctorName, PatientName: row.PatientName,
			DependantID: c.DependantID, RecordMoved: !actor.ActsFor(c.PatientID)}
	}
	endOf := func(p OwnPayment) any { return pageEnd{Value: p.StartTime, ID: p.ConsultationID} }
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, endOf), nil
}
