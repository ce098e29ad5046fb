// Package httpapi is the pipeline of every operation: it authenticates, checks roles, validates, begins the
// transaction, claims the idempotency key, calls the domain function, checks its audit row, stores the answer, commits
// and answers. pipeline.go has these steps in their order.
package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
	"amrutam/internal/telemetry"
)

// Base is the path every operation starts with.
const Base = "/api/v1"

// API registers operations and serves them.
type API struct {
	DB      *postgres.DB
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	Sealer  *seal.Sealer
	// Cursors signs the cursors of lists.
	Cursors Cursors
	// AuditDenial writes the audit row of a refused access.
	AuditDenial func(ctx context.Context, actor access.Actor, object problem.Object, operation string) error
	// StaffMFA requires a second factor from ADMIN and SUPPORT (AMRUTAM_REQUIRE_ADMIN_MFA).
	StaffMFA bool
	// Authenticate completes the actor of a request from the session of its token. Returns problem.Unauthenticated if
	// the token belongs to no live session.
	Authenticate func(ctx context.Context, actor access.Actor, credential Credential) (access.Actor, error)
	// Guard returns the check that every transaction of an actor makes before its COMMIT: whether the actor's session
	// is still live. It returns nil for an actor who isn't signed in.
	Guard func(actor access.Actor) *postgres.Guard
	// RatePerAddress and RatePerUser limit the requests of an address and of a user in a minute. A nil limit here and
	// below allows everything.
	RatePerAddress, RatePerUser *RateLimit
	// ConcurrentPerAddress and ConcurrentPerUser limit how many of them run at the same time.
	ConcurrentPerAddress, ConcurrentPerUser *ConcurrencyLimit
	// RateUnverified limits the requests of an address that Op.Verify refuses.
	RateUnverified *RateLimit
	// Load limits the requests that are worked on at once.
	Load *LoadLimit
	// Held reports whether this is a restored copy in restore mode, which refuses operations with Op.Sends.
	Held func() bool
	// Hosts are the names of this server, see HostSet; nil allows any.
	Hosts map[string]bool
	// Secure is set if browsers reach this server by HTTPS.
	Secure bool
	// HSTS is the value of the Strict-Transport-Security header.
	HSTS string
	// Trusted are the proxies whose X-Forwarded-For is used.
	Trusted []netip.Prefix
	// Origins are the other sites whose pages may call from a browser (CORS).
	Origins []string
	// NotFoundPage answers a browser that opens an address where there is nothing. Nil answers it like a program.
	NotFoundPage http.HandlerFunc
	// Story is the journey that the document tells in its order and its examples.
	Story Story
	// Operations in the order of registration, for tests that visit all of them.
	Operations []Op
	// HealthColumns are the sealed columns with health data that answers show, by operation.
	HealthColumns map[string][]string

	mux    *http.ServeMux
	router *Router // mux, and the patterns that conflict in it
	// patterns are those of operations; everything else is a page.
	patterns map[string]bool
	huma     huma.API
	origin   *http.CrossOriginProtection
	denials  *denialWriters
	finished sync.Once // see finish in document.go
	// overruled are the fields with an example that the story tells otherwise.
	overruled []string
}

