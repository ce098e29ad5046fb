package account

import (
	"fmt"

	"github.com/alexedwards/argon2id"
)

// UsersQuery is the statement of the list of users.
func UsersQuery(s *Service, in UserFilter) (string, []any, error) {
	q, err := s.usersQuery(in)
	return q.sql, q.args, err
}

// FillHashing takes all places where passwords are hashed, until release is called.
func FillHashing() (release func()) {
	for range cap(hashing.places) {
		hashing.places <- struct{}{}
	}
	return func() {
		for range cap(hashing.places) {
			<-hashing.places
		}
	}
}

// FillQueue takes the queue before those places too.
func FillQueue() (release func()) {
	hashing.waiting.Add(hashing.queue)
	return func() { hashing.waiting.Add(-hashing.queue) }
}

// Waiting for a place to hash.
func Waiting() int { return int(hashing.waiting.Load()) }

// Hashing now.
func Hashing() int { return len(hashing.places) }

// realParams are those that the server hashes with.
var realParams = *hashParams

// CheapHashes have the tests of this package hash with a hundredth of the work: under the race detector they would
// spend minutes on it.
func CheapHashes() {
	hashParams = &argon2id.Params{Memory: 256, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// HashPrefix is how the hashes begin that are made now.
func HashPrefix() string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", hashParams.Memory, hashParams.Iterations,
		hashParams.Parallelism)
}

// CanonicalPhone is canonicalPhone.
var CanonicalPhone = canonicalPhone
