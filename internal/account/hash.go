package account

import (
	"errors"
	"runtime"

	"amrutam/internal/account/password"
	"amrutam/internal/problem"
)

// NewHasher returns the hasher of a server: it computes as many hashes at the same time as there are cores, and
// returns problem.Busy if too many callers wait. Hashing is slow: call it outside a transaction.
func NewHasher() *password.Hasher {
	return password.NewHasher(password.DefaultParams, runtime.GOMAXPROCS(0), problem.Busy)
}

// passwordFault says why a user with an address and a name may not use a password, or returns "".
func (s *Service) passwordFault(text, email, fullName string) *problem.Message {
	policy := password.Policy{MinLength: s.Config.PasswordMin, Service: serviceName}
	switch policy.Fault(text, email, fullName) {
	case password.NotText:
		return faultNotText
	case password.TooShort:
		return problem.MinLength.With("limit", policy.MinLength)
	case password.TooLong:
		return problem.MaxLength.With("limit", password.MaxLength)
	case password.HasName:
		return faultOwnName
	case password.HasService:
		return faultService
	case password.IsGuessable:
		return faultSequence
	case password.IsCommon:
		return faultCommon
	}
	return nil
}

// errPasswordChanged says that the password must be compared again: the user's hash has changed since, or a second
// factor was added. The other request may have changed the password, or only renewed its hash.
var errPasswordChanged = errors.New("account: the password hash changed meanwhile")

// retryOnPasswordChange calls do again if it returns errPasswordChanged. Returns problem.Busy after several attempts.
func retryOnPasswordChange(do func() error) error {
	for range 3 {
		if err := do(); !errors.Is(err, errPasswordChanged) {
			return err
		}
	}
	return problem.Busy
}
