package account

import (
	"fmt"

	"github.com/alexedwards/argon2id"
)

// UsersQuery returns the statement that lists users, and its arguments.
func UsersQuery(s *Service, in UserListRequest) (string, []any, error) {
	q, err := s.usersQuery(in)
	return q.sql, q.args, err
}

// FillHashing takes every place for a running hash until release is called: passwords wait in the queue meanwhile.
func FillHashing() (release func()) {
	for range cap(passwords.Running) {
		passwords.Running <- struct{}{}
	}
	return func() {
		for range cap(passwords.Running) {
			<-passwords.Running
		}
	}
}

// FillQueue takes every place in the queue for hashing until release is called: passwords are refused meanwhile.
func FillQueue() (release func()) {
	passwords.Waiting.Add(passwords.MaxWaiting)
	return func() { passwords.Waiting.Add(-passwords.MaxWaiting) }
}

// WaitingHashes returns how many passwords are in the queue for hashing.
func WaitingHashes() int { return int(passwords.Waiting.Load()) }

// RunningHashes returns how many passwords are being hashed.
func RunningHashes() int { return len(passwords.Running) }

// UseCheapHashes makes a hash take a hundredth of the work: with the race detector the tests of this package would
// otherwise spend minutes on hashing.
func UseCheapHashes() {
	passwords.Params = argon2id.Params{Memory: 256, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// HashPrefix returns the beginning of every hash that is made with the current parameters.
func HashPrefix() string {
	p := passwords.Params
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", p.Memory, p.Iterations, p.Parallelism)
}

// NormalizePhone is normalizePhone.
var NormalizePhone = normalizePhone
