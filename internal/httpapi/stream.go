package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/access"
	"amrutam/internal/idempotency"
)

const (
	streamType = "text/event-stream"
	// eventWriteTimeout is how long a write to a stream may take: a client that doesn't read is dropped.
	eventWriteTimeout = 10 * time.Second
)

// EventStream writes Server-Sent Events (HTML Standard, 9.2) to one client.
type EventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// ServerEvent is one event. ID is where the client goes on after it; Data is sent as JSON.
type ServerEvent struct {
	ID, Type string
	Data     any
}

// Open sends the beginning of the stream: how long the client waits before it connects again and, unless that is "",
// where it goes on then. It isn't an event.
func (s *EventStream) Open(retry time.Duration, id string) error {
	text := "retry: " + strconv.FormatInt(retry.Milliseconds(), 10) + "\n"
	if id != "" {
		text += "id: " + id + "\n"
	}
	return s.write(text + "\n")
}

// Send sends events, all at once.
func (s *EventStream) Send(events []ServerEvent) error {
	var text strings.Builder
	for _, e := range events {
		data, err := json.Marshal(e.Data)
		if err != nil {
			return err
		}
		text.WriteString("id: " + e.ID + "\nevent: " + e.Type + "\ndata: " + string(data) + "\n\n")
	}
	return s.write(text.String())
}

// Beat sends a comment, so that neither the client nor a proxy takes the stream for dead.
func (s *EventStream) Beat() error { return s.write(":\n\n") }

func (s *EventStream) write(text string) error {
	// The server's own limits are for answers that end.
	deadline := time.Now().Add(eventWriteTimeout)
	if err := s.control.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}

// Stream registers an operation that answers with Server-Sent Events, whose data are of type E. open decides before
// the answer begins, and returns the function that sends until the stream ends. A stream holds neither a permit for
// work nor a place among the caller's requests: open must limit them.
func Stream[I, E any](a *API, op Op, open func(ctx context.Context, actor access.Actor, in I) (func(*EventStream),
	error)) {
	op.isStream, op.MediaType = true, streamType
	run := func(ctx context.Context, actor access.Actor, in I, _ *idempotency.Claim) (reply, error) {
		send, err := open(ctx, actor, in)
		return reply{stream: send}, err
	}
	register(a, op, reflect.TypeFor[E](), false, run)
}

// sendStream answers with a stream.
func (a *API) sendStream(w http.ResponseWriter, r *http.Request, send func(*EventStream)) {
	req := requestOf(r.Context())
	req.cleanUp()
	req.isStream = true
	a.Metrics.InFlight.Dec()
	defer a.Metrics.InFlight.Inc()
	control := http.NewResponseController(w)
	// Otherwise the time for reading a request would end the stream.
	_ = control.SetReadDeadline(time.Time{}) // a connection without deadlines has none to lift
	h := w.Header()
	h.Set("Content-Type", streamType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx must not collect it
	w.WriteHeader(http.StatusOK)
	send(&EventStream{w: w, control: control})
}

// eventContent documents a stream: OpenAPI 3.1 has no word for one, so it is shown as the list of its events.
func eventContent(data *huma.Schema) *huma.MediaType {
	text := func(doc, example string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: doc, Examples: []any{example}}
	}
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeArray, Description: "Server-Sent Events, without end",
		Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false,
			Required: []string{"id", "event", "data"},
			Properties: map[string]*huma.Schema{
				"id":    text("Send it as Last-Event-ID to go on after this event", "eyJzIjoiMTA6MTA6In0"),
				"event": text("The type of the event, as in data", "consultation.changed"),
				"data":  data,
			}}}}
}
