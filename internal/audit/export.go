package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	exportLifetime = 24 * time.Hour
	// maxLiveExports is how many exports a user may have that aren't expired.
	maxLiveExports = 5
	gzipType       = "application/gzip"
)

var errTooManyExports = problem.Conflict("too-many-audit-exports", "Too many exports",
	"You have five exports of the audit log that are not expired.", "Try again when the oldest is a day old.")

// LogExportFormat is what the files of an export are made of.
type LogExportFormat string

const (
	formatCSV    LogExportFormat = "CSV"
	formatNDJSON LogExportFormat = "NDJSON"
)

// Schema lists the formats.
func (LogExportFormat) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "AuditExportFormat",
		"CSV (RFC 4180) with a header, or NDJSON: an entry as JSON on each line",
		formatCSV, formatNDJSON)
}

// LogExportStatus is where an export stands.
type LogExportStatus string

const (
	exportPending  LogExportStatus = "PENDING"
	exportReady    LogExportStatus = "READY"
	exportTooLarge LogExportStatus = "TOO_LARGE"
)

// Schema lists the states.
func (LogExportStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "AuditExportStatus", "PENDING: being made, its first parts can be there; READY: complete; "+
		"TOO_LARGE: it has the newest five million entries, ask for a shorter period",
		exportPending, exportReady, exportTooLarge)
}

// LogExportFilter says which entries are exported. An entry must pass every filter.
type LogExportFilter struct {
	_ struct{} `doc:"Which entries are exported: those that pass every filter"`

	ActorID    string     `json:"actorId,omitempty" format:"uuid" doc:"Only what this user did" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
	Action     string     `json:"action,omitempty" maxLength:"100" doc:"Only this action, exactly" example:"consultation.book"`
	EntityType string     `json:"entityType,omitempty" maxLength:"100" doc:"Only what was done to objects of this type, exactly" example:"consultation"`
	EntityID   string     `json:"entityId,omitempty" maxLength:"300" doc:"Only what was done to this object, exactly" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7083"`
	IPAddress  string     `json:"ipAddress,omitempty" maxLength:"100" doc:"Only from this IPv4 or IPv6 address" example:"203.0.113.7"`
	Q          string     `json:"q,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9._:-]{8,}$" patternDescription:"at least 8 letters, digits and . _ : -" doc:"Only entries with an id that begins so: the object's, the actor's or the request's" example:"0199f3a2-7c1e"`
	From       time.Time  `json:"from" doc:"Only what was done at this time or later; any offset" example:"2026-11-01T00:00:00+05:30"`
	To         *time.Time `json:"to,omitempty" doc:"Only what was done before this time; unset: before the export was asked for" example:"2026-12-01T00:00:00+05:30"`
}

// list returns the filter as one of a list, until now at the latest.
func (f LogExportFilter) list(now time.Time) ListRequest {
	in := ListRequest{ActorID: httpapi.UUID(f.ActorID), Action: f.Action, EntityType: f.EntityType,
		EntityID: f.EntityID, IPAddress: f.IPAddress, Q: f.Q, From: f.From, To: now}
	if f.To != nil && f.To.Before(now) {
		in.To = *f.To
	}
	return in
}

// ExportRequest asks for an export.
type ExportRequest struct {
	Body struct {
		_ struct{} `doc:"What to export"`

		Format LogExportFormat `json:"format" doc:"What the files are made of" example:"CSV"`
		Filter LogExportFilter `json:"filter" doc:"Which entries"`
	}
}

// LogExport is an export of the log.
type LogExport struct {
	_ struct{} `doc:"An export of the audit log"`

	ID          uuid.UUID       `json:"id" format:"uuid" doc:"The export's id"`
	RequestedBy uuid.UUID       `json:"requestedBy" format:"uuid" doc:"Who asked for it"`
	Format      LogExportFormat `json:"format" doc:"What the files are made of" example:"CSV"`
	Filter      LogExportFilter `json:"filter" doc:"Which entries it has"`
	Status      LogExportStatus `json:"status" doc:"Where it stands" example:"READY"`
	Entries     int64           `json:"entries" minimum:"0" doc:"How many entries its parts have so far" example:"1234"`
	Parts       []LogExportPart `json:"parts" doc:"Its files, the newest entries first; GET …/file?part= downloads one"`
	CreatedAt   time.Time       `json:"createdAt" doc:"When it was asked for"`
	ExpiresAt   time.Time       `json:"expiresAt" doc:"When it is deleted"`
}

