// Package seed fills an empty database with thirteen months of made-up consultations and everything that belongs to
// them, for measurements and demonstrations. It writes into the tables of other packages, with COPY: their functions
// would take weeks for a year. The schema's constraints, foreign keys and triggers check every row, and amrutam check
// finds nothing to say.
package seed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// Options say what is made. The same ones make the same rows, except for sealed values.
type Options struct {
	Scale  float64   // 1 is 36.5 million consultations
	Seed   uint64    // of all choices
	Months int       // before Until
	Until  time.Time // the base date: its UTC day
}

// Accounts is how one signs in as the people that are made.
type Accounts struct {
	// PasswordHash is that of everybody's password.
	PasswordHash string
	// TOTPSecret is the secret of the authenticators of staff (base32, RFC 6238).
	TOTPSecret string
}

// Seeder fills a database. DB connects as the owner of the schema: only the owner makes partitions of earlier months.
type Seeder struct {
	DB       *postgres.DB
	Config   *config.Config
	Sealer   *seal.Sealer
	Accounts Accounts
	Out      io.Writer
	// IsTerminal says that Out shows one line that is written again and again.
	IsTerminal bool
}

const (
	minScale = 0.00001
	// unfinished is the comment of the table users from the first to the last row.
	unfinished = "amrutam seed has not finished"
)

var (
	errNotEmpty   = errors.New("the database has users already: amrutam seed fills only an empty one")
	errUnfinished = errors.New("an earlier amrutam seed did not finish, and it can't be resumed: create the " +
		"database again (a private one: remove the data folder), then run amrutam seed")
	errInterrupted = errors.New("interrupted: the database is incomplete, and amrutam seed can't resume: create it " +
		"again (a private one: remove the data folder)")
)

// Check returns an error if the options make no sense.
func (o Options) Check() error {
	switch {
	case o.Scale < minScale || o.Scale > 1:
		return fmt.Errorf("--scale must be between %v and 1", minScale)
	case o.Months < 1 || o.Months > 36:
		return errors.New("--months must be between 1 and 36")
	}
	return nil
}

// Run fills the database. An interruption leaves it incomplete, and a later Run refuses it.
func (s *Seeder) Run(ctx context.Context, o Options) error {
	if s.Config.Production() {
		return errors.New("production has no made-up data")
	}
	if err := o.Check(); err != nil {
		return err
	}
	conns, closeAll, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer closeAll()
	err = seal.WithRotationLock(ctx, conns[0], func() error { return s.fill(ctx, o, conns) })
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// connect opens the connections of a writer, and one that holds the lock of rotations. Their statements have no
// timeout, and a commit doesn't wait for the disk: after a crash one begins again anyway.
func (s *Seeder) connect(ctx context.Context) (conns []*pgx.Conn, closeAll func(), err error) {
	closeAll = func() {
		for _, conn := range conns {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}
	cfg := s.DB.Pool.Config().ConnConfig
	cfg.RuntimeParams["statement_timeout"] = "0"
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	cfg.RuntimeParams["lock_timeout"] = "0"
	cfg.RuntimeParams["synchronous_commit"] = "off"
	cfg.RuntimeParams["amrutam.quiet"] = "on" // nobody is told of what is made up, see publish_event
	cfg.RuntimeParams["maintenance_work_mem"] = "256MB"
	for range connections + 1 {
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("connect to the database: %s", postgres.Describe(err))
		}
		conns = append(conns, conn)
	}
	return conns, closeAll, nil
}

func (s *Seeder) fill(ctx context.Context, o Options, conns []*pgx.Conn) error {
	p := newPlan(o)
	if err := prepare(ctx, conns[0], p); err != nil {
		return err
	}
	indexes, err := dropIndexes(ctx, conns[0], newBatch().all())
	if err != nil {
		return err
	}
	counts := newProgress(s.Out, s.IsTerminal, s.DB.Clock, p.total)
	g, err := s.newGenerator(ctx, conns[0], p, newWriter(counts.add))
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.run(groupCtx) })
	group.Go(func() error { return g.writer.run(groupCtx, conns[1:]) })
	err = group.Wait()
	counts.show()
	counts.end()
	if err != nil {
		if ctx.Err() == nil {
			return fmt.Errorf("%s; the database is incomplete", postgres.Describe(err))
		}
		return err
	}
	if err := finish(ctx, conns, indexes, counts); err != nil {
		return err
	}
	counts.summarize(p)
	return nil
}

