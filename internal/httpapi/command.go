package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/idempotency"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// None is the input of an operation that takes nothing, and the output of one that answers without a body.
type None struct{}

// Entity names what a creation made, for the stored answer of its key. Every output of a keyed operation has it.
type Entity interface {
	Entity() (entityType string, id uuid.UUID)
}

// Reading outputs hold health data: to be shown the stored answer of a key is a reading, which they audit.
type Reading interface {
	NoteReading(tx *postgres.Tx, actor access.Actor)
}

// Located outputs send a Location header with 201.
type Located interface{ Location() string }

// Chosen outputs choose among the operation's statuses.
type Chosen interface{ Status() int }

// CookieHolder outputs may be a session that the browser holds in a cookie; "" is none.
type CookieHolder interface{ SessionCookie() string }

// Changed is the output of a keyed operation that answers without a body; it names what changed for the stored answer.
type Changed struct {
	Type string
	ID   uuid.UUID
}

// Entity names what changed.
func (c Changed) Entity() (string, uuid.UUID) { return c.Type, c.ID }

// SignedOut is the output of an operation that ends the caller's session: no body, and the cookie goes.
type SignedOut struct{}

// Versioned outputs send an ETag: this version, and a hash of the answer.
type Versioned interface{ ETag() string }

// Awaited outputs say with a 202 when to ask again.
type Awaited interface{ RetryAfter() time.Duration }

// Attachment is the output of an operation whose answer is a file instead of JSON; Op.MediaType says of which kind.
type Attachment struct {
	// Name under which it is saved; plain letters, digits, "-" and ".".
	Name string
	Body []byte
}

var errNotAudited = errors.New("httpapi: a command wrote no audit row")

// Command registers an operation that changes something, or reads what each reading of must be audited. do joins the
// transaction it is given and may run again when that lost to another one.
func Command[I, O any](a *API, op Op, do func(ctx context.Context, tx *postgres.Tx, actor access.Actor, in I) (O,
	error)) {
	health := a.registerHealth(op, reflect.TypeFor[O](), true)
	register(a, op, reflect.TypeFor[O](), true,
		func(ctx context.Context, actor access.Actor, in I, claim *idempotency.Claim) (reply, error) {
			var out reply
			var opening func(*pgx.Batch, time.Time)
			if claim != nil {
				opening = claim.Ask
			}
			err := a.DB.WriteAsking(ctx, opening, func(tx *postgres.Tx) (err error) {
				out, err = runCommand(ctx, a, op, health, tx, actor, in, claim, do)
				return err
			})
			return out, err
		})
}

func runCommand[I, O any](ctx context.Context, a *API, op Op, health bool, tx *postgres.Tx, actor access.Actor, in I,
	claim *idempotency.Claim, do func(context.Context, *postgres.Tx, access.Actor, I) (O, error),
) (reply, error) {
	if claim != nil {
		stored, err := claim.Answer(a.Sealer.System())
		if err != nil {
			return reply{}, err
		}
		if stored != nil {
			return replay[O](tx, actor, stored)
		}
	}
	result, err := do(ctx, tx, actor, in)
	if err != nil {
		return reply{}, err
	}
	if !tx.Audited() {
		return reply{}, errNotAudited
	}
	if health {
		if err := checkReadings(tx, in, result); err != nil {
			return reply{}, fmt.Errorf("%s: %w", op.ID, err)
		}
	}
	out, err := newReply(op, result)
	if err != nil || claim == nil {
		return out, err
	}
	entity, ok := any(result).(Entity)
	if !ok {
		return reply{}, errors.New("httpapi: " + op.ID + " keeps keys but its output names no entity")
	}
	entityType, id := entity.Entity()
	return out, claim.Store(tx, a.Sealer.System(), idempotency.Answer{
		Status: out.status, Location: out.location, ETag: out.etag, Body: out.body, EntityType: entityType,
		EntityID: id,
	})
}

// replay is the stored answer of a key.
func replay[O any](tx *postgres.Tx, actor access.Actor, stored *idempotency.Answer) (reply, error) {
	out := reply{status: stored.Status, location: stored.Location, etag: stored.ETag, body: stored.Body,
		replayed: true}
	var first O
	if _, sensitive := any(first).(Reading); !sensitive {
		return out, nil
	}
	if err := json.Unmarshal(stored.Body, &first); err != nil {
		return out, fmt.Errorf("httpapi: read a stored answer: %w", nameMember(err))
	}
	if r, ok := any(first).(Reading); ok {
		r.NoteReading(tx, actor)
	}
	return out, checkReadings(tx, nil, first)
}

// Query registers an operation that only reads.
func Query[I, O any](a *API, op Op, do func(ctx context.Context, r *postgres.Read, actor access.Actor, in I) (O,
	error)) {
	a.registerHealth(op, reflect.TypeFor[O](), false)
	register(a, op, reflect.TypeFor[O](), false,
		func(ctx context.Context, actor access.Actor, in I, _ *idempotency.Claim) (reply, error) {
			var out reply
			err := a.DB.Read(ctx, func(r *postgres.Read) error {
				result, err := do(ctx, r, actor, in)
				if err != nil {
					return err
				}
				out, err = newReply(op, result)
				return err
			})
			return out, err
		})
}

