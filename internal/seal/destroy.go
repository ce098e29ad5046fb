package seal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Destroy destroys a person's data key in the caller's transaction: nothing sealed with it can be opened again. The
// proof is the SHA-256 of the wrapped key in hexadecimal; it identifies the destroyed key in an old backup. Call Evict
// after the commit. Returns ErrErased if the key was destroyed before.
func (s *Sealer) Destroy(ctx context.Context, db Database, person uuid.UUID, now time.Time) (proof string, err error) {
	var wrapped []byte
	// A rotation waits for this lock, and then finds no key to wrap again.
	err = db.QueryRow(ctx, "SELECT wrapped FROM data_keys WHERE user_id = $1 FOR UPDATE", person).Scan(&wrapped)
	if err != nil {
		return "", fmt.Errorf("read a data key: %w", err)
	}
	if wrapped == nil {
		return "", ErrErased
	}
	_, err = db.Exec(ctx, "UPDATE data_keys SET wrapped = NULL, destroyed_at = $2 WHERE user_id = $1", person, now)
	if err != nil {
		return "", fmt.Errorf("destroy a data key: %w", err)
	}
	sum := sha256.Sum256(wrapped)
	return hex.EncodeToString(sum[:]), nil
}
