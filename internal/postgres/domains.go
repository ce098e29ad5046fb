package postgres

import (
	"context"
	"database/sql"
	"strings"

	"github.com/pressly/goose/v3"
	"golang.org/x/net/idna"
)

// goMigrations are those that SQL can't do, by the files' names.
var goMigrations = map[string]*goose.Migration{
	"00033_domains_in_unicode.go": goose.NewGoMigration(33, &goose.GoFunc{RunTx: domainsInUnicode}, nil),
}

// domainsInUnicode brings addresses that were kept with the ASCII spelling of an international domain (RFC 5890:
// A-label) into the form that they are looked up in. Where somebody signed up with the other spelling too, theirs is
// the one that is found.
func domainsInUnicode(ctx context.Context, tx *sql.Tx) error {
	kept := map[string]string{}
	rows, err := tx.QueryContext(ctx,
		"SELECT id, email FROM users WHERE email ~* '@(.*[.])?xn--' AND deleted_at IS NULL")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, email string
		if err := rows.Scan(&id, &email); err != nil {
			return err
		}
		kept[id] = email
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, email := range kept {
		at := strings.LastIndex(email, "@")
		domain, err := idna.Lookup.ToUnicode(strings.ToLower(email[at+1:]))
		if err != nil {
			continue // no domain: nothing reaches it
		}
		_, err = tx.ExecContext(ctx, `UPDATE users SET email = $1 WHERE id = $2
			AND NOT EXISTS (SELECT FROM users WHERE lower(email) = lower($1) AND deleted_at IS NULL AND id <> $2)`,
			email[:at+1]+domain, id)
		if err != nil {
			return err
		}
	}
	return nil
}
