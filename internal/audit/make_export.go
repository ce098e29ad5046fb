package audit

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzip"

	"amrutam/internal/access"
	"amrutam/internal/audit/logfile"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

const (
	// exportPage is how many entries are read at a time.
	exportPage = 5000
	// maxPartEntries and maxExportEntries bound an export: a part is some megabytes.
	maxPartEntries   = 100_000
	maxExportEntries = 5_000_000
)

// MakeExport is the job that makes an export, part by part.
type MakeExport struct {
	ExportID uuid.UUID `json:"exportId"`
}

// Kind names the job.
func (MakeExport) Kind() string { return "audit.export" }

// makeExport makes the parts that are missing. After an interruption it goes on with the next part.
func (s *Service) makeExport(ctx context.Context, args MakeExport) error {
	for {
		var row LogExportRow
		err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
			row, err = readExport(ctx, r, args.ExportID, r.Now)
			return err
		})
		if postgres.NoRows(err) || err == nil && row.Status != exportPending {
			return nil // it has expired or was made
		}
		if err != nil {
			return fmt.Errorf("read an export: %w", err)
		}
		if err := s.makePart(ctx, row); err != nil {
			return err
		}
	}
}

// makePart makes the next part of an export.
func (s *Service) makePart(ctx context.Context, row LogExportRow) error {
	f, err := row.Filter.list(row.CreatedAt).filter("filter")
	if err != nil {
		return fmt.Errorf("the filter of an export: %w", err)
	}
	if row.AfterCreated != nil && row.AfterID != nil {
		f.after = position{Value: *row.AfterCreated, ID: *row.AfterID}
	}
	part := newPart(row.Format)
	status := exportPending
	for status == exportPending && part.entries < s.partEntries() {
		var found []Entry
		var resume position
		err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
			found, resume, err = s.findAll(ctx, r, r.Now, f, min(exportPage, s.partEntries()-part.entries))
			return err
		})
		if err != nil {
			return fmt.Errorf("export entries: %w", err)
		}
		for _, e := range found {
			if err := part.add(e); err != nil {
				return err
			}
			f.after = position{Value: e.CreatedAt, ID: e.ID}
		}
		switch {
		case !resume.Value.IsZero():
			f.after = resume
		case len(found) == 0:
			status = exportReady
		case row.Entries+int64(part.entries) >= maxExportEntries:
			status = exportTooLarge
		}
	}
	return s.storePart(ctx, row, part, f.after, status)
}

func (s *Service) partEntries() int {
	if s.PartEntries > 0 {
		return s.PartEntries
	}
	return maxPartEntries
}

// storePart stores a part, if it has entries, and how far the export has come.
func (s *Service) storePart(ctx context.Context, row LogExportRow, part *part, after position,
	status LogExportStatus) error {
	data, err := part.close()
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		advance := advanceExportParams{ID: row.ID, Added: int64(part.entries), Status: status, BeforeID: row.AfterID}
		if !after.Value.IsZero() {
			advance.AfterCreated, advance.AfterID = &after.Value, &after.ID
		}
		entries, err := advanceExport(ctx, tx, advance)
		if postgres.NoRows(err) {
			return nil // another run was faster, or it has expired
		}
		if err != nil {
			return fmt.Errorf("advance an export: %w", err)
		}
		if part.entries > 0 {
			err = insertExportPart(ctx, tx, insertExportPartParams{ExportID: row.ID,
				Number:  int32(row.Entries/int64(s.partEntries())) + 1, //nolint:gosec // at most maxExportEntries
				Entries: int32(part.entries),                           //nolint:gosec // at most maxPartEntries
				Sha256:  logfile.SumOf(data), Data: data})
			if err != nil {
				return fmt.Errorf("store a part of an export: %w", err)
			}
		}
		if status != exportPending {
			WriteFor(tx, access.System(MakeExport{}.Kind()), "audit-log.export-end", "audit-export", row.ID.String(),
				Meta{"entries": entries, "status": status})
		}
		return nil
	})
}

// part is a file that is being made.
type part struct {
	entries int
	data    bytes.Buffer
	gzip    *gzip.Writer
	csv     *csv.Writer   // or nil
	json    *json.Encoder // or nil
}

func newPart(format LogExportFormat) *part {
	p := &part{}
	p.gzip = gzip.NewWriter(&p.data)
	if format == formatCSV {
		p.csv = csv.NewWriter(p.gzip)
		p.csv.UseCRLF = true
	} else {
		p.json = json.NewEncoder(p.gzip)
	}
	return p
}

// add adds an entry.
func (p *part) add(e Entry) error {
	p.entries++
	if p.json != nil {
		return p.json.Encode(e)
	}
	if p.entries == 1 {
		header := []string{"createdAt", "id", "actorId", "actorRole", "action", "entityType", "entityId", "ipAddress",
			"metadata"}
		if err := p.csv.Write(header); err != nil {
			return err
		}
	}
	metadata, err := json.Marshal(e.Metadata)
	if err != nil {
		return err
	}
	record := []string{e.CreatedAt.UTC().Format(time.RFC3339Nano), e.ID.String(), "", "", e.Action, e.EntityType,
		e.EntityID, "", string(metadata)}
	if e.ActorID != nil {
		record[2] = e.ActorID.String()
	}
	if e.ActorRole != nil {
		record[3] = string(*e.ActorRole)
	}
	if e.IPAddress != nil {
		record[7] = *e.IPAddress
	}
	for i, cell := range record {
		record[i] = httpapi.InertCell(cell)
	}
	return p.csv.Write(record)
}

// close returns the compressed file.
func (p *part) close() ([]byte, error) {
	if p.csv != nil {
		p.csv.Flush()
		if err := p.csv.Error(); err != nil {
			return nil, err
		}
	}
	if err := p.gzip.Close(); err != nil {
		return nil, err
	}
	return p.data.Bytes(), nil
}
