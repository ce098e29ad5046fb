package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/idempotency"
	"amrutam/internal/postgres"
)

// None is the input of an operation that takes nothing, and the output of one that answers without a body.
type None struct{}

// Entity outputs name what was created or changed; it is stored with the answer of the idempotency key. Every output
// of an operation with a key has it.
type Entity interface {
	Entity() (entityType string, id uuid.UUID)
}

// ReadingAuditor outputs hold health data. AuditReading writes the audit row when a stored answer is sent again,
// because that is another reading.
type ReadingAuditor interface {
	AuditReading(tx *postgres.Tx, actor access.Actor)
}

// Located outputs send a Location header with 201.
type Located interface{ Location() string }

// StatusChooser outputs choose among the operation's statuses.
type StatusChooser interface{ Status() int }

// CookieHolder outputs may start a session in the browser's cookie. SessionCookie returns its token, or "" for none.
type CookieHolder interface{ SessionCookie() string }

// Changed is the output of an operation with a key that answers without a body.
type Changed struct {
	Type string
	ID   uuid.UUID
}

// Entity names what changed.
func (c Changed) Entity() (string, uuid.UUID) { return c.Type, c.ID }

// SignedOut is the output of an operation that ends the caller's session. It has no body, and deletes the cookie.
type SignedOut struct{}

// Versioned outputs send an ETag, which is made of this version and a hash of the answer.
type Versioned interface{ ETag() string }

// Pending outputs say, with a 202, when to ask again.
type Pending interface{ RetryAfter() time.Duration }

// Attachment is the output of an operation that answers with a file. Op.MediaType says of which kind.
type Attachment struct {
	// Name under which the file is saved: ASCII letters, digits, "-" and ".".
	Name string
	Body []byte
}

func (a Attachment) file() Attachment { return a }

// Feed is an Attachment that programs ask for again and again. It is Versioned.
type Feed struct{ Attachment }

// ETag returns a hash of the file.
func (f Feed) ETag() string { return representationETag(`"`, f.Body) }

var errNotAudited = errors.New("httpapi: a command wrote no audit row")

// Command registers an operation that changes something, or whose reading must be audited. do joins the transaction it
// is given. It may run again if that transaction lost to another one.
func Command[I, O any](a *API, op Op, do func(ctx context.Context, tx *postgres.Tx, actor access.Actor, in I) (O,
	error)) {
	showsHealth := a.registerHealth(op, reflect.TypeFor[O](), true)
	run := func(ctx context.Context, actor access.Actor, in I, claim *idempotency.Claim) (reply, error) {
		var queueLookup func(*pgx.Batch, time.Time)
		if claim != nil {
			queueLookup = claim.QueueLookup
		}
		var out reply
		err := a.DB.WriteWithLookup(ctx, queueLookup, func(tx *postgres.Tx) error {
			if claim != nil {
				stored, err := claim.StoredAnswer(a.Sealer.System())
				if err != nil {
					return err
				}
				if stored != nil {
					out, err = replay[O](tx, actor, stored)
					return err
				}
			}
			result, err := do(ctx, tx, actor, in)
			if err != nil {
				return err
			}
			if err := checkAudited(tx, op, showsHealth, in, result); err != nil {
				return err
			}
			if out, err = newReply(op, result); err != nil {
				return err
			}
			if claim == nil {
				return nil
			}
			return a.storeAnswer(tx, op, claim, result, out)
		})
		return out, err
	}
	register(a, op, reflect.TypeFor[O](), true, run)
}

// replay returns the stored answer of a key. If it shows health data, the reading is audited.
func replay[O any](tx *postgres.Tx, actor access.Actor, stored *idempotency.Answer) (reply, error) {
	out := reply{
		status: stored.Status, location: stored.Location, etag: stored.ETag, body: stored.Body, isReplayed: true,
	}
	var first O
	if _, isAudited := any(first).(ReadingAuditor); !isAudited {
		return out, nil
	}
	if err := json.Unmarshal(stored.Body, &first); err != nil {
		return out, fmt.Errorf("httpapi: read a stored answer: %w", nameMember(err))
	}
	if output, ok := any(first).(ReadingAuditor); ok {
		output.AuditReading(tx, actor)
	}
	return out, checkReadings(tx, nil, first)
}

