package access

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

// Request is the request of a row, ready to be sent.
type Request struct {
	Operation    apptest.Operation
	Method, Path string
	Body         []byte
	Headers      []string
	// IDs are the ids that replaced placeholders.
	IDs []string
}

var placeholder = regexp.MustCompile(`<[a-z-]+>`)

// Request replaces the placeholders of a row. With missing, every id is a new one of nothing.
func (s *Scene) Request(row Row, missing bool) Request {
	s.T.Helper()
	r := Request{Operation: s.operation(row.Operation), Headers: slices.Clone(row.Headers)}
	if row.After != "" {
		s.Value(row.After)
	}
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(name string) string {
			v := s.Value(strings.Trim(name, "<>"))
			if _, err := uuid.Parse(v); err != nil {
				return v
			}
			if missing {
				v = uuid.Must(uuid.NewV7()).String()
			}
			r.IDs = append(r.IDs, v)
			return v
		})
	}
	r.Method, r.Path = r.Operation.Method, r.Operation.Path
	if len(r.Operation.Params) > 0 {
		r.Path = strings.Replace(r.Path, "{"+r.Operation.Params[0]+"}", fill(row.In), 1)
	}
	if r.Operation.Example != nil {
		r.Body = s.body(r.Operation.Example, fill(row.Body))
	}
	if r.Method == http.MethodPost {
		r.Headers = append(r.Headers, "Idempotency-Key", uuid.NewString())
	}
	if row.Signed {
		r.Headers = append(r.Headers, s.sign(r.Body)...)
	}
	return r
}

func (s *Scene) operation(id string) apptest.Operation {
	s.T.Helper()
	all := s.C.Document().Operations
	i := slices.IndexFunc(all, func(o apptest.Operation) bool { return o.ID == id })
	if i < 0 {
		s.T.Fatalf("no operation %s is documented", id)
	}
	return all[i]
}

func (s *Scene) body(example any, patch string) []byte {
	s.T.Helper()
	var change map[string]any
	if patch != "" {
		if err := json.NewDecoder(strings.NewReader(patch)).Decode(&change); err != nil {
			s.T.Fatalf("%s: %v", patch, err)
		}
	}
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(merge(example, change)); err != nil {
		s.T.Fatal(err)
	}
	return out.Bytes()
}

// merge returns target with a merge patch applied (RFC 7396).
func merge(target any, patch map[string]any) map[string]any {
	out := map[string]any{}
	if object, ok := target.(map[string]any); ok {
		for name, v := range object {
			out[name] = v
		}
	}
	for name, v := range patch {
		switch inner, ok := v.(map[string]any); {
		case v == nil:
			delete(out, name)
		case ok:
			out[name] = merge(out[name], inner)
		default:
			out[name] = v
		}
	}
	return out
}

func (s *Scene) sign(body []byte) []string {
	s.T.Helper()
	secrets, err := s.C.App.Config.StubSecrets()
	if err != nil {
		s.T.Fatal(err)
	}
	id, now := uuid.NewString(), s.C.Clock.Now()
	return []string{"Webhook-Id", id, "Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10),
		"Webhook-Signature", (&payment.Stub{Secrets: secrets}).Sign(id, now, body)}
}

// Send sends a request as the scene's caller.
func (s *Scene) Send(r Request) *apptest.Answer {
	s.T.Helper()
	if r.Body == nil {
		return s.C.Do(s.User(s.Caller), r.Method, r.Path, nil, r.Headers...)
	}
	return s.C.Do(s.User(s.Caller), r.Method, r.Path, r.Body, r.Headers...)
}
