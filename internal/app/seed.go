package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"amrutam/internal/postgres"
	"amrutam/internal/seed"
)

// Seed fills the empty database that owner connects to, as the owner of its schema, with made-up data, and says how to
// sign in.
func (a *App) Seed(ctx context.Context, owner *postgres.DB, o seed.Options, out io.Writer, isTerminal bool) error {
	if a.Config.Production() {
		return errors.New("production has no made-up data")
	}
	password, err := a.DemoPassword()
	if err != nil {
		return err
	}
	secret, err := a.DemoSecret()
	if err != nil {
		return err
	}
	hash, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	s := seed.Seeder{
		DB: owner, Config: a.Config, Sealer: a.Sealer, Out: out, IsTerminal: isTerminal,
		Accounts: seed.Accounts{PasswordHash: hash, TOTPSecret: secret},
	}
	if err := s.Run(ctx, o); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `
Sign in as patient-1@example.org, doctor-1@example.org (the most popular) and so on, or as admin@example.org or
support@example.org: amrutam code prints the code of their authenticator. Everybody's password is %s.
`, password)
	return err
}