// checkAudited refuses a command that wrote no audit row, or shows health data without an audited reading.
// Errors: errNotAudited, errReadingNotAudited.
func checkAudited(tx *postgres.Tx, op Op, showsHealth bool, in, result any) error {
	if !tx.Audited() {
		return fmt.Errorf("%s: %w", op.ID, errNotAudited)
	}
	if !showsHealth {
		return nil
	}
	if err := checkReadings(tx, in, result); err != nil {
		return fmt.Errorf("%s: %w", op.ID, err)
	}
	return nil
}

// storeAnswer stores the reply under the idempotency key, in the transaction of the command.
func (a *API) storeAnswer(tx *postgres.Tx, op Op, claim *idempotency.Claim, result any, out reply) error {
	entity, ok := result.(Entity)
	if !ok {
		return errors.New("httpapi: " + op.ID + " takes keys but its output names no entity")
	}
	entityType, id := entity.Entity()
	return claim.Store(tx, a.Sealer.System(), idempotency.Answer{
		Status: out.status, Location: out.location, ETag: out.etag, Body: out.body,
		EntityType: entityType, EntityID: id,
	})
}

// Query registers an operation that only reads.
func Query[I, O any](a *API, op Op, do func(ctx context.Context, r *postgres.Read, actor access.Actor, in I) (O,
	error)) {
	a.registerHealth(op, reflect.TypeFor[O](), false)
	run := func(ctx context.Context, actor access.Actor, in I, _ *idempotency.Claim) (reply, error) {
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
	}
	register(a, op, reflect.TypeFor[O](), false, run)
}

// Handle registers an operation that needs work outside a transaction, such as hashing a password. do calls
// postgres.Write around the short part, and writes its audit row there. The registration says why in one line.
func Handle[I, O any](a *API, op Op, do func(ctx context.Context, actor access.Actor, in I) (O, error)) {
	if op.Key != NoKey {
		panic("httpapi: " + op.ID + " can't take a key outside a transaction")
	}
	a.registerHealth(op, reflect.TypeFor[O](), false)
	run := func(ctx context.Context, actor access.Actor, in I, _ *idempotency.Claim) (reply, error) {
		result, err := do(ctx, actor, in)
		if err != nil {
			return reply{}, err
		}
		return newReply(op, result)
	}
	register(a, op, reflect.TypeFor[O](), true, run)
}

// newReply makes the reply of an operation's output.
func newReply(op Op, result any) (reply, error) {
	out := reply{status: op.status()}
	switch v := result.(type) {
	case None, Changed:
		return out, nil
	case SignedOut:
		out.isSignedOut = true
		return out, nil
	case CookieHolder:
		out.cookie = v.SessionCookie()
	}
	if c, ok := result.(StatusChooser); ok {
		out.status = c.Status()
	}
	if l, ok := result.(Located); ok && out.status == http.StatusCreated {
		out.location = l.Location()
	}
	if v, ok := result.(Versioned); ok {
		out.etag = v.ETag()
	}
	if w, ok := result.(Pending); ok && out.status == http.StatusAccepted {
		out.retryAfter = w.RetryAfter()
	}
	if f, ok := result.(interface{ file() Attachment }); ok {
		file := f.file()
		out.body, out.mediaType, out.fileName = file.Body, op.MediaType, file.Name
		return out, nil
	}
	out.table, _ = result.(Tabular)
	var err error
	out.body, err = json.Marshal(result)
	if out.etag != "" {
		out.etag = representationETag(out.etag, out.body)
	}
	return out, err
}
