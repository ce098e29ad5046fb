package notification

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// mailbox is the sender of development: it keeps mails where a page shows them.
type mailbox struct {
	db     *postgres.DB
	sealer *seal.Sealer
}

const mailboxColumn = "mailbox_messages.content"

// caught is a mail in the mailbox.
type caught struct {
	ID        uuid.UUID `json:"id"`
	To        string    `json:"to"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	Kind      string    `json:"kind"`
	CreatedAt time.Time `json:"createdAt"`
}

// Lines of the text, links apart.
func (c caught) Lines() []line {
	var all []line
	for _, text := range strings.Split(strings.TrimSpace(c.Text), "\n\n") {
		all = append(all, line{text, strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")})
	}
	return all
}

// Send keeps the mail, once by its Message-ID.
func (b *mailbox) Send(ctx context.Context, m Message) error {
	id := uuid.Must(uuid.NewV7())
	text, err := json.Marshal(caught{ID: id, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Kind: m.Kind, CreatedAt: m.At})
	if err != nil {
		return err
	}
	content, err := b.sealer.System().Seal(mailboxColumn, id, string(text))
	if err != nil {
		return err
	}
	return b.db.Write(ctx, func(tx *postgres.Tx) error {
		tx.Queue(`INSERT INTO mailbox_messages (id, message_id, content, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			id, m.MessageID, content, tx.Now)
		return nil
	})
}

// mostShown mails in the mailbox.
const mostShown = 200

func (b *mailbox) read(ctx context.Context, to string) ([]caught, error) {
	all := []caught{}
	err := b.db.Read(ctx, func(r *postgres.Read) error {
		rows, err := r.Query(ctx, "SELECT id, content FROM mailbox_messages ORDER BY id DESC LIMIT $1", mostShown)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id uuid.UUID
			var content []byte
			if err := rows.Scan(&id, &content); err != nil {
				return err
			}
			text, err := b.sealer.System().Open(mailboxColumn, id, content)
			if err != nil {
				return err
			}
			var m caught
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				return err
			}
			if to == "" || strings.EqualFold(to, m.To) {
				all = append(all, m)
			}
		}
		return rows.Err()
	})
	return all, err
}

// Pages mounts the development mailbox, when it is what catches mails.
func (s *Service) Pages(mux *http.ServeMux) {
	box, ok := s.sender.(*mailbox)
	if !ok || s.cfg.Production() {
		return
	}
	show := func(w http.ResponseWriter, r *http.Request) {
		all, err := box.read(r.Context(), r.URL.Query().Get("to"))
		if err != nil {
			s.log.Error("the mailbox can't be read", "error", postgres.Describe(err))
			http.Error(w, "The mailbox can't be read now.", http.StatusServiceUnavailable)
			return
		}
		if strings.HasSuffix(r.URL.Path, ".json") || strings.Contains(r.Header.Get("Accept"), "application/json") {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			_ = json.NewEncoder(w).Encode(map[string]any{"items": all})
			return
		}
		httpapi.WritePage(w, http.StatusOK, mailboxPage, all)
	}
	mux.HandleFunc("GET /dev/mailbox", show)
	mux.HandleFunc("GET /dev/mailbox.json", show)
}
