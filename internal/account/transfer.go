package account

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// transferLife is how long a transfer may wait for those who confirm it.
const transferLife = 30 * 24 * time.Hour

// TransferStatus is where a transfer stands.
type TransferStatus string

const (
	transferOpen      TransferStatus = "OPEN"
	transferDone      TransferStatus = "DONE"
	transferCancelled TransferStatus = "CANCELLED"
	transferRefused   TransferStatus = "REFUSED"
)

// Schema lists the values.
func (TransferStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "DependantTransferStatus", "Where a transfer stands: OPEN waits for its confirmations; "+
		"CANCELLED by who asked for it; REFUSED by the other side or staff",
		transferOpen, transferDone, transferCancelled, transferRefused)
}

// Transfer is a request to move a dependant's record to an account of their own. Who asked for it, the owner of the
// other account and staff all have to confirm it.
type Transfer struct {
	_ struct{} `doc:"A request to move a dependant's record to an account of their own"`

	ID            uuid.UUID `json:"id" doc:"The transfer's id"`
	DependantID   uuid.UUID `json:"dependantId" format:"uuid" doc:"Whose record is moved"`
	DependantName *string   `json:"dependantName" nullable:"true" doc:"Their name; null for who asked once the record is moved" example:"Anil Rao"`
	RequestedBy   uuid.UUID `json:"requestedBy" format:"uuid" doc:"Whose account acts for them until then"`

	RequestedByName *string    `json:"requestedByName" nullable:"true" doc:"Their name, for staff; null for others, and when the account is deleted"`
	AcceptedBy      *uuid.UUID `json:"acceptedBy" nullable:"true" doc:"The account that gets the record, for staff; null for others, and until its owner has confirmed it"`
	AcceptedByName  *string    `json:"acceptedByName" nullable:"true" doc:"The name of its owner, for staff; null as acceptedBy is, and when the account is deleted"`

	Status     TransferStatus `json:"status" doc:"Where it stands" example:"OPEN"`
	AcceptedAt *time.Time     `json:"acceptedAt" nullable:"true" doc:"When the owner of the other account confirmed it; null until then"`
	ApprovedAt *time.Time     `json:"approvedAt" nullable:"true" doc:"When staff confirmed it; null until then"`
	EndedAt    *time.Time     `json:"endedAt" nullable:"true" doc:"When the record was moved, or the transfer was cancelled or refused; null until then"`
	ExpiresAt  time.Time      `json:"expiresAt" doc:"Not confirmed by all until then, it is over"`
	CreatedAt  time.Time      `json:"createdAt" doc:"When it was asked for"`
}

// Entity names the transfer for a stored answer.
func (t Transfer) Entity() (string, uuid.UUID) { return "dependant-transfer", t.ID }

// IsDone reports whether the record was moved.
func (t Transfer) IsDone() bool { return t.Status == transferDone }

// The refusals of transfers.
var (
	ErrTransferPending = problem.Conflict("transfer-pending", "A transfer is under way",
		"A transfer of this dependant is under way.",
		"Wait for its confirmations, or cancel it: DELETE /api/v1/dependant-transfers/{id}.")
	ErrTransferOver = problem.Conflict("transfer-over", "The transfer is over",
		"The transfer is done, cancelled, refused or too old.",
		"Who acts for the dependant can ask for another one.")
)

// TransferRequest names a transfer.
type TransferRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The transfer's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7091"`
}

// nameAccounts adds for staff whose accounts transfers are between.
func nameAccounts(ctx context.Context, tx *postgres.Tx, rows []readTransferRow, views []Transfer) error {
	people := make([]*uuid.UUID, 0, 2*len(rows))
	for _, row := range rows {
		people = append(people, &row.TransferRow.UserID, row.TransferRow.AcceptedBy)
	}
	names, err := Names(ctx, tx, people...)
	if err != nil {
		return err
	}
	for i, row := range rows {
		by := row.TransferRow.AcceptedBy
		views[i].RequestedByName = names[row.TransferRow.UserID]
		views[i].AcceptedBy, views[i].AcceptedByName = by, names.Of(by)
	}
	return nil
}

// view returns the transfer as somebody sees it.
func (row readTransferRow) view(reader uuid.UUID) Transfer {
	t := row.TransferRow
	out := Transfer{ID: t.ID, DependantID: t.DependantID, RequestedBy: t.UserID, Status: t.Status,
		DependantName: &row.FullName, AcceptedAt: t.AcceptedAt, ApprovedAt: t.ApprovedAt, EndedAt: t.EndedAt,
		ExpiresAt: t.CreatedAt.Add(transferLife), CreatedAt: t.CreatedAt}
	if t.Status == transferDone && reader == t.UserID {
		out.DependantName = nil
	}
	return out
}

// isOpen reports whether the transfer can still be confirmed.
func (row readTransferRow) isOpen(now time.Time) bool {
	return row.TransferRow.Status == transferOpen && now.Before(row.TransferRow.CreatedAt.Add(transferLife))
}