// Op describes an operation for its registration.
type Op struct {
	Method  string
	Path    string // below Base, or from the root if Root is set
	Root    bool
	ID      string // operationId
	Tag     string
	Summary string
	Doc     string
	Roles   access.Roles
	Key     KeyMode
	// NoKeyReason says why a POST of signed-in users takes no Idempotency-Key; the document shows it.
	NoKeyReason string
	Status      int // of success; 0 means 200
	// BodyLimit in bytes; 0 means the size of the largest body that the schema allows, at most one MiB.
	BodyLimit int64
	// RawBody is set if the operation reads the bytes of the body itself, because they are signed. It is the type that
	// documents them.
	RawBody reflect.Type
	// Verify checks the signature of a RawBody right after it is read, before it is parsed. It must be cheap, because
	// anybody can call it; API.RateUnverified limits the failures.
	Verify func(r *http.Request, body []byte) error
	// Enrolment operations are those that staff may call before they have a second factor.
	Enrolment bool
	// Probe operations are for load balancers: they have no rate limit, and answer under any host name.
	Probe bool
	// RecentMFA operations are dangerous: they need a second factor that was proven in the last five minutes.
	RecentMFA bool
	// RecentProof operations delete or export a person's data, or add a way to sign in. They need a proof of identity
	// in the last five minutes: by the second factor if the user has one, otherwise by a sign-in or the password.
	RecentProof bool
	// Sends is set if the operation is of no use unless something leaves the server: a mail, or a request to the
	// payment provider. A restored copy in restore mode refuses it.
	Sends bool
	// HasSecretPath is set if the path holds a secret: the answer is for whoever knows it, and for no shared cache.
	HasSecretPath bool
	// Statuses of success and what each says, where there are several; the output's Status method chooses.
	Statuses map[int]string
	// MediaType of the file, if the output is an Attachment.
	MediaType string
	// isStream is set by Stream.
	isStream bool
	// Refusals are the problems that the domain can answer with, for the document. The pipeline's are added to them.
	Refusals []*problem.Error
}

// KeyMode says what an operation does with an Idempotency-Key.
type KeyMode int

// An operation ignores the key, uses one that is sent, or requires one.
const (
	NoKey KeyMode = iota
	Optional
	Required
)

// Reasons for Op.NoKeyReason.
const (
	// AnswerHoldsSecret is for answers with tokens or recovery codes.
	AnswerHoldsSecret = "its answer holds a secret, which is never stored"
	// RequestHoldsProof is for requests with a password or a code.
	RequestHoldsProof = "it proves a password or a code, of which not even a fingerprint is stored"
)

// init sets what the library has once for all APIs of a process.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = newHumaError
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return &Problem{Status: status} }
}

// New prepares an API without operations on mux.
func New(mux *http.ServeMux, a *API) *API {
	a.mux = mux
	a.router = NewRouter(mux)
	a.origin = http.NewCrossOriginProtection()
	a.patterns = map[string]bool{}
	a.denials = newDenialWriters()
	a.HealthColumns = map[string][]string{}
	cfg := huma.Config{
		OpenAPI:                      newDocument(),
		DefaultFormat:                jsonType,
		Formats:                      map[string]huma.Format{jsonType: strictFormat, "json": strictFormat},
		RejectUnknownQueryParameters: true,
	}
	a.huma = humago.New(a.router, cfg)
	return a
}

// strictFormat reads a body that CheckJSON has accepted. The library then measures the lengths of texts in NFC, the
// form in which they are stored.
var strictFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
	Unmarshal: func(data []byte, v any) error {
		err := nameMember(json.Unmarshal(data, v))
		if checked, ok := v.(*any); ok {
			*checked = composeJSON(*checked)
		}
		return err
	},
}

func (o Op) path() string {
	if o.Root {
		return o.Path
	}
	return Base + o.Path
}

// isPublic tells whether anybody may call the operation, signed in or not.
func (o Op) isPublic() bool { return o.Roles&access.Public != 0 }

func (o Op) status() int {
	if o.Status == 0 {
		return http.StatusOK
	}
	return o.Status
}

// check panics if the registration is incomplete or contradicts itself.
func (o Op) check() {
	if o.Roles == 0 {
		panic("httpapi: operation " + o.ID + " is registered without roles")
	}
	if o.ID == "" || o.Tag == "" || o.Summary == "" {
		panic("httpapi: operation " + o.Method + " " + o.Path + " needs an ID, a tag and a summary")
	}
	if o.Key != NoKey && o.Roles == access.Public {
		panic("httpapi: operation " + o.ID + " can't store a key without a user")
	}
	if (o.RawBody == nil) != (o.Verify == nil) {
		panic("httpapi: operation " + o.ID + " must say how its raw body is verified")
	}
	if o.Method == http.MethodPost && o.Key == NoKey && o.Roles != access.Public && o.NoKeyReason == "" {
		panic("httpapi: operation " + o.ID + " must take an Idempotency-Key, or say in NoKeyReason why it can't")
	}
}
