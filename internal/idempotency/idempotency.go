// Package idempotency lets one key have one effect: the key, the effect and the answer are one transaction.
package idempotency

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// Life of a stored answer.
const Life = 24 * time.Hour

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

// Claim is a keyed request: whose, which key, and what it asks.
type Claim struct {
	UserID uuid.UUID
	Key    string
	Method string
	Path   string
	// Hash tells bodies apart. It is keyed: health data could be guessed from a bare one.
	Hash string

	held   bool
	stored *found
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

// NewClaim checks the key and fingerprints the request.
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

// Ask queues what holds the key for the transaction, and the look-up of the stored answer, which Answer then tells.
func (c *Claim) Ask(b *pgx.Batch, now time.Time) {
	c.held, c.stored = false, nil
	// Two statements: the look-up's snapshot must be newer than the lock, or the winner's row could be missed.
	b.Queue("SELECT pg_try_advisory_xact_lock($1)", c.lockID()).
		QueryRow(func(row pgx.Row) error { return row.Scan(&c.held) })
	b.Queue(`SELECT id, method, path, request_hash, status_code, location, etag, response_body FROM idempotency_keys
		WHERE user_id = $1 AND key = $2 AND expires_at > $3`, c.UserID, c.Key, now).QueryRow(func(row pgx.Row) error {
		var f found
		err := row.Scan(&f.id, &f.method, &f.path, &f.hash, &f.answer.Status, &f.answer.Location, &f.answer.ETag,
			&f.sealed)
		if postgres.NoRows(err) {
			return nil
		}
		c.stored = &f
		return err
	})
}

// found is a stored answer before it is opened.
type found struct {
	id                 uuid.UUID
	method, path, hash string
	answer             Answer
	sealed             []byte
}

// Answer returns the stored answer when there is one, and nil when the key is new.
// Errors: ErrInFlight, ErrReused.
func (c *Claim) Answer(key seal.Key) (*Answer, error) {
	switch f := c.stored; {
	case !c.held:
		return nil, ErrInFlight
	case f == nil:
		return nil, nil //nolint:nilnil // no answer yet, and no error
	case f.method != c.Method || f.path != c.Path || f.hash != c.Hash:
		return nil, ErrReused
	default:
		body, err := key.Open("idempotency_keys.response_body", f.id, f.sealed)
		f.answer.Body = []byte(body)
		return &f.answer, err
	}
}

// Store keeps the answer in the transaction of its effect.
func (c *Claim) Store(tx *postgres.Tx, key seal.Key, a Answer) error {
	id := uuid.Must(uuid.NewV7())
	sealed, err := key.Seal("idempotency_keys.response_body", id, string(a.Body))
	if err != nil {
		return err
	}
	tx.Queue(`INSERT INTO idempotency_keys (id, key, user_id, method, path, request_hash, response_body, status_code,
		location, etag, entity_type, entity_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
			$10, $11, $12, $13, $14)`,
		id, c.Key, c.UserID, c.Method, c.Path, c.Hash, sealed, a.Status, a.Location, a.ETag, a.EntityType, a.EntityID,
		tx.Now, tx.Now.Add(Life))
	return nil
}

func (c *Claim) lockID() int64 {
	sum := sha256.Sum256(append(c.UserID[:], c.Key...))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any 64 bits serve
}
