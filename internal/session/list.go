package session

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// Session is one device's sign-in.
type Session struct {
	_ struct{} `doc:"A device you are signed in on"`

	ID             uuid.UUID  `json:"id" doc:"The session's id"`
	Device         string     `json:"device" doc:"What signed in, as far as it told" example:"Firefox on Windows"`
	UserAgent      string     `json:"userAgent" doc:"What it called itself" example:"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"`
	IPAddress      string     `json:"ipAddress" doc:"Where it signed in from" example:"203.0.113.7"`
	CreatedAt      time.Time  `json:"createdAt" doc:"When it signed in"`
	LastUsedAt     time.Time  `json:"lastUsedAt" doc:"When it last got new tokens"`
	ExpiresAt      time.Time  `json:"expiresAt" doc:"When it ends by itself"`
	SecondFactorAt *time.Time `json:"secondFactorAt" doc:"When it last proved a second factor, or null"`
	Current        bool       `json:"current" doc:"Whether it is the one that asks" example:"true"`
}

// ListRequest asks for a page of one's own sessions.
type ListRequest struct{ httpapi.Paging }

const listScope = "sessions:newest"

// List returns the caller's own sessions, the newest sign-in first.
func (s *Service) List(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListRequest) (httpapi.Page[Session], error) {
	before := uuid.Max
	if _, err := s.Cursors.Decode(listScope, in.Cursor, &before); err != nil {
		return httpapi.Page[Session]{}, err
	}
	rows, err := listSessions(ctx, r, listSessionsParams{UserID: actor.ID, Now: r.Now, Before: before,
		Most: int32(in.Limit + 1)}) //nolint:gosec // 101 at most
	if err != nil {
		return httpapi.Page[Session]{}, fmt.Errorf("list sessions: %w", err)
	}
	all := make([]Session, len(rows))
	for i, row := range rows {
		all[i] = Session{ID: row.ID, Device: DeviceName(row.UserAgent), UserAgent: row.UserAgent,
			IPAddress: row.IPAddress, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt, ExpiresAt: row.ExpiresAt,
			SecondFactorAt: row.SecondFactorAt, Current: row.ID == actor.SessionID}
	}
	return httpapi.NewPage(s.Cursors, listScope, in.Limit, all, func(v Session) any { return v.ID }), nil
}
