package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// stream is a base backup that PostgreSQL sends by its replication protocol (PostgreSQL 15 and later), so that no
// program of PostgreSQL is needed that an installation may lack.
type stream struct {
	conn    *pgconn.PgConn
	started []string // the first row of the answer: position and timeline
	ended   []string // the last one
}

// openStream begins a base backup. The address is a superuser's.
func openStream(ctx context.Context, dsn, label string) (*stream, error) {
	cfg, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the address of the private PostgreSQL can't be read")
	}
	cfg.RuntimeParams["replication"] = "true"
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL for a base backup: %w", err)
	}
	// Without WAIT, PostgreSQL doesn't wait for an archiver of its own.
	conn.Frontend().SendQuery(&pgproto3.Query{String: "BASE_BACKUP (LABEL '" + label +
		"', CHECKPOINT 'fast', WAIT false, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256')"})
	if err := conn.Frontend().Flush(); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return &stream{conn: conn}, nil
}

func (s *stream) close(ctx context.Context) { _ = s.conn.Close(context.WithoutCancel(ctx)) }

// copyData writes the data, a tar without its end, until the manifest begins.
func (s *stream) copyData(ctx context.Context, w io.Writer) error {
	for {
		message, err := s.conn.ReceiveMessage(ctx)
		if err != nil {
			return fmt.Errorf("receive the base backup: %w", err)
		}
		switch m := message.(type) {
		case *pgproto3.DataRow:
			s.addRow(m)
		case *pgproto3.CopyData:
			isManifest, err := s.takeData(m.Data, w)
			if isManifest || err != nil {
				return err
			}
		case *pgproto3.ErrorResponse:
			return fmt.Errorf("PostgreSQL ended the base backup: %w", pgconn.ErrorResponseToPgError(m))
		case *pgproto3.CopyDone, *pgproto3.ReadyForQuery:
			return errors.New("PostgreSQL sent a base backup without a manifest")
		}
	}
}

// takeData writes a message's data. Returns true if the message begins the manifest.
func (s *stream) takeData(data []byte, w io.Writer) (isManifest bool, err error) {
	if len(data) == 0 {
		return false, errors.New("PostgreSQL sent an empty part of a base backup")
	}
	switch data[0] {
	case 'n':
		name, _, _ := strings.Cut(string(data[1:]), "\x00")
		if name != "base.tar" {
			return false, errors.New("the private PostgreSQL has a tablespace, which backups don't hold")
		}
	case 'd':
		_, err = w.Write(data[1:])
	case 'm':
		return true, nil
	case 'p':
	default:
		err = errors.New("PostgreSQL sent a part of a base backup that this program doesn't know")
	}
	return false, err
}

// readManifest returns the manifest and the end of the backup, after copyData.
func (s *stream) readManifest(ctx context.Context) (manifest []byte, err error) {
	for {
		message, err := s.conn.ReceiveMessage(ctx)
		if err != nil {
			return nil, fmt.Errorf("receive the base backup: %w", err)
		}
		switch m := message.(type) {
		case *pgproto3.CopyData:
			if len(m.Data) > 0 && m.Data[0] == 'd' {
				manifest = append(manifest, m.Data[1:]...)
			}
		case *pgproto3.DataRow:
			s.addRow(m)
		case *pgproto3.ErrorResponse:
			return nil, fmt.Errorf("PostgreSQL ended the base backup: %w", pgconn.ErrorResponseToPgError(m))
		case *pgproto3.ReadyForQuery:
			if s.ended == nil {
				return nil, errors.New("PostgreSQL sent a base backup without an end")
			}
			return manifest, nil
		}
	}
}

// addRow keeps the rows with positions. Between them are those of the tablespaces, which have no name here.
func (s *stream) addRow(m *pgproto3.DataRow) {
	row := make([]string, len(m.Values))
	for i, v := range m.Values {
		row[i] = string(v)
	}
	if s.started == nil {
		s.started = row
	}
	s.ended = row
}

// position returns the position in the WAL and the timeline of a row.
func position(row []string) (LSN, uint32, error) {
	if len(row) != 2 {
		return 0, 0, errors.New("PostgreSQL sent a base backup without positions")
	}
	var timeline uint32
	if _, err := fmt.Sscan(row[1], &timeline); err != nil {
		return 0, 0, errors.New("PostgreSQL sent a base backup without a timeline")
	}
	lsn, err := parseLSN(row[0])
	return lsn, timeline, err
}
