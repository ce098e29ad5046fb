// Package events tells users what changes about their consultations, payments, refunds and offers, in a stream for
// each client. Triggers store what happened (migration 00052); this package sends it, and doesn't interpret it.
package events

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/telemetry"
)

const (
	// channel is where wake_streams names users, and where an empty message tells to look for events.
	channel = "events"
	// maxPerUser is how many streams a user may have on each server: a few devices and tabs.
	maxPerUser = 5
	// kept is how long events are stored, and resumeWithin how old the end of a stream may be to go on from there. The
	// difference is more than a transaction takes: its events have the time of its beginning.
	kept, resumeWithin = 24 * time.Hour, 23 * time.Hour
)

// ErrTooManyStreams is the answer to one stream more than a user may have.
var ErrTooManyStreams = problem.Define(http.StatusTooManyRequests, "too-many-streams", "Too many streams",
	"You have as many streams open as you may have at a time.",
	"Close one of them, or share one among the pages of a browser, and wait as Retry-After says.").
	WithRetryAfter(30 * time.Second)

// Type says what an event is about.
type Type string

// The types. Reset isn't stored: it tells that something may have been missed.
const (
	ConsultationChanged Type = "consultation.changed"
	PaymentChanged      Type = "payment.changed"
	RefundChanged       Type = "refund.changed"
	OfferChanged        Type = "offer.changed"
	CallChanged         Type = "call.changed"
	Reset               Type = "reset"
)

// Schema lists the types.
func (Type) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "EventType", "What an event is about; `reset` tells to read everything anew",
		ConsultationChanged, PaymentChanged, RefundChanged, OfferChanged,
		CallChanged, Reset)
}

// Event is what a client is told: ids and states, never what they are about.
type Event struct {
	_ struct{} `doc:"Something changed: read it anew for the rest. More types and fields may come; ignore those that you don't know"`

	Type           Type       `json:"type" doc:"What it is about" example:"consultation.changed"`
	ConsultationID *uuid.UUID `json:"consultationId,omitempty" format:"uuid" doc:"The consultation that it belongs to; none of an offer of the waitlist"`
	PaymentID      *uuid.UUID `json:"paymentId,omitempty" format:"uuid" doc:"The payment, of payment.changed"`
	WaitlistID     *uuid.UUID `json:"waitlistId,omitempty" format:"uuid" doc:"The entry of the waitlist, of offer.changed"`
	RefundID       *uuid.UUID `json:"refundId,omitempty" format:"uuid" doc:"The refund, of refund.changed"`
	Status         string     `json:"status,omitempty" maxLength:"40" doc:"The status then: of the consultation, the payment, the refund; of an offer OPEN or ENDED" example:"CONFIRMED"`
	PaymentStatus  string     `json:"paymentStatus,omitempty" maxLength:"40" doc:"Whether the consultation is paid, of consultation.changed" example:"PAID"`
	At             time.Time  `json:"at" doc:"When it happened" example:"2026-11-23T04:45:00Z"`
}

// Service streams events.
type Service struct {
	DB      *postgres.DB
	Cursors httpapi.Cursors
	Metrics *telemetry.Metrics

	hub *hub
}

// New returns the streams of a server, of which there may be so many at a time. It connects to nothing yet.
func New(db *postgres.DB, cursors httpapi.Cursors, metrics *telemetry.Metrics, log *slog.Logger,
	maxStreams int) *Service {
	s := &Service{DB: db, Cursors: cursors, Metrics: metrics, hub: newHub(db, log, maxStreams)}
	metrics.WatchStreams(s.hub.count)
	return s
}

// Close ends all streams at once, and refuses new ones. It waits until nothing listens any more.
func (s *Service) Close() { s.hub.close() }
