// Package password makes and compares password hashes, and says which passwords may be used.
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

// Hasher bounds what passwords take of the machine: a few are hashed at once, some wait, and the rest is refused.
type Hasher struct {
	Params argon2id.Params
	// Running has a place for each hash that may be made at once, and holds one item for each that is being made.
	Running chan struct{}
	// Waiting is how many callers wait for a place, at most MaxWaiting.
	Waiting    atomic.Int64
	MaxWaiting int64
	// ErrBusy is returned when too many wait.
	ErrBusy error

	dummy func() string
}

// NewHasher makes a hasher that runs so many hashes at once. 16 of them wait for each place, less than half a second.
func NewHasher(params argon2id.Params, places int, errBusy error) *Hasher {
	h := &Hasher{Params: params, Running: make(chan struct{}, places), MaxWaiting: int64(16 * places),
		ErrBusy: errBusy}
	h.dummy = sync.OnceValue(h.makeDummy)
	return h
}

// run calls do when there is a place. Returns ErrBusy if too many wait, or what do returned.
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

// Hash makes the argon2id hash of a password, with a salt of its own. Returns ErrBusy if too many wait.
func (h *Hasher) Hash(ctx context.Context, password string) (hash string, err error) {
	err = h.run(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(norm.NFC.String(password), &h.Params)
		return err
	})
	return hash, err
}

// HashLike hashes a password with the salt and the parameters of another hash: equal passwords then have equal
// hashes, and one hash tells which of many it is. Returns ErrBusy if too many wait, argon2id.ErrInvalidHash if other
// is no hash.
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

// Compare reports whether the password is the hash's, and whether the hash was made with other parameters than
// today's. What is no hash (the user may not sign in by password) takes as long and fits no password. Returns ErrBusy
// if too many wait.
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

// Dummy is a hash that no password fits: comparing with it takes as long as with that of a user.
func (h *Hasher) Dummy() string { return h.dummy() }

// makeDummy takes a random salt and key instead of hashing: it costs nothing.
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

// Salt is a hash without its key: what two hashes that HashLike made have in common.
func Salt(hash string) string { return hash[:strings.LastIndexByte(hash, '$')+1] }
