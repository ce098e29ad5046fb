// Package cluster runs a private PostgreSQL with installed programs. It listens on a socket in a folder of its own,
// never on the network, and ends when the process that started it ends.
package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// Database is created on the first start.
	Database = "amrutam"
	// OwnerRole owns the database and is not a superuser.
	OwnerRole = "amrutam"
	// ServerRole is the login of the server: it owns nothing and has the rights of the role amrutam_app.
	ServerRole = "amrutam_server"
	// SuperuserRole is the superuser.
	SuperuserRole = "postgres"

	port = "5432" // only part of the socket's file name

	startTimeout = 60 * time.Second // recovery after a crash reads at most some GB of WAL
	stopTimeout  = 15 * time.Second
	pollInterval = 5 * time.Millisecond
)

// Options are the options of Start.
type Options struct {
	// DataDir contains the data, the socket and PostgreSQL's log. It is created if it is missing.
	DataDir string
	Logger  *slog.Logger
	// Settings override those of postgresql.conf, for example "fsync": "off" for throwaway clusters.
	Settings map[string]string
	// NPMCache is passed to findBinaries.
	NPMCache string
	// StartTimeout limits the start; 0 means a minute.
	StartTimeout time.Duration
}

// Cluster is a running PostgreSQL.
type Cluster struct {
	log    *slog.Logger
	folder folder
	bin    Binaries
	socket string
	server *server // nil if another process owns the cluster
	exited chan struct{}
}

// Start attaches to the PostgreSQL that another process runs on the data folder. If there is none, Start starts one,
// after creating the data if needed. The process that started it is its owner: PostgreSQL ends when its owner ends,
// even if that is killed.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := openFolder(o.DataDir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.StartTimeout, startTimeout))
	defer cancel()
	c := &Cluster{log: o.Logger, folder: f}
	for {
		lock, err := f.tryLock()
		if err != nil {
			return nil, err
		}
		if lock != nil {
			if err := c.startOwned(ctx, o, lock); err != nil {
				_ = lock.Close()
				return nil, err
			}
			return c, nil
		}
		// An error means that the owner is starting or stopping PostgreSQL; after a stop the lock becomes free.
		err = c.attach(ctx)
		if err == nil {
			return c, nil
		}
		if pause(ctx) != nil {
			return nil, fmt.Errorf("another process owns the data folder %s, but its PostgreSQL does not answer: %w",
				f.root, err)
		}
	}
}

// startOwned starts PostgreSQL as its owner. On success the lock is held until the server has ended.
func (c *Cluster) startOwned(ctx context.Context, o Options, lock *os.File) error {
	if err := c.folder.awaitOrphan(ctx, c.log); err != nil {
		return err
	}
	major, err := c.folder.major()
	if err != nil {
		return err
	}
	if c.bin, err = findBinaries(o.NPMCache, major); err != nil {
		return err
	}
	if err := c.folder.ensureAccess(ctx, c.bin, c.log); err != nil {
		return err
	}
	switch {
	case major == 0:
		err = c.initdb(ctx, o.Settings["fsync"] != "off")
	case major != c.bin.Major:
		err = fmt.Errorf("the data in %s was made by PostgreSQL %d, but the programs in %s are PostgreSQL %d: "+
			"install version %d or set PGBIN to its folder, or bring the data over with pg_upgrade",
			c.folder.pgdata, major, c.bin.Dir, c.bin.Major, major)
	}
	if err != nil {
		return err
	}
	if c.socket, err = c.folder.makeSocket(); err != nil {
		return err
	}
	if c.server, err = c.startServer(ctx, o.Settings); err != nil {
		return err
	}
	c.exited = make(chan struct{})
	go func() {
		<-c.server.exited
		c.folder.removeSocket(c.socket)
		_ = lock.Close()
		close(c.exited)
	}()
	if err := c.createDatabase(ctx); err != nil {
		return errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
	}
	return nil
}

