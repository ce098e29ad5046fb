// Package cluster runs a private PostgreSQL from installed programs: reached by a socket in a folder of its own, never
// over the network, and gone when the process that started it goes.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// Database is made on the first start.
	Database = "amrutam"
	// OwnerRole owns it and is no superuser.
	OwnerRole = "amrutam"
	// ServerRole is what the server logs in as: it owns nothing and has the rights of the role amrutam_app.
	ServerRole = "amrutam_server"
	// SuperuserRole is the superuser.
	SuperuserRole = "postgres"

	port = "5432" // only names the socket's file

	startTimeout = 60 * time.Second // recovery after a crash reads at most some GB of WAL
	stopTimeout  = 15 * time.Second
	pollInterval = 5 * time.Millisecond
)

// Options of Start.
type Options struct {
	// DataDir holds the data, the socket and PostgreSQL's log; it is made when missing.
	DataDir string
	Logger  *slog.Logger
	// Settings override postgresql.conf's, for throwaway clusters ("fsync": "off").
	Settings map[string]string
	// NPMCache is for FindBinaries.
	NPMCache string
}

// Cluster is a running PostgreSQL.
type Cluster struct {
	log    *slog.Logger
	folder folder
	bin    Binaries
	socket string
	server *server // nil: another process owns it
	exited chan struct{}
}

// Start uses the PostgreSQL that another process runs on the data folder, or makes one if need be and starts it. The
// process that started it owns it: it ends when that process ends, however that happens.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := openFolder(o.DataDir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
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
		// Not there yet means that the owner is starting or stopping it; in the latter case the lock comes free.
		err = c.attach(ctx)
		if err == nil {
			c.bin, _ = findBinaries(o.NPMCache, f.majorOrZero()) // needed only by those who ask for BinDir
			return c, nil
		}
		if pause(ctx) != nil {
			return nil, fmt.Errorf("another process owns the data folder %s, but its PostgreSQL does not answer: %w",
				f.root, err)
		}
	}
}

// startOwned starts it. From here on the lock is held until the server is gone.
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

// createRoles that the cluster lacks are made, and each given to those who act by it. The last two are migration 00009's,
// which a login without the right to make roles can't make.
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

// createDatabase makes the roles and the database.
func (c *Cluster) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.AdminDSN("postgres"))
	if err != nil {
		return fmt.Errorf("reach the PostgreSQL just started: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, createRoles); err != nil {
		return fmt.Errorf("make the roles: %w", err)
	}
	var database bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", Database).
		Scan(&database); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !database {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+Database+" OWNER "+OwnerRole); err != nil {
			return fmt.Errorf("make the database: %w", err)
		}
	}
	return nil
}

// attach checks that the owner's PostgreSQL serves this very folder, is complete and answers.
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

// DSN is the address of a database for its owner, the role amrutam, as a URL that pgx and libpq's programs understand.
func (c *Cluster) DSN(database string) string { return c.dsn(OwnerRole, database) }

// ServerDSN is the address of a database for the server.
func (c *Cluster) ServerDSN(database string) string { return c.dsn(ServerRole, database) }

// AdminDSN is the address of a database for the superuser.
func (c *Cluster) AdminDSN(database string) string { return c.dsn(SuperuserRole, database) }

func (c *Cluster) dsn(user, database string) string {
	q := url.Values{"host": {c.socket}, "port": {port}}
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// BinDir is the folder of its programs; beside an owner that uses others it may be "".
func (c *Cluster) BinDir() string { return c.bin.Dir }

// IsOwner tells whether this process started it.
func (c *Cluster) IsOwner() bool { return c.server != nil }

// Exited is closed when the owned PostgreSQL has ended, see Err; it is nil when another process owns it.
func (c *Cluster) Exited() <-chan struct{} { return c.exited }

// Err tells how the owned PostgreSQL ended, with the last lines of its log; nil while it runs and after a clean stop.
func (c *Cluster) Err() error {
	if c.server == nil || !c.server.hasExited() || c.server.err == nil {
		return nil
	}
	return fmt.Errorf("PostgreSQL ended: %w: %s", c.server.err, c.server.logTail())
}

// Stop ends an owned PostgreSQL, disconnecting its clients, and waits for it; ctx bounds how long it may take to write
// its last checkpoint. One that another process owns goes on.
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
	// Immediate shutdown: the next start recovers from the WAL. PostgreSQL itself kills what doesn't end within 5 s.
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

// lastLines keeps what a program said last, on one line.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}