// LogExportPart is a file of an export.
type LogExportPart struct {
	_ struct{} `doc:"A file of an export of the audit log"`

	Number  int    `json:"number" minimum:"1" doc:"Its place among the parts" example:"1"`
	Entries int    `json:"entries" minimum:"1" doc:"How many entries it has, at most 100,000" example:"1234"`
	Size    int    `json:"size" minimum:"1" doc:"Of the compressed file, in bytes" example:"51234"`
	SHA256  string `json:"sha256" doc:"Of the compressed file, in hexadecimal digits" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
}

// Entity names the export for a stored answer.
func (e LogExport) Entity() (string, uuid.UUID) { return "audit-export", e.ID }

// Location returns the address of the export.
func (e LogExport) Location() string { return httpapi.Base + "/audit-log-exports/" + e.ID.String() }

// requestExport stores an export and its job. Returns problem.Invalid, errTooManyExports.
func (s *Service) requestExport(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ExportRequest) (LogExport, error) {
	filter := in.Body.Filter
	if filter.To != nil && !filter.To.After(filter.From) {
		return LogExport{}, problem.InvalidField("body.filter.to", problem.NotAfter.With("field", "from"))
	}
	if !filter.From.Before(tx.Now) {
		return LogExport{}, problem.InvalidField("body.filter.from", faultNotBeforeNow)
	}
	f, err := filter.list(tx.Now).filter("body.filter")
	if err != nil {
		return LogExport{}, err
	}
	if _, err := lockRequester(ctx, tx, actor.ID); err != nil {
		if postgres.NoRows(err) { // deleted meanwhile
			return LogExport{}, problem.Unauthenticated
		}
		return LogExport{}, fmt.Errorf("lock a user: %w", err)
	}
	live, err := countLiveExports(ctx, tx, actor.ID, tx.Now)
	if err != nil {
		return LogExport{}, fmt.Errorf("count exports: %w", err)
	}
	if live >= maxLiveExports {
		return LogExport{}, errTooManyExports
	}
	row := LogExportRow{ID: uuid.Must(uuid.NewV7()), RequestedBy: actor.ID, Format: in.Body.Format, Filter: filter,
		Status: exportPending, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(exportLifetime)}
	err = insertExport(ctx, tx, insertExportParams{ID: row.ID, RequestedBy: row.RequestedBy, Format: row.Format,
		Filter: row.Filter, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt})
	if err != nil {
		return LogExport{}, fmt.Errorf("store an export: %w", err)
	}
	if err := s.Queue.Insert(ctx, tx, MakeExport{row.ID}); err != nil {
		return LogExport{}, err
	}
	meta := f.metadata()
	meta["format"] = row.Format
	WriteFor(tx, actor, "audit-log.export", "audit-export", row.ID.String(), meta)
	return row.export(nil), nil
}

// export returns the row as the API shows it.
func (row LogExportRow) export(parts []LogExportPart) LogExport {
	if parts == nil {
		parts = []LogExportPart{}
	}
	return LogExport{ID: row.ID, RequestedBy: row.RequestedBy, Format: row.Format, Filter: row.Filter,
		Status: row.Status, Entries: row.Entries, Parts: parts, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
}

// ReadExportRequest names an export.
type ReadExportRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The export's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// readExport returns an export. Returns problem.NotFound, also once it has expired.
func (s *Service) readExport(ctx context.Context, r *postgres.Read, _ access.Actor,
	in ReadExportRequest) (LogExport, error) {
	row, err := readExport(ctx, r, in.ID, r.Now)
	if postgres.NoRows(err) {
		return LogExport{}, problem.NotFound
	}
	if err != nil {
		return LogExport{}, fmt.Errorf("read an export: %w", err)
	}
	exports, err := withParts(ctx, r, []LogExportRow{row})
	if err != nil {
		return LogExport{}, err
	}
	return exports[0], nil
}

// ListExportsRequest asks for a page of exports.
type ListExportsRequest struct{ httpapi.Paging }

// listExports lists the exports that aren't expired, the newest first.
func (s *Service) listExports(ctx context.Context, r *postgres.Read, _ access.Actor,
	in ListExportsRequest) (httpapi.Page[LogExport], error) {
	var none httpapi.Page[LogExport]
	const scope = "audit-log-exports"
	before := position{Value: r.Now.AddDate(1, 0, 0), ID: uuid.Max} // the clocks of other servers may be ahead
	if _, err := s.Cursors.Decode(scope, in.Cursor, &before); err != nil {
		return none, err
	}
	rows, err := listExports(ctx, r, listExportsParams{Now: r.Now, Before: before.Value, BeforeID: before.ID,
		RowLimit: int32(in.Limit + 1)}) //nolint:gosec // at most 101
	if err != nil {
		return none, fmt.Errorf("list exports: %w", err)
	}
	exports, err := withParts(ctx, r, rows)
	if err != nil {
		return none, err
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, exports,
		func(e LogExport) any { return position{Value: e.CreatedAt, ID: e.ID} }), nil
}

// withParts returns the exports with their parts.
func withParts(ctx context.Context, r *postgres.Read, rows []LogExportRow) ([]LogExport, error) {
	var ids []uuid.UUID
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	all, err := listExportParts(ctx, r, ids)
	if err != nil {
		return nil, fmt.Errorf("list the parts of exports: %w", err)
	}
	parts := map[uuid.UUID][]LogExportPart{}
	for _, p := range all {
		parts[p.ExportID] = append(parts[p.ExportID],
			LogExportPart{Number: int(p.Number), Entries: int(p.Entries), Size: int(p.Size), SHA256: p.Sha256})
	}
	exports := make([]LogExport, len(rows))
	for i, row := range rows {
		exports[i] = row.export(parts[row.ID])
	}
	return exports, nil
}

// ReadExportPartRequest names a part of an export.
type ReadExportPartRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The export's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	Part int32     `query:"part" minimum:"1" maximum:"50" default:"1" doc:"The part's number" example:"1"`
}

// downloadExportPart returns a file of an export. Returns problem.NotFound.
func (s *Service) downloadExportPart(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ReadExportPartRequest) (httpapi.Attachment, error) {
	row, err := readExportPart(ctx, tx, in.ID, in.Part, tx.Now)
	if postgres.NoRows(err) {
		return httpapi.Attachment{}, problem.NotFound
	}
	if err != nil {
		return httpapi.Attachment{}, fmt.Errorf("read a part of an export: %w", err)
	}
	WriteFor(tx, actor, "audit-log.download", "audit-export", in.ID.String(), Meta{"part": in.Part})
	extension := map[LogExportFormat]string{formatCSV: "csv", formatNDJSON: "ndjson"}[row.Format]
	name := fmt.Sprintf("amrutam-audit-log-%s-%03d.%s.gz", row.CreatedAt.Format(time.DateOnly), in.Part, extension)
	return httpapi.Attachment{Name: name, Body: row.Data}, nil
}
