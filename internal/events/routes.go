package events

import (
	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the operation.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Stream[StreamRequest, Event](api, httpapi.Op{
		Method: "GET", Path: "/events", ID: "stream-events", Tag: "events",
		Summary: "Be told what changes",
		Doc: "A stream of Server-Sent Events about your consultations, payments, refunds and offers, each within a " +
			"second: ids and states, never health data or names. It ends when your access token expires or your " +
			"session ends; then connect again with a new one and `Last-Event-ID`, and nothing is missed for 23 " +
			"hours. After that, the first event is `reset`: read what you show anew. At most five streams of a user " +
			"on each server. A comment comes every 20 seconds; after a minute without one, connect again.",
		Roles:    access.SignedIn,
		Refusals: []*problem.Error{ErrTooManyStreams},
	}, s.Open)
}
