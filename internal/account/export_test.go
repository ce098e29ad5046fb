package account

import (
	"fmt"

	"github.com/alexedwards/argon2id"
)

// UsersQuery is the statement of the list of users.
func UsersQuery(s *Service, in UserListRequest) (string, []any, error) {
	q, err := s.usersQuery(in)
	return q.sql, q.args, err
}

// FillHashing takes all places where passwords are hashed, until release is called.
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

// FillQueue takes the queue before those places too.
func FillQueue() (release func()) {
	passwords.Waiting.Add(passwords.MaxWaiting)
	return func() { passwords.Waiting.Add(-passwords.MaxWaiting) }
}

// Waiting for a place to hash.
func Waiting() int { return int(passwords.Waiting.Load()) }

// Hashing now.
func Hashing() int { return len(passwords.Running) }

// CheapHashes have the tests of this package hash with a hundredth of the work: under the race detector they would
// spend minutes on it.
func CheapHashes() {
	passwords.Params = argon2id.Params{Memory: 256, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// HashPrefix is how the hashes begin that are made now.
func HashPrefix() string {
	p := passwords.Params
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", p.Memory, p.Iterations, p.Parallelism)
}

// NormalizePhone is normalizePhone.
var NormalizePhone = normalizePhone