// createRoles creates the missing roles and grants their memberships. Migration 00009 needs the last two roles, and
// its login has no right to create them.
const createRoles = `DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'amrutam') THEN CREATE ROLE amrutam LOGIN; END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'amrutam_server') THEN CREATE ROLE amrutam_server LOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'amrutam_app') THEN CREATE ROLE amrutam_app; END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'amrutam_reader') THEN CREATE ROLE amrutam_reader; END IF;
	IF NOT pg_has_role('amrutam', 'amrutam_app', 'MEMBER') THEN GRANT amrutam_app TO amrutam; END IF;
	IF NOT pg_has_role('amrutam_server', 'amrutam_app', 'MEMBER') THEN GRANT amrutam_app TO amrutam_server; END IF;
END $$`

// createDatabase creates the roles and the database if they are missing.
func (c *Cluster) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.AdminDSN("postgres"))
	if err != nil {
		return fmt.Errorf("reach the PostgreSQL just started: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, createRoles); err != nil {
		return fmt.Errorf("create the roles: %w", err)
	}
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", Database).Scan(&exists)
	if err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !exists {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+Database+" OWNER "+OwnerRole); err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
	}
	return nil
}

// attach checks that the owner's PostgreSQL is ready, answers and serves this data folder.
func (c *Cluster) attach(ctx context.Context) error {
	p, err := c.folder.postmaster()
	if err != nil || !p.ready {
		return errors.Join(errors.New("it is not ready"), err)
	}
	c.socket = p.socket
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.AdminDSN(Database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var dir string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir); err != nil {
		return err
	}
	if dir != c.folder.pgdata {
		return fmt.Errorf("it serves %s", dir)
	}
	return nil
}

// DSN returns the address of a database for its owner, the role amrutam. pgx and the programs of libpq accept the URL.
func (c *Cluster) DSN(database string) string { return c.dsn(OwnerRole, database) }

// ServerDSN returns the address of a database for the server.
func (c *Cluster) ServerDSN(database string) string { return c.dsn(ServerRole, database) }

// AdminDSN returns the address of a database for the superuser.
func (c *Cluster) AdminDSN(database string) string { return c.dsn(SuperuserRole, database) }

func (c *Cluster) dsn(user, database string) string {
	q := url.Values{"host": {c.socket}, "port": {port}}
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// Root returns the data folder.
func (c *Cluster) Root() string { return c.folder.root }

// WAL returns the folder of PostgreSQL's WAL.
func (c *Cluster) WAL() string { return filepath.Join(c.folder.pgdata, "pg_wal") }

// BinDir returns the folder of the programs that run the cluster, or "" if another process is the owner.
func (c *Cluster) BinDir() string { return c.bin.Dir }

// IsOwner reports whether this process started PostgreSQL.
func (c *Cluster) IsOwner() bool { return c.server != nil }

// Exited returns a channel that is closed when the PostgreSQL that this process owns has ended; see Err. It is nil if
// another process is the owner.
func (c *Cluster) Exited() <-chan struct{} { return c.exited }

// Err returns how the PostgreSQL that this process owns ended, with the last lines of its log. It is nil while
// PostgreSQL runs and after a clean stop.
func (c *Cluster) Err() error {
	if c.server == nil || !c.server.hasExited() || c.server.err == nil {
		return nil
	}
	return fmt.Errorf("PostgreSQL ended: %w: %s", c.server.err, c.server.logTail())
}

// Stop stops PostgreSQL, disconnecting its clients, and waits until it has ended. ctx limits the time for the last
// checkpoint. If another process is the owner, Stop does nothing.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	_ = c.server.cmd.Process.Signal(syscall.SIGINT) // fast shutdown; an error means that it has ended
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
	}
	// Immediate shutdown: the next start recovers from the WAL. After 5 s PostgreSQL kills its remaining processes.
	c.log.WarnContext(ctx, "PostgreSQL takes too long to stop; ending it at once")
	_ = c.server.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-c.exited:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("PostgreSQL (process %d) does not stop", c.server.cmd.Process.Pid)
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollInterval):
		return nil
	}
}

// lastLines returns the last five lines of a program's output, joined to one.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}
