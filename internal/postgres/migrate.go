package postgres

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the advisory lock of the process that migrates.
const migrationLock = 0x616d7275 // "amru"

// connectTimeout is how long a migration waits for a server that does not answer.
const connectTimeout = 10 * time.Second

// UpgradeResult says what Upgrade did.
type UpgradeResult struct {
	Version      int64 // of the schema
	Applied      int   // migrations of the schema
	QueueApplied int   // migrations of River's tables
}

// Upgrade brings the schema and River's tables to this build's version. The login of dsn becomes their owner. Several
// processes may run it at the same time. If there is nothing to do, a login that may only read is enough. Returns a
// SetupError for a database that this build can't work on; Explain describes other errors.
func Upgrade(ctx context.Context, dsn string) (result UpgradeResult, err error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return result, errBadDSN
	}
	cfg.MaxConns = 4
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return result, fmt.Errorf("open the database: %w", err)
	}
	defer pool.Close()
	// Both migrators use other connections; this one only holds the lock.
	err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if err := checkEncoding(ctx, conn); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
			return fmt.Errorf("take the migration lock: %w", err)
		}
		defer unlock(ctx, conn.Conn())
		if err := migrateSchema(ctx, pool, &result); err != nil {
			return err
		}
		applied, err := migrateQueue(ctx, pool)
		result.QueueApplied = applied
		if err != nil {
			return err
		}
		if err := raiseAuditXIDs(ctx, conn); err != nil {
			return err
		}
		return holdCopy(ctx, conn)
	})
	return result, err
}

// checkEncoding refuses a database that can't hold all characters, or that accepts bytes which are not text.
func checkEncoding(ctx context.Context, conn *pgxpool.Conn) error {
	var encoding string
	if err := conn.QueryRow(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return fmt.Errorf("read the encoding: %w", err)
	}
	if encoding != "UTF8" {
		return SetupError("the database's encoding is " + encoding +
			", it must be UTF8: create another one with ENCODING 'UTF8' TEMPLATE template0")
	}
	return nil
}

func unlock(ctx context.Context, conn *pgx.Conn) {
	_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
}

// migrateSchema applies the missing migrations of the schema.
func migrateSchema(ctx context.Context, pool *pgxpool.Pool, result *UpgradeResult) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithGoMigrations(slices.Collect(maps.Values(goMigrations))...))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if current > known {
		return SetupError(fmt.Sprintf("the database is at version %d, this program knows %d: run the newer program",
			current, known))
	}
	applied, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	result.Version = known
	result.Applied = len(applied)
	return nil
}

// migrateQueue applies the missing migrations of River's tables, and returns how many there were.
func migrateQueue(ctx context.Context, pool *pgxpool.Pool) (applied int, err error) {
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return 0, fmt.Errorf("prepare River's migrations: %w", err)
	}
	result, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return 0, fmt.Errorf("migrate River's tables: %w", err)
	}
	if len(result.Versions) == 0 {
		return 0, nil
	}
	_, err = pool.Exec(ctx, "REVOKE INSERT, UPDATE, DELETE ON river_migration FROM "+AppRole)
	if err != nil {
		return 0, fmt.Errorf("revoke rights on River's version table: %w", err)
	}
	return len(result.Versions), nil
}

// SchemaVersion returns the version of the schema that this build works on.
func SchemaVersion() int64 {
	known := knownMigrations()
	return known[len(known)-1].version
}

type migration struct {
	version int64
	name    string
}

// knownMigrations returns the migrations of this build, oldest first. Their names begin with five digits.
func knownMigrations() []migration {
	files, _ := fs.Glob(migrations, "migrations/*.sql") // the pattern is valid
	for name := range goMigrations {
		files = append(files, "migrations/"+name)
	}
	slices.Sort(files)
	var all []migration
	for _, file := range files {
		name := path.Base(file)
		version, _ := strconv.ParseInt(name[:5], 10, 64) // goose refuses other names
		all = append(all, migration{version, name})
	}
	return all
}

// Status is the state of a database's schema.
type Status struct {
	Version int64
	// Missing are the names of migrations that are not applied.
	Missing []string
	// QueueMissing are versions of River's tables that are not applied.
	QueueMissing []int
}

// SchemaStatus compares the database with this build. It changes nothing, so a login that may only read is enough.
func SchemaStatus(ctx context.Context, dsn string) (s Status, err error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return s, errBadDSN
	}
	cfg.MaxConns = 2
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return s, fmt.Errorf("open the database: %w", err)
	}
	defer pool.Close()
	applied, err := appliedVersions(ctx, pool)
	if err != nil {
		return s, fmt.Errorf("read the schema's version: %w", err)
	}
	if len(applied) > 0 {
		s.Version = slices.Max(applied)
	}
	for _, m := range knownMigrations() {
		if !slices.Contains(applied, m.version) {
			s.Missing = append(s.Missing, m.name)
		}
	}
	s.QueueMissing, err = queueMissing(ctx, pool)
	return s, err
}

// appliedVersions returns the versions of the schema that are applied, or none for an empty database.
func appliedVersions(ctx context.Context, pool *pgxpool.Pool) ([]int64, error) {
	var exists bool
	err := pool.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&exists)
	if err != nil || !exists {
		return nil, err
	}
	rows, err := pool.Query(ctx, "SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// queueMissing returns the versions of River's tables that are not applied.
func queueMissing(ctx context.Context, pool *pgxpool.Pool) ([]int, error) {
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare River's migrations: %w", err)
	}
	existing, err := river.ExistingVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the version of River's tables: %w", err)
	}
	var missing []int
	for _, m := range river.AllVersions() {
		isApplied := func(e rivermigrate.Migration) bool { return e.Version == m.Version }
		if !slices.ContainsFunc(existing, isApplied) {
			missing = append(missing, m.Version)
		}
	}
	return missing, nil
}

// Fingerprint returns a name for this build's schema, under which tests find their template database.
func Fingerprint() string {
	sum := sha256.New()
	files, _ := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range files {
		text, _ := migrations.ReadFile(name)
		sum.Write(text)
	}
	_, _ = fmt.Fprint(sum, SchemaVersion())
	return hex.EncodeToString(sum.Sum(nil))[:12]
}
