package seal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Destroy takes a person's data key away for good, in the caller's transaction: what it sealed stays, and opens no
// more. It gives the SHA-256 of the wrapped key in hexadecimal digits, by which a key in an old backup is known to be
// the one that was destroyed. Call Forget once that is committed. Error: ErrErased, when it was destroyed before.
func (s *Sealer) Destroy(ctx context.Context, db Database, person uuid.UUID, now time.Time) (proof string, err error) {
	var wrapped []byte
	// The lock has a rotation wait, which then finds nothing to wrap anew.
	if err := db.QueryRow(ctx, "SELECT wrapped FROM data_keys WHERE user_id = $1 FOR UPDATE", person).
		Scan(&wrapped); err != nil {
		return "", fmt.Errorf("read a data key: %w", err)
	}
	if wrapped == nil {
		return "", ErrErased
	}
	if _, err := db.Exec(ctx, "UPDATE data_keys SET wrapped = NULL, destroyed_at = $2 WHERE user_id = $1", person,
		now); err != nil {
		return "", fmt.Errorf("destroy a data key: %w", err)
	}
	sum := sha256.Sum256(wrapped)
	return hex.EncodeToString(sum[:]), nil
}
