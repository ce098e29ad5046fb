// Package idempotency makes sure that a request with an Idempotency-Key has its effect once: the key, the effect and
// the answer are stored in one transaction.
package idempotency

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

const columnResponseBody = "idempotency_keys.response_body"

// Lifetime is how long an answer is stored.
const Lifetime = 24 * time.Hour

// The refusals of keyed requests.
var (
	ErrRequired = problem.Define(http.StatusBadRequest, "idempotency-key-required", "An Idempotency-Key is needed",
		"This operation needs an Idempotency-Key header.", "Make a random key for each booking, payment or "+
			"prescription, and send the same one when you try again.")
	ErrMalformed = problem.Define(http.StatusBadRequest, "idempotency-key-malformed",
		"The Idempotency-Key is malformed", "Idempotency-Key must be 1 to 255 printable ASCII characters.",
		"A UUID is a good key.")
	ErrReused = problem.Define(http.StatusUnprocessableEntity, "idempotency-key-reused",
		"The Idempotency-Key was used for something else",
		"This key was already used with another method, path or body.", "Make a new key for a new request.")
	ErrInFlight = problem.Conflict("idempotency-in-flight", "The first request is still running",
		"The first request with this key is still running.",
		"Wait as Retry-After says and send it again: you will get the first answer.").WithRetryAfter(time.Second)
)

// Claim is a request with a key.
type Claim struct {
	UserID uuid.UUID
	Key    string
	Method string
	Path   string
	// Hash identifies the body. It is a keyed hash, because health data could be guessed from a plain one.
	Hash string

	isLocked bool
	stored   *batchFindKeyRow
}

// Answer is a stored response.
type Answer struct {
	Status     int
	Location   string
	ETag       string
	Body       []byte
	EntityType string
	EntityID   uuid.UUID
}

// NewClaim checks the key and hashes the body. Error: ErrMalformed.
func NewClaim(sealer *seal.Sealer, user uuid.UUID, key, method, path string, body []byte) (*Claim, error) {
	if key == "" || len(key) > 255 {
		return nil, ErrMalformed
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return nil, ErrMalformed
		}
	}
	hash := sealer.BlindIndex("idempotency_keys.request_hash", string(body))
	return &Claim{UserID: user, Key: key, Method: method, Path: path, Hash: hex.EncodeToString(hash)}, nil
}

// QueueLookup queues statements that lock the key for the transaction and look up its stored answer.
func (c *Claim) QueueLookup(b *pgx.Batch, now time.Time) {
	c.isLocked, c.stored = false, nil
	// These are two statements, because the look-up needs a snapshot that is newer than the lock. With an older one it
	// could miss the row of the request that had the lock before.
	batchLockKey(b, c.lockID(), func(locked bool, err error) error {
		c.isLocked = locked
		return err
	})
	batchFindKey(b, c.UserID, c.Key, now, func(row batchFindKeyRow, err error) error {
		if postgres.NoRows(err) {
			return nil
		}
		c.stored = &row
		return err
	})
}

// StoredAnswer returns the stored answer of the key, or nil if the key is new. QueueLookup must have run before.
// Errors: ErrInFlight, ErrReused.
func (c *Claim) StoredAnswer(key seal.Key) (*Answer, error) {
	switch row := c.stored; {
	case !c.isLocked:
		return nil, ErrInFlight
	case row == nil:
		return nil, nil //nolint:nilnil // no answer yet, and no error
	case row.Method != c.Method || row.Path != c.Path || row.RequestHash != c.Hash:
		return nil, ErrReused
	default:
		body, err := key.Open(columnResponseBody, row.ID, row.ResponseBody)
		if err != nil {
			return nil, fmt.Errorf("open a stored answer: %w", err)
		}
		return &Answer{Status: int(row.StatusCode), Location: row.Location, ETag: row.Etag, Body: []byte(body)}, nil
	}
}

// Store stores the answer, in the transaction of the effect.
func (c *Claim) Store(tx *postgres.Tx, key seal.Key, a Answer) error {
	id := uuid.Must(uuid.NewV7())
	sealed, err := key.Seal(columnResponseBody, id, string(a.Body))
	if err != nil {
		return fmt.Errorf("seal an answer: %w", err)
	}
	queueInsertKey(tx, queueInsertKeyParams{
		ID: id, Key: c.Key, UserID: c.UserID, Method: c.Method, Path: c.Path, RequestHash: c.Hash,
		StatusCode: int32(a.Status), //nolint:gosec // at most 599
		Location:   a.Location, Etag: a.ETag, ResponseBody: sealed,
		EntityType: a.EntityType, EntityID: a.EntityID,
		CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(Lifetime),
	})
	return nil
}

// lockID returns the advisory lock of the user's key.
func (c *Claim) lockID() int64 {
	sum := sha256.Sum256(append(c.UserID[:], c.Key...))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any 64 bits will do
}
