package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"amrutam/internal/problem"
)

// OWASP's second choice: 19 MiB, 2 passes, 1 lane. About 25 ms of one core.
var hashParams = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashing bounds what passwords take of the machine: as many at once as there are cores, and a queue of under half a
// second.
var hashing = newGate(runtime.GOMAXPROCS(0), 16*runtime.GOMAXPROCS(0))

// gate lets a few in at once, some wait, and turns the rest away.
type gate struct {
	places  chan struct{}
	waiting atomic.Int64
	queue   int64
}

func newGate(places, queue int) *gate {
	return &gate{places: make(chan struct{}, places), queue: int64(queue)}
}

// pass runs do when there is a place. Errors: problem.Busy, or do's.
func (g *gate) pass(ctx context.Context, do func() error) error {
	if g.waiting.Add(1) > g.queue {
		g.waiting.Add(-1)
		return problem.Busy
	}
	select {
	case g.places <- struct{}{}:
		g.waiting.Add(-1)
	case <-ctx.Done():
		g.waiting.Add(-1)
		return ctx.Err()
	}
	defer func() { <-g.places }()
	return do()
}

// HashPassword makes the argon2id hash that users.password_hash keeps. Call it outside a transaction: it takes long.
// Error: problem.Busy.
func HashPassword(ctx context.Context, password string) (hash string, err error) {
	err = hashing.pass(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(norm.NFC.String(password), hashParams)
		return err
	})
	return hash, err
}

// dummyHash is what the password of an unknown address is compared with, so that it takes as long as a known one's.
// Its salt and key are random instead of hashed: making it costs nothing, and no password fits.
var dummyHash = sync.OnceValue(func() string {
	salt, key := make([]byte, hashParams.SaltLength), make([]byte, hashParams.KeyLength)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(key)
	return encodeHash(hashParams, salt, key)
})

// hashLike hashes a password with the salt and the parameters of another hash, so that equal passwords have equal
// hashes and one look tells which of many hashes a password fits. Errors: problem.Busy; argon2id.ErrInvalidHash, when
// the other is none.
func hashLike(ctx context.Context, password, other string) (hash string, err error) {
	params, salt, _, err := argon2id.DecodeHash(other)
	if err != nil {
		return "", argon2id.ErrInvalidHash
	}
	err = hashing.pass(ctx, func() error {
		key := argon2.IDKey([]byte(norm.NFC.String(password)), salt, params.Iterations, params.Memory,
			params.Parallelism, params.KeyLength)
		hash = encodeHash(params, salt, key)
		return nil
	})
	return hash, err
}

func encodeHash(p *argon2id.Params, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Iterations, p.Parallelism,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// saltOf is a hash without its key.
func saltOf(hash string) string { return hash[:strings.LastIndexByte(hash, '$')+1] }

// comparePassword tells whether the password is the hash's, and whether that was made with other parameters than
// today's. A hash that isn't one (the user may not sign in by password) takes as long and fits no password.
func comparePassword(ctx context.Context, password, hash string) (right, outdated bool, err error) {
	err = hashing.pass(ctx, func() error {
		var params *argon2id.Params
		right, params, err = argon2id.CheckHash(norm.NFC.String(password), hash)
		if errors.Is(err, argon2id.ErrInvalidHash) {
			_, _, err = argon2id.CheckHash(password, dummyHash())
			return err
		}
		if err != nil {
			return fmt.Errorf("check a password hash: %w", err)
		}
		outdated = params.Memory != hashParams.Memory || params.Iterations != hashParams.Iterations ||
			params.Parallelism != hashParams.Parallelism
		return nil
	})
	return right, outdated, err
}

// errReplaced: the user's hash is no longer the one that was compared, or they have a second factor since. Another
// request changed the password, added a factor, or only renewed the hash: comparing anew tells which.
var errReplaced = errors.New("account: the password hash was replaced meanwhile")

// retryOnPasswordChange does it again when the hash was replaced. Error: problem.Busy when that doesn't end.
func retryOnPasswordChange(do func() error) error {
	for range 3 {
		if err := do(); !errors.Is(err, errReplaced) {
			return err
		}
	}
	return problem.Busy
}
