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

// notesAtOnce are the denials that are written at a time. Who is refused beyond waits, with the answer in their hands.
const notesAtOnce = 16

// notes are the denials that are being written, one slot each.
type notes struct {
	slots   chan struct{}
	waiting sync.Mutex
	// answered is held for reading by a request that is answered before there is a slot for its note.
	answered sync.RWMutex
}

func newNotes() *notes { return &notes{slots: make(chan struct{}, notesAtOnce)} }

// settle waits for all that were begun before.
func (n *notes) settle() {
	n.answered.Lock()
	n.answered.Unlock() //nolint:staticcheck // it waits for those who hold it
	n.waiting.Lock()    // or two would wait for each other with half of the slots each
	defer n.waiting.Unlock()
	for range notesAtOnce {
		n.slots <- struct{}{}
	}
	for range notesAtOnce {
		<-n.slots
	}
}

// Settle waits until the denials of all answers that were given are written, for the end of the server and for tests.
func (a *API) Settle() { a.notes.settle() }

// auditDenial notes a refused access, after its answer: the note is made of what is somebody else's and not of what
// doesn't exist, and the time of an answer must not tell the two apart. The refusal stands even when the note can't be
// written.
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
	case a.notes.slots <- struct{}{}:
	default:
		a.notes.answered.RLock()
		_ = http.NewResponseController(w).Flush()
		a.notes.slots <- struct{}{}
		a.notes.answered.RUnlock()
	}
	ctx := context.WithoutCancel(r.Context())
	go func() {
		defer func() { <-a.notes.slots }()
		a.note(ctx, op, actor, object)
	}()
}

// noteTries is how often a note asks for a connection, each time as long as the pool lets it wait: nobody waits for
// it.
const noteTries = 10

func (a *API) note(ctx context.Context, op Op, actor access.Actor, object problem.Object) {
	var err error
	for range noteTries {
		if err = a.Deny(ctx, actor, object, op.ID); !errors.Is(err, postgres.ErrBusy) {
			break
		}
	}
	if err != nil {
		a.Log.Error("a denial was not audited", "requestId", actor.RequestID, "error", postgres.Describe(err))
	}
}