// finish makes the indexes, the ratings and the statistics, and takes the mark of an unfinished database away.
func finish(ctx context.Context, conns []*pgx.Conn, indexes []index, counts *progress) error {
	counts.note(fmt.Sprintf("making %d indexes", len(indexes)))
	err := makeIndexes(ctx, conns[1:], indexes, func(done int) {
		counts.note(fmt.Sprintf("%d of %d indexes", done, len(indexes)))
	})
	if err != nil {
		return err
	}
	counts.end()
	if err := addUpRatings(ctx, conns[0]); err != nil {
		return err
	}
	for _, statement := range []string{"ANALYZE", "COMMENT ON TABLE users IS NULL"} {
		if _, err := conns[0].Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %s", statement, postgres.Describe(err))
		}
	}
	return nil
}

// prepare refuses a database that isn't empty, marks it as unfinished, and makes the partitions of all months.
func prepare(ctx context.Context, conn *pgx.Conn, p plan) error {
	var hasUsers, owns bool
	var comment string
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM users), coalesce(obj_description('users'::regclass), ''),
		pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'users'::regclass`).Scan(&hasUsers, &comment, &owns)
	switch {
	case err != nil:
		return fmt.Errorf("read the state of the database: %s", postgres.Describe(err))
	case !owns:
		return errors.New("the login does not own the schema: name the one that does in " +
			"AMRUTAM_MIGRATE_DATABASE_URL (docs/operations/database-roles.md)")
	case comment == unfinished:
		return errUnfinished
	case hasUsers:
		return errNotEmpty
	}
	if _, err := conn.Exec(ctx, "COMMENT ON TABLE users IS '"+unfinished+"'"); err != nil {
		return fmt.Errorf("mark the database: %s", postgres.Describe(err))
	}
	// The oldest accounts are a month older than the calendar; the newest month is the one after the base date.
	oldest := p.first.AddDate(0, -2, 0)
	months := int(p.base.Sub(oldest)/(28*day)) + 1
	for _, call := range []struct {
		at           time.Time
		months, days int
	}{{oldest, months, -1}, {p.base, 1, 2}} {
		_, err := conn.Exec(ctx, "SELECT make_partitions($1, $2, $3)", call.at, call.months, call.days)
		if err != nil {
			return fmt.Errorf("make the partitions: %s", postgres.Describe(err))
		}
	}
	return nil
}

func (s *Seeder) newGenerator(ctx context.Context, conn *pgx.Conn, p plan, w *writer) (*generator, error) {
	g := &generator{
		random: newRandom(p.seed, uint64(p.total)), plan: p, cfg: s.Config, writer: w, //nolint:gosec // above zero
		sealer: s.Sealer, passwordHash: s.Accounts.PasswordHash, totpSecret: s.Accounts.TOTPSecret,
		secret: make([]byte, 32), busy: map[uuid.UUID]bool{}, live: map[uuid.UUID]int{},
	}
	if _, err := rand.Read(g.secret); err != nil {
		return nil, err
	}
	err := conn.QueryRow(ctx, "SELECT max(version) FROM consent_notices WHERE purpose = 'TREATMENT'").Scan(&g.notice)
	if err != nil {
		return nil, fmt.Errorf("read the notice on treatment: %s", postgres.Describe(err))
	}
	g.wrapper, err = s.Sealer.Wrapper(ctx, conn)
	return g, err
}
