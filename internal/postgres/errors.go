package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrBusy: every connection is in use, or a lock or statement took too long; nothing was stored.
	ErrBusy = errors.New("the database is busy")
	// ErrUnavailable: the database does not answer; nothing was stored.
	ErrUnavailable = errors.New("the database is away")
	// ErrOutcomeUnknown: the answer to a COMMIT was lost; the change is either whole or not there.
	ErrOutcomeUnknown = errors.New("the outcome is not known")
)

// Violates tells whether err is the refusal of the named constraint or unique index.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}

// Failed is err with the name of the statement that returned it, or nil when err is nil.
func Failed(statement string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", statement, err)
}

// NoRows tells whether a statement that returns one row found none.
func NoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// Busy tells whether err is passing contention: the caller may try again.
func Busy(err error) bool {
	if errors.Is(err, ErrBusy) || lostToAnother(err) {
		return true
	}
	code := sqlState(err)
	return code == "55P03" || code == "57014"
}

// Cancelled tells whether the server gave a statement up: its caller went away, or it ran too long.
func Cancelled(err error) bool { return sqlState(err) == "57014" }

// Unavailable tells whether err means that the database is away or answers as a standby.
func Unavailable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrOutcomeUnknown) {
		return false
	}
	if errors.Is(err, ErrUnavailable) {
		return true
	}
	if code := sqlState(err); code != "" {
		return shuttingDown(code) || strings.HasPrefix(code, "08") || code == "25006" || code == "53300"
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

func lostToAnother(err error) bool {
	code := sqlState(err)
	return code == "40001" || code == "40P01"
}

func shuttingDown(code string) bool {
	return code == "57P01" || code == "57P02" || code == "57P03" || code == "25P03"
}

// Describe is an error for the log, with what was being done. PostgreSQL's messages can quote values of a row ("Key
// (email)=(…)"), so of a server's error only the code, the constraint and the table are written.
func Describe(err error) string {
	text := err.Error()
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) { // its text names the user and the database
		if pg := new(pgconn.PgError); errors.As(connect, &pg) {
			return describeServer(pg)
		}
	}
	for _, pg := range serverErrors(err) {
		text = strings.ReplaceAll(text, pg.Error(), describeServer(pg))
	}
	return text
}

// serverErrors are those that err wraps, directly or joined with others.
func serverErrors(err error) []*pgconn.PgError {
	switch e := err.(type) { //nolint:errorlint // it walks the chain itself
	case *pgconn.PgError:
		return []*pgconn.PgError{e}
	case interface{ Unwrap() error }:
		return serverErrors(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*pgconn.PgError
		for _, one := range e.Unwrap() {
			all = append(all, serverErrors(one)...)
		}
		return all
	}
	return nil
}

func describeServer(pg *pgconn.PgError) string {
	text := "SQLSTATE " + pg.Code
	if pg.ConstraintName != "" {
		text += " constraint " + pg.ConstraintName
	}
	if pg.TableName != "" {
		text += " table " + pg.TableName
	}
	if strings.HasPrefix(pg.Code, "42") || strings.HasPrefix(pg.Code, "XX") {
		text += ": " + pg.Message
	}
	return text
}
