package postgres

import (
	"context"
	"database/sql"
	"strings"

	"github.com/pressly/goose/v3"
	"golang.org/x/net/idna"
)

// goMigrations are the migrations that SQL can't do, by file name.
var goMigrations = map[string]*goose.Migration{
	"00033_domains_in_unicode.go": goose.NewGoMigration(33, &goose.GoFunc{RunTx: convertDomains}, nil),
}

// convertDomains converts the domains of stored mail addresses from A-labels (RFC 5890) to Unicode, the form in which
// addresses are looked up. An address stays as it is if another account has the Unicode form.
func convertDomains(ctx context.Context, tx *sql.Tx) error {
	emails := map[string]string{} // by user id
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
		emails[id] = email
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, email := range emails {
		at := strings.LastIndex(email, "@")
		domain, err := idna.Lookup.ToUnicode(strings.ToLower(email[at+1:]))
		if err != nil {
			continue // not a valid domain, so no mail reaches it
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
