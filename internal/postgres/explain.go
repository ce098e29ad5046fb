package postgres

import (
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// SetupError says, in words for the operator, why the program can't work on a database.
type SetupError string

func (e SetupError) Error() string { return string(e) }

// LacksPrivilege tells whether err means that the login lacks a privilege.
func LacksPrivilege(err error) bool { return sqlState(err) == "42501" }

// Explain returns one line for the operator about an error at startup. It never holds the address or the password.
func Explain(err error) string {
	var setup SetupError
	if errors.As(err, &setup) {
		return string(setup)
	}
	var dns *net.DNSError
	var network net.Error
	switch code := sqlState(err); {
	case code == "28P01":
		return "the server refused the user or the password"
	case code == "28000":
		return "the server lets this user not in: see its roles and its pg_hba.conf"
	case code == "3D000":
		return "the database does not exist: create it, in UTF8, with this user as its owner"
	case code == "42501":
		return "the user may not make tables there: let it own the database"
	case code == "53300":
		return "the server has no connection left: raise its max_connections"
	case code == "57P03":
		return "the server is starting or stopping: try again"
	case code == "25006":
		return "the server is a standby, which can't be written: name the primary"
	case code != "":
		return Describe(err)
	case errors.As(err, &dns):
		return "the name of the server's host can't be looked up, is it right?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at the server's host and port, is it running?"
	case errors.Is(err, syscall.ENOENT):
		return "there is no socket of a server in that folder, is it running?"
	case pgconn.Timeout(err), errors.As(err, &network) && network.Timeout():
		return "the server does not answer"
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) { // its own text names the user and the database, and has many lines
		return "the server can't be used: " + lastLine(connect.Unwrap().Error())
	}
	return Describe(err)
}

// lastLine returns the last line of pgx's error, which has one for each attempt, with and without TLS and for each
// host.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndex(text, "\n")+1:]
}
