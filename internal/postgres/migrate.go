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

// migrationLock is the advisory lock that lets one process migrate while others wait.
const migrationLock = 0x616d7275 // "amru"

// reachWithin is how long a start waits for a server that says nothing.
const reachWithin = 10 * time.Second

// Upgraded tells what Upgrade did.
type Upgraded struct {
	Version      int64 // of the schema
	Applied      int   // migrations of the schema
	QueueApplied int   // migrations of River's tables
}

// Upgrade brings the schema and River's tables to this build's version, as the login of dsn, who comes to own them.
// Safe to run at once from many processes; a login that may only read does where there is nothing to do. Error:
// Refused for a database that this build can't work on; Explain tells the others.
func Upgrade(ctx context.Context, dsn string) (did Upgraded, err error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return did, errUnreadable
	}
	cfg.MaxConns = 4
	cfg.ConnConfig.ConnectTimeout = reachWithin
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return did, fmt.Errorf("open the database: %w", err)
	}
	defer pool.Close()
	// Both migrators run beside this session, which only holds the lock.
	err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if err := checkEncoding(ctx, conn); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
			return fmt.Errorf("take the migration lock: %w", err)
		}
		defer unlock(ctx, conn.Conn())
		if err := migrateSchema(ctx, pool, &did); err != nil {
			return err
		}
		river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
		if err != nil {
			return fmt.Errorf("prepare River's migrations: %w", err)
		}
		result, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err != nil {
			return fmt.Errorf("migrate River's tables: %w", err)
		}
		did.QueueApplied = len(result.Versions)
		if did.QueueApplied > 0 {
			if _, err := pool.Exec(ctx, "REVOKE INSERT, UPDATE, DELETE ON river_migration FROM "+AppRole); err != nil {
				return fmt.Errorf("close River's version table: %w", err)
			}
		}
		return nil
	})
	return did, err
}

// checkEncoding refuses a database that can't hold every name, or that takes bytes which are no text.
func checkEncoding(ctx context.Context, conn *pgxpool.Conn) error {
	var encoding string
	if err := conn.QueryRow(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return fmt.Errorf("ask for the encoding: %w", err)
	}
	if encoding != "UTF8" {
		return Refused("the database's encoding is " + encoding +
			", it must be UTF8: create another one with ENCODING 'UTF8' TEMPLATE template0")
	}
	return nil
}

func unlock(ctx context.Context, conn *pgx.Conn) {
	_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
}

func migrateSchema(ctx context.Context, pool *pgxpool.Pool, did *Upgraded) error {
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
	there, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if there > known {
		return Refused(fmt.Sprintf("the database is at version %d, this program knows %d: run the newer program",
			there, known))
	}
	applied, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	did.Version, did.Applied = known, len(applied)
	return nil
}

// SchemaVersion is the one this build works on.
func SchemaVersion() int64 {
	known := knownMigrations()
	return known[len(known)-1].version
}

type migration struct {
	version int64
	name    string
}

// knownMigrations are this build's, oldest first: their names begin with five digits.
func knownMigrations() []migration {
	files, _ := fs.Glob(migrations, "migrations/*.sql") // the pattern is good
	for name := range goMigrations {
		files = append(files, "migrations/"+name)
	}
	slices.Sort(files)
	var all []migration
	for _, file := range files {
		name := path.Base(file)
		version, _ := strconv.ParseInt(name[:5], 10, 64) // goose would refuse it
		all = append(all, migration{version, name})
	}
	return all
}

// Status of a schema. QueueMissing are versions of River's tables.
type Status struct {
	Version      int64
	Missing      []string
	QueueMissing []int
}

// SchemaStatus compares the database with this build and changes nothing; a login that only reads is enough.
func SchemaStatus(ctx context.Context, dsn string) (s Status, err error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return s, errUnreadable
	}
	cfg.MaxConns = 2
	cfg.ConnConfig.ConnectTimeout = reachWithin
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return s, fmt.Errorf("open the database: %w", err)
	}
	defer pool.Close()
	applied := map[int64]bool{}
	var there bool
	if err := pool.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&there); err != nil {
		return s, fmt.Errorf("look for the schema: %w", err)
	}
	if there {
		rows, err := pool.Query(ctx, "SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0")
		if err != nil {
			return s, fmt.Errorf("read the schema's version: %w", err)
		}
		versions, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return s, fmt.Errorf("read the schema's version: %w", err)
		}
		for _, v := range versions {
			applied[v], s.Version = true, max(s.Version, v)
		}
	}
	for _, m := range knownMigrations() {
		if !applied[m.version] {
			s.Missing = append(s.Missing, m.name)
		}
	}
	s.QueueMissing, err = queueMissing(ctx, pool)
	return s, err
}

func queueMissing(ctx context.Context, pool *pgxpool.Pool) ([]int, error) {
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare River's migrations: %w", err)
	}
	there, err := river.ExistingVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the version of River's tables: %w", err)
	}
	var missing []int
	for _, m := range river.AllVersions() {
		if !slices.ContainsFunc(there, func(t rivermigrate.Migration) bool { return t.Version == m.Version }) {
			missing = append(missing, m.Version)
		}
	}
	return missing, nil
}

// Fingerprint names this build's schema: tests clone a template database that bears it.
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
