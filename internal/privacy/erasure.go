package privacy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/consultation"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ErasureStatus is where an erasure stands.
type ErasureStatus string

const (
	erasurePending ErasureStatus = "PENDING"
	erasurePartial ErasureStatus = "PARTIAL"
	erasureDone    ErasureStatus = "DONE"
)

// Schema lists the states that are shown: a stopped erasure is not.
func (ErasureStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "ErasureStatus", "Where an erasure stands: PENDING can be stopped; PARTIAL: all is gone "+
		"but the care record; DONE: that is unreadable too", erasurePending, erasurePartial, erasureDone)
}

// Erasure is the state of the erasure of a person's data.
type Erasure struct {
	_ struct{} `doc:"An erasure: when it begins, and what becomes unreadable when"`

	ID          uuid.UUID     `json:"id" doc:"The erasure's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	State       ErasureStatus `json:"status" doc:"PENDING can be stopped; PARTIAL: all is gone but the care record; DONE: that is unreadable too" example:"PENDING"`
	RequestedAt time.Time     `json:"requestedAt" doc:"When it was asked for" example:"2026-11-25T10:00:00Z"`
	DueAt       time.Time     `json:"dueAt" doc:"When the account ends, and all goes that isn't a care record" example:"2026-11-27T10:00:00Z"`
	Clinical    Clinical      `json:"clinical" doc:"What becomes of the care record"`

	// created distinguishes a new erasure from one that was requested before.
	created bool
}

// Clinical is what happens to the care record, which the law requires to be kept.
type Clinical struct {
	_ struct{} `doc:"What becomes of the care record"`

	Until         *time.Time `json:"until" doc:"Until when the care record is kept; it becomes unreadable then. null: it is erased with the rest" example:"2029-11-20T10:30:00Z"`
	Consultations int        `json:"consultations" doc:"How many consultations were held, as patient or as doctor" example:"3"`
}

// Entity names the erasure for a stored answer.
func (e Erasure) Entity() (string, uuid.UUID) { return "erasure", e.ID }

// Status is 200 for an erasure that was requested before.
func (e Erasure) Status() int {
	if e.created {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// RequestErasure requests the erasure of the caller. Returns account.ErrLastAdmin for the only administrator.
func (s *Service) RequestErasure(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (Erasure, error) {
	if err := account.LockForDeletion(ctx, tx, actor); err != nil {
		return Erasure{}, err
	}
	return s.requestErasure(ctx, tx, actor, notification.Mail{To: actor.ID}, actor.ID)
}

// ErasureRequest names the user to erase.
type ErasureRequest struct {
	ID   uuid.UUID `path:"id" doc:"The user's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Body *struct {
		_ struct{} `doc:"Whether consultations to come may be cancelled"`

		CancelConsultations bool `json:"cancelConsultations,omitempty" doc:"Confirms that consultations to come are cancelled" example:"true"`
	} `required:"false"`
}

// RequestErasureOf requests the erasure of another user, who may be deleted. Returns problem.NotFound if there is no
// such user, account.ErrOwnAccount, consultation.ErrHasConsultations unless the cancellation of consultations is
// confirmed.
func (s *Service) RequestErasureOf(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ErasureRequest) (Erasure, error) {
	user, err := account.LockOther(ctx, tx, actor, in.ID)
	if errors.Is(err, account.ErrOwnAccount) {
		err = account.ErrOwnAccount.WithDetail(detailOwnErasure)
	}
	if err != nil {
		return Erasure{}, err
	}
	if in.Body == nil || !in.Body.CancelConsultations {
		if err := requireNoUpcoming(ctx, tx, in.ID); err != nil {
			return Erasure{}, err
		}
	}
	return s.requestErasure(ctx, tx, actor, mailTo(user), in.ID)
}

// requireNoUpcoming returns consultation.ErrHasConsultations if no erasure is requested yet, and one would cancel
// consultations.
func requireNoUpcoming(ctx context.Context, tx *postgres.Tx, person uuid.UUID) error {
	_, err := findErasure(ctx, tx, person)
	if err == nil {
		return nil
	}
	if !postgres.NoRows(err) {
		return fmt.Errorf("find an erasure: %w", err)
	}
	return consultation.RequireNoUpcoming(ctx, tx, person)
}

// mailTo returns a mail to the user; to the last address if the user is deleted.
func mailTo(user account.Locked) notification.Mail {
	if user.DeletedAt != nil {
		return notification.Mail{Address: user.Email, Reader: user.ID}
	}
	return notification.Mail{To: user.ID}
}

