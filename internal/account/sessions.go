package account

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Session is one device's sign-in.
type Session struct {
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

// Sessions are one's own, the last used first.
type Sessions struct {
	Items []Session `json:"items" nullable:"false" doc:"The live sessions, at most 100"`
}

// SessionID names a session.
type SessionID struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The session's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
}

// ListSessions shows the caller's own devices.
func (s *Service) ListSessions(ctx context.Context, r *postgres.Read, who access.Actor, _ NoInput) (Sessions, error) {
	rows, err := query.listSessions(ctx, r, who.ID, r.Now)
	out := Sessions{Items: []Session{}}
	for _, row := range rows {
		out.Items = append(out.Items, Session{ID: row.ID, Device: deviceName(row.UserAgent), UserAgent: row.UserAgent, IPAddress: row.IpAddress,
			CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt, ExpiresAt: row.ExpiresAt, SecondFactorAt: row.SecondFactorAt, Current: row.ID == who.SessionID})
	}
	return out, err
}

// EndSession signs one of the caller's own devices out. Error: problem.NotFound.
func (s *Service) EndSession(ctx context.Context, tx *postgres.Tx, who access.Actor, in SessionID) (httpapi.None, error) {
	ended, err := query.endOwnSession(ctx, tx, &tx.Now, in.ID, who.ID)
	switch {
	case err != nil:
		return httpapi.None{}, fmt.Errorf("end a session: %w", err)
	case ended == 0:
		return httpapi.None{}, problem.Hidden("session", in.ID)
	}
	audit.Write(tx, who, "session.end", in.ID, nil)
	return httpapi.None{}, nil
}

// tellOfDevice mails the user about a sign-in from where there was none before. It looks before the session is inserted.
func (s *Service) tellOfDevice(ctx context.Context, tx *postgres.Tx, who access.Actor, agent string) error {
	unknown, err := query.isNewDevice(ctx, tx, agent, who.IP, who.ID)
	if err != nil || !unknown {
		return err
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: who.ID, Kind: "new-device", Data: map[string]string{"device": deviceName(agent), "address": who.IP}})
}

// deviceName is made of known words only: what a client calls itself could be anything, also a lure.
func deviceName(agent string) string {
	browser := firstOf(agent, "an app", [2]string{"Edg/", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"Firefox/", "Firefox"}, [2]string{"Chrome/", "Chrome"},
		[2]string{"CriOS/", "Chrome"}, [2]string{"Safari/", "Safari"}, [2]string{"curl/", "curl"})
	system := firstOf(agent, "", [2]string{"Android", "Android"}, [2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Windows", "Windows"},
		[2]string{"Mac OS X", "macOS"}, [2]string{"Linux", "Linux"})
	if system == "" {
		return browser
	}
	return browser + " on " + system
}

func firstOf(agent, otherwise string, known ...[2]string) string {
	for _, k := range known {
		if strings.Contains(agent, k[0]) {
			return k[1]
		}
	}
	return otherwise
}

func (s *Service) sessionRoutes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{Method: http.MethodGet, Path: "/auth/sessions", ID: "list-sessions", Tag: "auth", Roles: access.SignedIn,
		Summary: "List the devices you are signed in on"}, s.ListSessions)
	httpapi.Command(api, httpapi.Op{Method: http.MethodDelete, Path: "/auth/sessions/{id}", ID: "end-session", Tag: "auth", Roles: access.SignedIn, Status: http.StatusNoContent,
		Summary: "Sign one of your devices out"}, s.EndSession)
}