// lockTransfer locks a transfer, and before that the account that acts for the dependant: bookings wait. The deletion
// of either account ends its transfers, so it waits too, and then finds where the dependant belongs. Returns
// problem.NotFound, ErrTransferOver.
func (s *Service) lockTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	id uuid.UUID) (readTransferRow, error) {
	row, err := readTransfer(ctx, tx, actor.ID, id)
	switch {
	case postgres.NoRows(err):
		return row, problem.NotFound
	case err != nil:
		return row, fmt.Errorf("read a transfer: %w", err)
	case !canEndTransfer(actor, row):
		return row, problem.NotFoundAudited("dependant-transfer", id)
	}
	_, err = lockAccount(ctx, tx, row.TransferRow.UserID)
	switch {
	case postgres.NoRows(err):
		return row, ErrTransferOver
	case err != nil:
		return row, fmt.Errorf("lock an account: %w", err)
	}
	if err := lockTransferRow(ctx, tx, id); err != nil {
		return row, fmt.Errorf("lock a transfer: %w", err)
	}
	// After the locks, because it must see what a transaction before has stored.
	if row, err = readTransfer(ctx, tx, actor.ID, id); err != nil {
		return row, fmt.Errorf("read a transfer: %w", err)
	}
	if !row.isOpen(tx.Now) || !row.IsReceiverActive {
		return row, ErrTransferOver
	}
	return row, nil
}

// finishTransfer moves the record if everybody has confirmed the transfer, and stores the transfer. Returns
// ErrDependantHasConsultations.
func (s *Service) finishTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	row readTransferRow) (Transfer, error) {
	t := &row.TransferRow
	if t.AcceptedBy != nil && t.ApprovedBy != nil {
		if err := requireNoSeats(ctx, tx, t.DependantID); err != nil {
			return Transfer{}, err
		}
		if err := moveDependant(ctx, tx, *t.AcceptedBy, tx.Now, t.DependantID); err != nil {
			return Transfer{}, fmt.Errorf("move a dependant: %w", err)
		}
		t.Status, t.EndedAt, t.Email = transferDone, &tx.Now, nil
		audit.Write(tx, actor, "dependant.move", t.DependantID, audit.Meta{"transferId": t.ID, "fromUserId": t.UserID,
			"toUserId": *t.AcceptedBy})
		for _, to := range []uuid.UUID{t.UserID, *t.AcceptedBy} {
			if err := s.Mails.Enqueue(ctx, tx, notification.Mail{To: to, Kind: "dependant-moved"}); err != nil {
				return Transfer{}, err
			}
		}
	}
	views := []Transfer{row.view(actor.ID)}
	if actor.IsStaff() {
		if err := nameAccounts(ctx, tx, []readTransferRow{row}, views); err != nil {
			return Transfer{}, err
		}
	}
	return views[0], storeTransfer(ctx, tx, *t)
}

func storeTransfer(ctx context.Context, tx *postgres.Tx, t TransferRow) error {
	err := updateTransfer(ctx, tx, updateTransferParams{ID: t.ID, Status: t.Status, Email: t.Email,
		AcceptedBy: t.AcceptedBy, AcceptedAt: t.AcceptedAt, ApprovedBy: t.ApprovedBy, ApprovedAt: t.ApprovedAt,
		EndedAt: t.EndedAt})
	if err != nil {
		return fmt.Errorf("update a transfer: %w", err)
	}
	return nil
}

// requireNoSeats locks a dependant, so that bookings wait. Returns ErrDependantHasConsultations if a consultation
// isn't over.
func requireNoSeats(ctx context.Context, tx *postgres.Tx, dependant uuid.UUID) error {
	if err := lockPerson(ctx, tx, dependant); err != nil {
		return fmt.Errorf("lock a dependant: %w", err)
	}
	seats, err := countSeats(ctx, tx, dependant)
	switch {
	case err != nil:
		return fmt.Errorf("count the seats of a dependant: %w", err)
	case seats > 0:
		return ErrDependantHasConsultations
	}
	return nil
}

// MovedAway returns the people whose records an account kept before they were moved to another one.
func MovedAway(ctx context.Context, db postgres.Querier, account uuid.UUID) ([]uuid.UUID, error) {
	ids, err := listMovedAway(ctx, db, account)
	if err != nil {
		return nil, fmt.Errorf("list what was moved away from an account: %w", err)
	}
	return ids, nil
}

// MovedTo returns the people whose records were moved to an account: they are its own.
func MovedTo(ctx context.Context, db postgres.Querier, account uuid.UUID) ([]uuid.UUID, error) {
	ids, err := listMovedTo(ctx, db, account)
	if err != nil {
		return nil, fmt.Errorf("list what was moved to an account: %w", err)
	}
	return ids, nil
}
