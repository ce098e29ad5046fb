// Package notification mails people: a mail is kept, sealed, in the transaction of what it tells of.
package notification

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// Mail is one to write: to a user, at Address only when that isn't the user's present one. Kind names its template,
// Data fills it; never health data.
type Mail struct {
	To      uuid.UUID
	Address string
	Kind    string
	Data    map[string]string
}

// Service keeps mails.
type Service struct {
	Sealer *seal.Sealer
	// Host is the right side of every Message-ID.
	Host string
}

// Enqueue keeps the mail in the caller's transaction. Its content is sealed: it can hold tokens.
func (s *Service) Enqueue(_ context.Context, tx *postgres.Tx, m Mail) error {
	id := uuid.Must(uuid.NewV7())
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	content, err := s.Sealer.System().Seal("mails.content", id, string(text))
	if err != nil {
		return err
	}
	tx.Queue(`INSERT INTO mails (id, user_id, kind, message_id, content, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, m.To, m.Kind, "<"+id.String()+"@"+s.Host+">", content, tx.Now)
	return nil
}