// requestErasure stores the request to erase a person, and mails them; mail has the recipient. It changes nothing if
// one is stored already. The caller has locked the person's row.
func (s *Service) requestErasure(ctx context.Context, tx *postgres.Tx, actor access.Actor, mail notification.Mail,
	person uuid.UUID) (Erasure, error) {
	row, err := findErasure(ctx, tx, person)
	if err == nil {
		audit.Write(tx, actor, "erasure.request", row.ID, audit.Meta{"userId": person, "changed": false})
		return s.erasureResponse(ctx, tx, row)
	}
	if !postgres.NoRows(err) {
		return Erasure{}, fmt.Errorf("find an erasure: %w", err)
	}
	row = ErasureRow{ID: tx.NewID(), UserID: person, Status: erasurePending, RequestedAt: tx.Now,
		DueAt: tx.Now.Add(s.Config.ErasureAfter)}
	err = insertErasure(ctx, tx, insertErasureParams{ID: row.ID, UserID: person, RequestedBy: actor.ID,
		Now: tx.Now, DueAt: row.DueAt})
	if err != nil {
		return Erasure{}, fmt.Errorf("insert an erasure: %w", err)
	}
	// From here on no booking is made that the deletion of a doctor's account would cancel.
	if err := consultation.CloseSlotsFrom(ctx, tx, person, row.DueAt); err != nil {
		return Erasure{}, fmt.Errorf("close slots: %w", err)
	}
	e, err := s.erasureResponse(ctx, tx, row)
	if err != nil {
		return Erasure{}, err
	}
	e.created = true
	audit.Write(tx, actor, "erasure.request", row.ID, audit.Meta{"userId": person, "dueAt": row.DueAt})
	mail.Kind = "erasure-requested"
	mail.Data = map[string]string{"due": row.DueAt.Format(time.RFC3339), "by": "you", "until": ""}
	if person != actor.ID {
		mail.Data["by"] = "administrator"
	}
	if until := e.Clinical.Until; until != nil {
		mail.Data["until"] = until.Format(time.RFC3339)
		auditRetention(tx, actor, row, e.Clinical)
	}
	return e, s.Mails.Enqueue(ctx, tx, mail)
}

// auditRetention audits until when the care record isn't erased.
func auditRetention(tx *postgres.Tx, actor access.Actor, row ErasureRow, retained Clinical) {
	audit.Write(tx, actor, "erasure.refuse-clinical", row.ID,
		audit.Meta{"userId": row.UserID, "until": retained.Until, "consultations": retained.Consultations})
}

func (s *Service) erasureResponse(ctx context.Context, db postgres.Querier, row ErasureRow) (Erasure, error) {
	e := Erasure{ID: row.ID, State: row.Status, RequestedAt: row.RequestedAt, DueAt: row.DueAt}
	record, err := s.Consultations.ReadCareRecord(ctx, db, row.UserID)
	if err != nil {
		return e, err
	}
	e.Clinical.Consultations = record.Started
	if until := s.retainUntil(record); until.After(row.DueAt) {
		e.Clinical.Until = &until
	}
	return e, nil
}

// retainUntil returns until when a care record must be kept; zero if no consultation was started. It is kept at least
// as long as its doctor may prescribe.
func (s *Service) retainUntil(record consultation.CareRecord) time.Time {
	if record.Started == 0 {
		return time.Time{}
	}
	retention := record.LastEnd.AddDate(s.Config.RetentionYears, 0, 0)
	return latest(retention, record.LastEnd.Add(s.Config.PrescribeWithin))
}

// ReadErasure returns the erasure of the caller's data. Returns problem.NotFound if none was requested.
func (s *Service) ReadErasure(ctx context.Context, r *postgres.Read, actor access.Actor,
	_ httpapi.None) (Erasure, error) {
	return s.readErasure(ctx, r, actor.ID)
}

// ReadErasureOf returns the erasure of another user's data, and audits the reading. Returns problem.NotFound if none
// was requested.
func (s *Service) ReadErasureOf(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.UserRequest) (Erasure, error) {
	e, err := s.readErasure(ctx, tx, in.ID)
	if err != nil {
		return Erasure{}, err
	}
	audit.Write(tx, actor, "erasure.read", e.ID, audit.Meta{"userId": in.ID})
	return e, nil
}

func (s *Service) readErasure(ctx context.Context, db postgres.Querier, person uuid.UUID) (Erasure, error) {
	row, err := findErasure(ctx, db, person)
	switch {
	case postgres.NoRows(err):
		return Erasure{}, problem.NotFound
	case err != nil:
		return Erasure{}, fmt.Errorf("find an erasure: %w", err)
	}
	return s.erasureResponse(ctx, db, row)
}
