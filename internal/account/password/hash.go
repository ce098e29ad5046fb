// Package password computes and compares password hashes, and says which passwords may be used.
package password

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// DefaultParams are OWASP's second choice: 19 MiB, 2 passes, 1 lane. A hash takes about 25 ms of one core.
var DefaultParams = argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Hasher bounds the memory and time for passwords: a few are hashed at the same time, some wait, and the others are
// refused.
type Hasher struct {
	Params argon2id.Params
	// Running has a place for each hash that may run at the same time, and an item for each that runs.
	Running chan struct{}
	// Waiting is how many callers wait for a place, at most MaxWaiting.
	Waiting    atomic.Int64
	MaxWaiting int64
	// ErrBusy is returned if too many callers wait.
	ErrBusy error

	dummy func() string
}

// NewHasher returns a hasher that runs as many hashes at the same time as there are places. For each place 16 callers
// may wait, which takes less than half a second.
func NewHasher(params argon2id.Params, places int, errBusy error) *Hasher {
	h := &Hasher{Params: params, Running: make(chan struct{}, places), MaxWaiting: int64(16 * places),
		ErrBusy: errBusy}
	h.dummy = sync.OnceValue(h.makeDummy)
	return h
}

// run calls do when a place is free. Returns ErrBusy if too many callers wait, or what do returns.
func (h *Hasher) run(ctx context.Context, do func() error) error {
	if h.Waiting.Add(1) > h.MaxWaiting {
		h.Waiting.Add(-1)
		return h.ErrBusy
	}
	select {
	case h.Running <- struct{}{}:
		h.Waiting.Add(-1)
	case <-ctx.Done():
		h.Waiting.Add(-1)
		return ctx.Err()
	}
	defer func() { <-h.Running }()
	return do()
}

// Hash returns the argon2id hash of a password, with a new salt. Returns ErrBusy if too many callers wait.
func (h *Hasher) Hash(ctx context.Context, password string) (hash string, err error) {
	err = h.run(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(norm.NFC.String(password), &h.Params)
		return err
	})
	return hash, err
}

// HashLike hashes a password with the salt and the parameters of another hash. Equal passwords then have equal hashes,
// so one hash can be compared with many. Returns ErrBusy if too many callers wait, argon2id.ErrInvalidHash if other is
// not a hash.
func (h *Hasher) HashLike(ctx context.Context, password, other string) (hash string, err error) {
	params, salt, _, err := argon2id.DecodeHash(other)
	if err != nil {
		return "", argon2id.ErrInvalidHash
	}
	err = h.run(ctx, func() error {
		key := argon2.IDKey([]byte(norm.NFC.String(password)), salt, params.Iterations, params.Memory,
			params.Parallelism, params.KeyLength)
		hash = encode(params, salt, key)
		return nil
	})
	return hash, err
}

// Compare reports whether the password matches the hash, and whether the hash has other parameters than the current
// ones. A text that is not a hash (of a user without a password) takes as long and matches no password. Returns
// ErrBusy if too many callers wait.
func (h *Hasher) Compare(ctx context.Context, password, hash string) (right, outdated bool, err error) {
	err = h.run(ctx, func() error {
		var params *argon2id.Params
		right, params, err = argon2id.CheckHash(norm.NFC.String(password), hash)
		if errors.Is(err, argon2id.ErrInvalidHash) {
			_, _, err = argon2id.CheckHash(password, h.Dummy())
			return err
		}
		if err != nil {
			return fmt.Errorf("check a password hash: %w", err)
		}
		outdated = params.Memory != h.Params.Memory || params.Iterations != h.Params.Iterations ||
			params.Parallelism != h.Params.Parallelism
		return nil
	})
	return right, outdated, err
}

// Dummy returns a hash that no password matches. Comparing with it takes as long as with the hash of a user.
func (h *Hasher) Dummy() string { return h.dummy() }

// makeDummy uses a random salt and key, so it needs no hashing.
func (h *Hasher) makeDummy() string {
	salt, key := make([]byte, h.Params.SaltLength), make([]byte, h.Params.KeyLength)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(key)
	return encode(&h.Params, salt, key)
}

func encode(p *argon2id.Params, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Iterations, p.Parallelism,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// Salt returns a hash without its key. It is the same for all hashes that HashLike made from one another.
func Salt(hash string) string { return hash[:strings.LastIndexByte(hash, '$')+1] }
