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
	// ErrBusy means that every connection is in use, or that a lock or statement took too long. Nothing was stored.
	ErrBusy = errors.New("the database is busy")
	// ErrUnavailable means that the database does not answer. Nothing was stored.
	ErrUnavailable = errors.New("the database is away")
	// ErrOutcomeUnknown means that the answer to a COMMIT was lost. Either everything was stored or nothing.
	ErrOutcomeUnknown = errors.New("the outcome is not known")
)

// Violates tells whether err is a violation of the named constraint or unique index.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}

// Failed adds the name of the statement to its error. Returns nil if err is nil.
func Failed(statement string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", statement, err)
}

// NoRows tells whether a statement that returns one row found none.
func NoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// Busy tells whether err is caused by contention, so that the caller may try again.
func Busy(err error) bool {
	if errors.Is(err, ErrBusy) || isRetryable(err) {
		return true
	}
	return LockTimeout(err) || Cancelled(err)
}

// LockTimeout tells whether a statement waited longer for a lock than lock_timeout allows.
func LockTimeout(err error) bool { return sqlState(err) == "55P03" }

// Cancelled tells whether the server cancelled a statement, because its caller went away or it took too long.
func Cancelled(err error) bool { return sqlState(err) == "57014" }

// Unavailable tells whether err means that the database can't be reached or is a standby.
func Unavailable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrOutcomeUnknown) {
		return false
	}
	if errors.Is(err, ErrUnavailable) {
		return true
	}
	if code := sqlState(err); code != "" {
		return isShuttingDown(code) || strings.HasPrefix(code, "08") || code == "25006" || code == "53300"
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

// isRetryable tells whether a transaction lost to another one: a serialization failure or a deadlock.
func isRetryable(err error) bool {
	code := sqlState(err)
	return code == "40001" || code == "40P01"
}

func isShuttingDown(code string) bool {
	return code == "57P01" || code == "57P02" || code == "57P03" || code == "25P03"
}

// Describe returns the text of an error for the log. PostgreSQL's messages can quote values of a row ("Key
// (email)=(…)"), so of a server's error it has only the code, the constraint and the table.
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

// serverErrors returns all errors of PostgreSQL that err wraps, directly or joined with others.
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

// describeServer adds the message only for errors in a statement and internal errors, which quote no values.
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