// Handle registers an operation that needs work outside a transaction (password hashing, files). do calls
// postgres.Write around the short part, and writes its audit row there. The registration says why in one line.
func Handle[I, O any](a *API, op Op, do func(ctx context.Context, actor access.Actor, in I) (O, error)) {
	if op.Key != NoKey {
		panic("httpapi: " + op.ID + " can't keep a key outside a transaction")
	}
	a.registerHealth(op, reflect.TypeFor[O](), false)
	register(a, op, reflect.TypeFor[O](), true,
		func(ctx context.Context, actor access.Actor, in I, _ *idempotency.Claim) (reply, error) {
			result, err := do(ctx, actor, in)
			if err != nil {
				return reply{}, err
			}
			return newReply(op, result)
		})
}

func newReply(op Op, result any) (reply, error) {
	out := reply{status: op.status()}
	switch v := result.(type) {
	case None, Changed:
		return out, nil
	case SignedOut:
		out.signedOut = true
		return out, nil
	case CookieHolder:
		out.cookie = v.SessionCookie()
	}
	if c, ok := result.(Chosen); ok {
		out.status = c.Status()
	}
	if l, ok := result.(Located); ok && out.status == http.StatusCreated {
		out.location = l.Location()
	}
	if v, ok := result.(Versioned); ok {
		out.etag = v.ETag()
	}
	if w, ok := result.(Awaited); ok && out.status == http.StatusAccepted {
		out.retryAfter = w.RetryAfter()
	}
	if file, ok := result.(Attachment); ok {
		out.body, out.mediaType, out.fileName = file.Body, op.MediaType, file.Name
		return out, nil
	}
	var err error
	out.body, err = json.Marshal(result)
	if out.etag != "" {
		out.etag = shownAs(out.etag, out.body)
	}
	return out, err
}

// register puts the pipeline before run, which may write when writes is set. Reading top to bottom is the order in
// which a request passes.
func register[I any](a *API, op Op, output reflect.Type, writes bool,
	run func(context.Context, access.Actor, I, *idempotency.Claim) (reply, error)) {
	op.check()
	a.Operations = append(a.Operations, op)
	a.patterns[op.Method+" "+op.path()] = true
	most := &bodySize{}
	documented := huma.Operation{
		Method: op.Method, Path: op.path(), OperationID: op.ID, Summary: op.Summary, Description: op.Doc,
		Tags: []string{op.Tag}, DefaultStatus: op.status(), MaxBodyBytes: -1,
		Middlewares: huma.Middlewares{a.admission(op, most)},
	}
	a.describe(&documented, op, output, writes)
	if op.RawBody != nil {
		// Who reads the bytes checks their signature before anything is said about them.
		documented.SkipValidateBody = true
		schema := a.Document().Components.Schemas.Schema(op.RawBody, true, op.ID)
		documented.RequestBody = &huma.RequestBody{Required: true,
			Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	}
	huma.Register(a.huma, documented, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			req := requestOf(ctx)
			var faults []problem.Field
			if normalize(reflect.ValueOf(in).Elem(), "", Line, &faults); len(faults) > 0 {
				wrong := *problem.Invalid
				wrong.Fields = capErrors(faults)
				a.refuse(w, r, &wrong)
				return
			}
			claim, err := a.claimOf(op, req, r)
			if err != nil {
				a.refuse(w, r, err)
				return
			}
			out, err := run(ctx, req.actor, *in, claim)
			if err != nil {
				a.refuse(w, r, err)
				a.auditDenial(w, r, op, err)
				return
			}
			switch {
			case out.cookie != "":
				http.SetCookie(w, sessionCookie(out.cookie))
			case out.signedOut && req.byCookie:
				http.SetCookie(w, sessionCookie(""))
			}
			out.personal = op.Roles != access.Public || r.Method != http.MethodGet
			out.public = op.Roles&access.Public != 0 && req.actor.ID == uuid.Nil
			a.write(w, r, out)
		}}, nil
	})
	*most = a.sizeOf(op)
}

func (a *API) claimOf(op Op, req *request, r *http.Request) (*idempotency.Claim, error) {
	keys := r.Header.Values("Idempotency-Key")
	switch {
	case op.Key == NoKey:
		return nil, nil //nolint:nilnil // no key, no claim
	case len(keys) == 0 && op.Key == Required:
		return nil, idempotency.ErrRequired
	case len(keys) == 0:
		return nil, nil //nolint:nilnil // as above
	case len(keys) > 1:
		return nil, idempotency.ErrMalformed
	}
	return idempotency.NewClaim(a.Sealer, req.actor.ID, keys[0], r.Method, r.URL.RequestURI(), req.body)
}
