package notification

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// mailbox is the sender in development: it stores mails, and a page shows them.
type mailbox struct {
	db     *postgres.DB
	sealer *seal.Sealer
	log    *slog.Logger
}

const mailboxColumn = "mailbox_messages.content"

// storedMail is a mail in the development mailbox.
type storedMail struct {
	ID        uuid.UUID `json:"id"`
	To        string    `json:"to"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	Calendar  string    `json:"calendar,omitempty"`
	Kind      string    `json:"kind"`
	CreatedAt time.Time `json:"createdAt"`
	// Unreadable is set if the mail can't be opened: another master key sealed it, or it is damaged.
	Unreadable bool `json:"unreadable,omitempty"`
}

// Paragraphs returns the paragraphs of the text; one that is a URL has it as its link.
func (c storedMail) Paragraphs() []paragraph {
	var all []paragraph
	for text := range strings.SplitSeq(strings.TrimSpace(c.Text), "\n\n") {
		p := paragraph{Text: text}
		if !strings.ContainsAny(text, " \n") &&
			(strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")) {
			p.Link = text
		}
		all = append(all, p)
	}
	return all
}

// Send stores the mail, unless one with its Message-ID is stored.
func (b *mailbox) Send(ctx context.Context, m Message) error {
	id := uuid.Must(uuid.NewV7())
	calendar := ""
	if m.Calendar != nil {
		calendar = m.Calendar.Text
	}
	text, err := json.Marshal(storedMail{
		ID:        id,
		To:        m.To,
		Subject:   m.Subject,
		Text:      m.Text,
		HTML:      m.HTML,
		Calendar:  calendar,
		Kind:      m.Kind,
		CreatedAt: m.CreatedAt,
	})
	if err != nil {
		return err
	}
	content, err := b.sealer.System().Seal(mailboxColumn, id, string(text))
	if err != nil {
		return err
	}
	return b.db.Write(ctx, func(tx *postgres.Tx) error {
		queueInsertMailboxMessage(tx, queueInsertMailboxMessageParams{ID: id, MessageID: m.MessageID,
			RecipientIndex: b.recipientIndex(m.To), Content: content, CreatedAt: tx.Now})
		return nil
	})
}

// recipientIndex returns the blind index of an address, by which its sealed mails are found.
func (b *mailbox) recipientIndex(address string) []byte {
	return b.sealer.BlindIndex("mailbox_messages.recipient", Normalize(address))
}

// maxShown limits the mails that the page shows.
const maxShown = 200

// list returns the newest mails, of one address or, if to is "", of all.
func (b *mailbox) list(ctx context.Context, to string) ([]storedMail, error) {
	all := []storedMail{}
	var recipient []byte
	if to != "" {
		recipient = b.recipientIndex(to)
	}
	err := b.db.Read(ctx, func(r *postgres.Read) error {
		rows, err := r.Query(ctx, `SELECT id, content, created_at FROM mailbox_messages WHERE $1::bytea IS NULL
			OR recipient_index = $1
			ORDER BY id DESC LIMIT $2`, recipient, maxShown)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id uuid.UUID
			var content []byte
			var at time.Time
			if err := rows.Scan(&id, &content, &at); err != nil {
				return err
			}
			m, err := b.open(id, content)
			if err != nil {
				b.log.WarnContext(ctx, "a mail in the mailbox can't be opened", "mail", id, "error", err.Error())
				m = storedMail{ID: id, CreatedAt: at, Unreadable: true}
			}
			all = append(all, m)
		}
		return rows.Err()
	})
	return all, err
}

func (b *mailbox) open(id uuid.UUID, content []byte) (m storedMail, err error) {
	text, err := b.sealer.System().Open(mailboxColumn, id, content)
	if err != nil {
		return m, err
	}
	if json.Unmarshal([]byte(text), &m) != nil {
		return m, errors.New("a stored mail can't be decoded") // json's error would quote it
	}
	return m, nil
}

// Pages mounts the pages of the development mailbox, if it is the sender and the server isn't in production.
func (s *Service) Pages(mux *http.ServeMux) {
	box, ok := s.sender.(*mailbox)
	if !ok || s.cfg.Production() {
		return
	}
	show := func(w http.ResponseWriter, r *http.Request) {
		all, err := box.list(r.Context(), r.URL.Query().Get("to"))
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

var mailboxPage = template.Must(template.New("mailbox").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mailbox – Amrutam</title>
<link rel="stylesheet" href="/style.css"></head><body><main><h1>Development mailbox</h1>
{{range .}}<article>{{if .Unreadable}}<h2>Unreadable</h2>
<p>This mail of {{.CreatedAt.Format "2006-01-02 15:04:05"}} can't be opened:
another master key sealed it, or it is damaged.</p>{{else}}<h2>{{.Subject}}</h2><p>To {{.To}},
{{.CreatedAt.Format "2006-01-02 15:04:05"}}</p>
{{range .Paragraphs}}<p>{{if .Link}}<a href="{{.Link}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}</p>
{{end}}{{end}}</article>{{else}}<p>No mail yet.</p>{{end}}
</main></body></html>`))
