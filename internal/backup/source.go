package backup

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Source is the PostgreSQL that is backed up.
type Source struct {
	AdminDSN string // of a superuser
	WAL      string // the folder of its WAL
	Root     string // the data folder, whose locks say which process does what
	Files    string // a folder of files that belong to the database and never change, or ""
}

// slotPrefix begins the name of the replication slot that keeps the WAL until it is in the backup. The rest is the id
// of the series. A base backup holds no slots, so a restored PostgreSQL begins a new series.
const slotPrefix = "amrutam_backup_"

// slot is the state of the slot.
type slot struct {
	series  string
	restart LSN // WAL before it may be removed
}

// errNoSlot says that the PostgreSQL isn't backed up.
var errNoSlot = errors.New("no slot")

// findSlot returns the slot. Returns errNoSlot if there is none, or if PostgreSQL has removed WAL that it needed.
func findSlot(ctx context.Context, conn *pgx.Conn) (s slot, err error) {
	var name, restart string
	err = conn.QueryRow(ctx, `SELECT slot_name, restart_lsn::text FROM pg_replication_slots
		WHERE starts_with(slot_name::text, $1) AND slot_type = 'physical' AND restart_lsn IS NOT NULL
			AND wal_status IS DISTINCT FROM 'lost'
		ORDER BY slot_name LIMIT 1`, slotPrefix).Scan(&name, &restart)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, errNoSlot
	}
	if err != nil {
		return s, fmt.Errorf("look for the slot of the backups: %w", err)
	}
	s.series = name[len(slotPrefix):]
	s.restart, err = parseLSN(restart)
	return s, err
}

// beginSeries begins a series: its folders come first, so that a slot always has them.
func beginSeries(ctx context.Context, conn *pgx.Conn, dir string) error {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw)
	id := hex.EncodeToString(raw)
	if err := createSeries(dir, id); err != nil {
		return err
	}
	if err := dropSlots(ctx, conn); err != nil { // one that is lost
		return err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_create_physical_replication_slot($1, true)", slotPrefix+id); err != nil {
		return fmt.Errorf("create the slot of the backups: %w", err)
	}
	return nil
}

func dropSlots(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
		WHERE starts_with(slot_name::text, $1) AND NOT active`, slotPrefix)
	if err != nil {
		return fmt.Errorf("drop the slot of the backups: %w", err)
	}
	return nil
}

// Forget lets PostgreSQL remove WAL that isn't in a backup. A server without a folder for backups calls it: otherwise
// the WAL would fill the disk. The next backup begins a new series.
func Forget(ctx context.Context, adminDSN string) error {
	conn, err := connect(ctx, adminDSN)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return dropSlots(ctx, conn)
}

func connect(ctx context.Context, adminDSN string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(adminDSN)
	if err != nil {
		return nil, errors.New("the address of the private PostgreSQL can't be read")
	}
	cfg.ConnectTimeout = 5 * time.Second
	cfg.RuntimeParams["application_name"] = "amrutam backup"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return conn, nil
}

// writing is where PostgreSQL writes its WAL.
type writing struct {
	flushed  LSN // on the disk up to here
	timeline uint32
	size     int64 // of a WAL file
	now      time.Time
}

// current returns the WAL file that is being written: those before it are complete.
func (w writing) current() segment { return segment(uint64(w.flushed) / uint64(w.size)) } //nolint:gosec // positive

// begin returns the position of a WAL file's first byte.
func (w writing) begin(s segment) LSN { return LSN(uint64(s) * uint64(w.size)) } //nolint:gosec // positive

// from returns how many bytes were written since the beginning of a WAL file.
func (w writing) from(s segment) int64 { return int64(w.flushed - w.begin(s)) } //nolint:gosec // far smaller

func readWriting(ctx context.Context, conn *pgx.Conn) (w writing, err error) {
	var flushed, name string
	err = conn.QueryRow(ctx, `SELECT pg_current_wal_flush_lsn()::text, pg_walfile_name(pg_current_wal_lsn()),
		(SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'), clock_timestamp()`).
		Scan(&flushed, &name, &w.size, &w.now)
	if err != nil {
		return w, fmt.Errorf("read the position in the WAL: %w", err)
	}
	if _, err := fmt.Sscanf(name, "%8X", &w.timeline); err != nil {
		return w, fmt.Errorf("read the timeline: %w", err)
	}
	w.flushed, err = parseLSN(flushed)
	return w, err
}
