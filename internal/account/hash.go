package account

import (
	"context"
	"errors"
	"runtime"

	"amrutam/internal/account/password"
	"amrutam/internal/problem"
)

// passwords runs as many hashes at once as there are cores.
var passwords = password.NewHasher(password.DefaultParams, runtime.GOMAXPROCS(0), problem.Busy)

// HashPassword makes the hash that users.password_hash stores. It takes long: call it outside a transaction. Returns
// problem.Busy if too many wait.
func HashPassword(ctx context.Context, text string) (string, error) { return passwords.Hash(ctx, text) }

// passwordFault says why the person of an address and a name may not use a password, or "".
func (s *Service) passwordFault(text, email, fullName string) string {
	return password.Policy{MinLength: s.Config.PasswordMin, Service: serviceName}.Fault(text, email, fullName)
}

// errPasswordChanged: the user's hash is no longer the one that was compared, or they have a second factor since.
// Another request changed the password, added a factor, or only renewed the hash: comparing again tells which.
var errPasswordChanged = errors.New("account: the password hash changed meanwhile")

// retryOnPasswordChange calls do again when it returns errPasswordChanged. Returns problem.Busy if that doesn't end.
func retryOnPasswordChange(do func() error) error {
	for range 3 {
		if err := do(); !errors.Is(err, errPasswordChanged) {
			return err
		}
	}
	return problem.Busy
}
