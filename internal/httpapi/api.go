// Package httpapi is the pipeline of every operation: it authenticates, checks roles, validates, opens the
// transaction, takes the idempotency key, calls the one domain function, insists on its audit row, stores the answer,
// commits, answers.
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
	// Deny writes the audit row of a refused access.
	Deny func(ctx context.Context, actor access.Actor, object problem.Object, operation string) error
	// StaffMFA has ADMIN and SUPPORT work only with a second factor (AMRUTAM_REQUIRE_ADMIN_MFA).
	StaffMFA bool
	// Authenticate completes the actor of a request by the session of its token. Returns problem.Unauthenticated if
	// the token is of no session that goes on.
	Authenticate func(ctx context.Context, actor access.Actor, credential Credential) (access.Actor, error)
	// Guard is what every transaction of an actor asks before its COMMIT: whether the session it was admitted by goes
	// on. It is nil for an actor who isn't signed in.
	Guard func(actor access.Actor) *postgres.Guard
	// PerAddress and PerUser bound the requests of an address and of a user; nil: nothing does.
	PerAddress, PerUser *Rate
	// UnderWayPerAddress and UnderWayPerUser bound how many of them are under way at a time; nil: nothing does.
	UnderWayPerAddress, UnderWayPerUser *UnderWay
	// Unverified bounds what Op.Verify refuses of an address; nil: nothing does.
	Unverified *Rate
	// Load bounds the requests that are worked on at once; nil: nothing does.
	Load *Load
	// Hosts are the names under which this server is reached, see HostSet; nil: any.
	Hosts map[string]bool
	// Secure: browsers reach this server by HTTPS.
	Secure bool
	// HSTS is the Strict-Transport-Security header.
	HSTS string
	// Trusted are the proxies whose X-Forwarded-For counts; Origins may call from a browser.
	Trusted []netip.Prefix
	Origins []string
	// Story is the journey that the document tells in its order and its examples.
	Story Story
	// Operations in the order of registration, for tests that walk them all.
	Operations []Op
	// HealthColumns are the sealed columns with health data that answers show, by operation.
	HealthColumns map[string][]string

	mux   *http.ServeMux
	paths *Paths // mux, and what it has no room for
	// patterns are those of operations: what else answers is a page.
	patterns map[string]bool
	huma     huma.API
	origin   *http.CrossOriginProtection
	notes    *notes
	finished sync.Once // see finish
	// overruled are the fields with an example that the story tells otherwise.
	overruled []string
}

// Op is what a package says of one operation.
type Op struct {
	Method  string
	Path    string // below Base, or from the root when Root is set
	Root    bool
	ID      string // operationId
	Tag     string
	Summary string
	Doc     string
	Roles   access.Roles
	Key     Key
	// Unkeyed says why a POST of somebody signed in takes no Idempotency-Key; the document shows it.
	Unkeyed string
	Status  int // of success; 200 when zero
	// BodyLimit in bytes; when zero, what the largest body that the schema allows takes, and a MiB at most.
	BodyLimit int64
	// RawBody is set when the operation reads the bytes themselves (signed messages); it documents their shape.
	RawBody reflect.Type
	// Verify checks the signature of a RawBody, right after it is read: strangers can't have anything opened. It may
	// cost no more than reading it did; what it refuses is limited by address.
	Verify func(r *http.Request, body []byte) error
	// Enrolment operations are what a session of staff reaches before it has a second factor.
	Enrolment bool
	// Probe operations are for load balancers: no rate limit counts them, and they answer under any host name.
	Probe bool
	// Fresh operations are dangerous: they need a second factor that was proven in the last five minutes.
	Fresh bool
	// Recent operations end or take out what is kept of a person, or add a way in: they need a proof of the last five
	// minutes, by the second factor if the user has one, else by signing in or by the password.
	Recent bool
	// Statuses of success with what each says, where there are several; the output's Status method chooses.
	Statuses map[int]string
	// MediaType of an Attachment, the output of an operation that answers with a file.
	MediaType string
	// Refusals the domain can answer with beside those of the pipeline; they are documented.
	Refusals []*problem.Error
}

// Key says what an operation does with an Idempotency-Key.
type Key int

// An operation ignores the key, honours one that is sent, or needs one.
const (
	NoKey Key = iota
	Honoured
	Required
)

// Why a POST takes no Idempotency-Key.
const (
	// UnkeyedAnswer is for answers that hold a secret: tokens, recovery codes.
	UnkeyedAnswer = "its answer holds a secret, which is never stored"
	// UnkeyedProof is for requests that prove a password or a code.
	UnkeyedProof = "it proves a password or a code, of which not even a fingerprint is stored"
)

// The library keeps these for all APIs of a process, so they are set once and not by each New.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = newHumaError
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return &Problem{Status: status} }
}

// New makes an API without operations on the given mux.
func New(mux *http.ServeMux, a *API) *API {
	a.mux, a.paths, a.origin, a.patterns = mux, NewPaths(mux), http.NewCrossOriginProtection(), map[string]bool{}
	a.notes, a.HealthColumns = newNotes(), map[string][]string{}
	cfg := huma.Config{OpenAPI: newDocument(), DefaultFormat: "application/json",
		Formats: map[string]huma.Format{"application/json": strictFormat, "json": strictFormat}}
	cfg.RejectUnknownQueryParameters = true
	a.huma = humago.New(a.paths, cfg)
	return a
}

// strictFormat leaves the strictness to CheckJSON, which has read the body before. Lengths are those of the texts in
// NFC, as they are kept.
var strictFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
	Unmarshal: func(data []byte, v any) error {
		err := nameMember(json.Unmarshal(data, v))
		if checked, ok := v.(*any); ok {
			*checked = composed(*checked)
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

// open operations are for anybody, signed in or not.
func (o Op) open() bool { return o.Roles&access.Public != 0 }

func (o Op) status() int {
	if o.Status == 0 {
		return http.StatusOK
	}
	return o.Status
}

func (o Op) check() {
	if o.Roles == 0 {
		panic("httpapi: operation " + o.ID + " is registered without roles")
	}
	if o.ID == "" || o.Tag == "" || o.Summary == "" {
		panic("httpapi: operation " + o.Method + " " + o.Path + " needs an ID, a tag and a summary")
	}
	if o.Key != NoKey && o.Roles == access.Public {
		panic("httpapi: operation " + o.ID + " can't keep a key of nobody")
	}
	if (o.RawBody == nil) != (o.Verify == nil) {
		panic("httpapi: operation " + o.ID + " must say how its raw body is verified")
	}
	if o.Method == http.MethodPost && o.Key == NoKey && o.Roles != access.Public && o.Unkeyed == "" {
		panic("httpapi: operation " + o.ID + " has to honour an Idempotency-Key, or to say in Unkeyed why it can't")
	}
}
