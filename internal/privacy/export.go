package privacy

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	// exportLifetime is how long an export can be downloaded.
	exportLifetime = 24 * time.Hour
	// maxExportsPerDay is how many exports a person may request within 24 hours.
	maxExportsPerDay = 5
	// pollAfter is how long making an export usually takes at most.
	pollAfter = 2 * time.Second
	// abandonAfter is the age from which an export that was never made doesn't prevent another one.
	abandonAfter = 24 * time.Hour

	zipType       = "application/zip"
	archiveColumn = "exports.archive"
)

// ExportStatus is where a copy stands.
type ExportStatus string

const (
	exportPending ExportStatus = "PENDING"
	exportReady   ExportStatus = "READY"
)

// Schema lists the states that are shown: what is over is not.
func (ExportStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "ExportStatus", "Where the copy of a user's data stands; READY: it can be fetched",
		exportPending, exportReady)
}

// Export is the state of a copy of all data about a person.
type Export struct {
	_ struct{} `doc:"The copy of a user's data"`

	ID          uuid.UUID    `json:"id" doc:"The copy's id"`
	State       ExportStatus `json:"status" doc:"READY: it can be fetched" example:"READY"`
	RequestedAt time.Time    `json:"requestedAt" doc:"When it was asked for" example:"2026-11-25T10:00:00Z"`
	ReadyAt     *time.Time   `json:"readyAt" doc:"When it was made, or null" example:"2026-11-25T10:00:02Z"`
	ExpiresAt   *time.Time   `json:"expiresAt" doc:"Until when it can be fetched, or null" example:"2026-11-26T10:00:02Z"`
	Size        *int64       `json:"size" doc:"The file's size in bytes, or null" example:"48213"`
	SHA256      *string      `json:"sha256" doc:"SHA-256 of the file in hexadecimal digits, or null" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	URL         *string      `json:"url" format:"uri" doc:"Where it is fetched, signed in, or null" example:"https://care.example/api/v1/users/me/exports/0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// Entity names the export for a stored answer.
func (e Export) Entity() (string, uuid.UUID) { return "export", e.ID }

// Status is 202 while the export is being made.
func (e Export) Status() int {
	if e.State == exportPending {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// RetryAfter returns after how long a client should ask again.
func (e Export) RetryAfter() time.Duration { return pollAfter }

// ReadExport returns the state of the caller's newest export, and requests one if there is none. Returns
// problem.Reauthenticate if that lacks a recent proof, problem.TooManyRequests after maxExportsPerDay.
func (s *Service) ReadExport(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (Export, error) {
	row, err := findNewest(ctx, tx, actor)
	if err != nil {
		return Export{}, err
	}
	if row == nil {
		if err := httpapi.RequireRecentProof(tx.Now, actor); err != nil {
			return Export{}, err
		}
		return s.requestExport(ctx, tx, actor)
	}
	audit.Write(tx, actor, "export.read", row.ID, nil)
	return s.exportResponse(*row), nil
}

// RequestExport requests a new export even if an older one can still be downloaded, and returns the one that is being
// made if there is one. Returns problem.TooManyRequests after maxExportsPerDay.
func (s *Service) RequestExport(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (Export, error) {
	row, err := findNewest(ctx, tx, actor)
	if err != nil {
		return Export{}, err
	}
	if row == nil || row.Status != exportPending {
		return s.requestExport(ctx, tx, actor)
	}
	audit.Write(tx, actor, "export.request", row.ID, audit.Meta{"changed": false})
	return s.exportResponse(*row), nil
}

// findNewest locks the caller's row, and returns their newest export that is being made or can be downloaded, or nil.
func findNewest(ctx context.Context, tx *postgres.Tx, actor access.Actor) (*findNewestExportRow, error) {
	if _, err := lockPerson(ctx, tx, actor.ID); err != nil {
		if postgres.NoRows(err) { // deleted meanwhile
			return nil, problem.Unauthenticated
		}
		return nil, fmt.Errorf("lock a person: %w", err)
	}
	row, err := findNewestExport(ctx, tx, actor.ID)
	switch {
	case postgres.NoRows(err):
		return nil, nil //nolint:nilnil // there is none
	case err != nil:
		return nil, fmt.Errorf("find an export: %w", err)
	case row.Status == exportPending && row.RequestedAt.After(tx.Now.Add(-abandonAfter)):
		return &row, nil
	case row.Status == exportReady && row.ExpiresAt.After(tx.Now):
		return &row, nil
	}
	return nil, nil //nolint:nilnil // it was abandoned or has expired
}

// requestExport stores a request and its job. The caller has locked the user's row.
func (s *Service) requestExport(ctx context.Context, tx *postgres.Tx, actor access.Actor) (Export, error) {
	requested, err := countExports(ctx, tx, tx.Now.Add(-24*time.Hour), actor.ID)
	if err != nil {
		return Export{}, fmt.Errorf("count exports: %w", err)
	}
	if requested.Count >= maxExportsPerDay {
		wait := requested.First.Add(24 * time.Hour).Sub(tx.Now)
		return Export{}, problem.TooManyRequests.WithDetail(detailFiveCopies).
			WithRetryAfter(wait)
	}
	id := tx.NewID()
	if err := expirePendingExports(ctx, tx, actor.ID); err != nil {
		return Export{}, fmt.Errorf("expire pending exports: %w", err)
	}
	if err := insertExport(ctx, tx, id, actor.ID, tx.Now); err != nil {
		return Export{}, fmt.Errorf("insert an export: %w", err)
	}
	if err := s.Queue.Insert(ctx, tx, MakeExport{id}); err != nil {
		return Export{}, fmt.Errorf("insert the job of an export: %w", err)
	}
	audit.Write(tx, actor, "export.request", id, nil)
	return Export{ID: id, State: exportPending, RequestedAt: tx.Now}, nil
}

func (s *Service) exportResponse(row findNewestExportRow) Export {
	e := Export{
		ID: row.ID, State: row.Status, RequestedAt: row.RequestedAt,
		ReadyAt: row.ReadyAt, ExpiresAt: row.ExpiresAt, Size: row.Size,
	}
	if row.Status == exportReady {
		e.SHA256 = new(hex.EncodeToString(row.Sha256))
		e.URL = new(s.Config.PublicURL + httpapi.Base + "/users/me/exports/" + row.ID.String())
	}
	return e
}

// ExportRequest names an export.
type ExportRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The copy's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// Download returns the archive to its owner. Returns problem.NotFound if the export is another user's,
// ErrExportPending while it is being made, ErrExportExpired when it has expired.
func (s *Service) Download(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ExportRequest) (httpapi.Attachment, error) {
	var none httpapi.Attachment
	row, err := readExport(ctx, tx, in.ID)
	switch {
	case postgres.NoRows(err):
		return none, problem.NotFound
	case err != nil:
		return none, fmt.Errorf("read an export: %w", err)
	case row.UserID != actor.ID:
		return none, problem.NotFoundAudited("export", in.ID)
	case row.Status == exportPending:
		return none, ErrExportPending
	case row.Status != exportReady || !row.ExpiresAt.After(tx.Now):
		return none, ErrExportExpired
	}
	key, err := s.Sealer.PersonKey(ctx, tx, actor.ID)
	if err != nil {
		return none, err
	}
	archive, err := key.Open(archiveColumn, in.ID, row.Archive)
	if err != nil {
		return none, err
	}
	audit.Write(tx, actor, "export.download", in.ID, nil)
	name := "amrutam-export-" + row.ReadyAt.Format(time.DateOnly) + ".zip"
	return httpapi.Attachment{Name: name, Body: []byte(archive)}, nil
}
