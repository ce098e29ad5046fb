package httpapi

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// maxDenialWriters is how many audit rows of denials are written at once. A request beyond that waits for one of them
// after its answer was sent.
const maxDenialWriters = 16

// denialWriters limits the denials that are being written, one slot each.
type denialWriters struct {
	slots  chan struct{}
	waitMu sync.Mutex
	// answerMu is read-locked by a request that was answered before there was a slot for its denial.
	answerMu sync.RWMutex
}

func newDenialWriters() *denialWriters {
	return &denialWriters{slots: make(chan struct{}, maxDenialWriters)}
}

// wait waits until all denials of requests answered before are written.
func (d *denialWriters) wait() {
	d.answerMu.Lock()
	d.answerMu.Unlock() //nolint:staticcheck // it waits for the requests that have no slot yet
	d.waitMu.Lock()     // without it two callers could wait for each other, each with half of the slots
	defer d.waitMu.Unlock()
	for range maxDenialWriters {
		d.slots <- struct{}{}
	}
	for range maxDenialWriters {
		<-d.slots
	}
}

// WaitForDenials waits until the denials of all answers sent so far are written. It is for shutdown and tests.
func (a *API) WaitForDenials() { a.denials.wait() }

// auditDenial writes the audit row of a refused access. It does so after the answer: only the denial of something that
// exists is written, so the time of an answer would tell that apart from something that doesn't. The answer stays the
// same if the row can't be written.
func (a *API) auditDenial(w http.ResponseWriter, r *http.Request, op Op, err error) {
	actor := requestOf(r.Context()).actor
	var p *problem.Error
	if !errors.As(err, &p) || actor.ID == uuid.Nil {
		return
	}
	object := problem.Object{Type: "operation", ID: op.ID}
	switch {
	case p.Denied != nil:
		object = *p.Denied
	case p.Status != http.StatusForbidden:
		return
	}
	select {
	case a.denials.slots <- struct{}{}:
	default:
		a.denials.answerMu.RLock()
		_ = http.NewResponseController(w).Flush()
		a.denials.slots <- struct{}{}
		a.denials.answerMu.RUnlock()
	}
	ctx := context.WithoutCancel(r.Context())
	go func() {
		defer func() { <-a.denials.slots }()
		a.writeDenial(ctx, op, actor, object)
	}()
}

// denialAttempts is how often writing a denial tries to get a connection. No client waits for it, so it tries longer
// than a request.
const denialAttempts = 10

func (a *API) writeDenial(ctx context.Context, op Op, actor access.Actor, object problem.Object) {
	var err error
	for range denialAttempts {
		if err = a.AuditDenial(ctx, actor, object, op.ID); !errors.Is(err, postgres.ErrBusy) {
			break
		}
	}
	if err != nil {
		a.Log.Error("a denial was not audited", "requestId", actor.RequestID, "error", postgres.Describe(err))
	}
}
