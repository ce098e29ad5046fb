// Package audit is the audit log: who did what to which object, in append-only rows that the transaction of the action
// writes.
package audit

import (
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit/tree"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

// Meta is the metadata of an audit row: ids, names of changed fields, states. It never holds health data, secrets,
// tokens or addresses.
type Meta map[string]any

// Service has the operations and the jobs of the log.
type Service struct {
	DB      *postgres.DB
	Cursors httpapi.Cursors
	Queue   *jobs.Queue
	Signer  *tree.Signer
	Sink    Sink // nil leaves the checkpoints in the database only
	Batch   int  // about how many entries a transaction adds to the tree; 0 is 50,000

	Folder        Folder        // of compressed entries
	CompressAfter time.Duration // entries are compressed by the month, once the month is so old
	KeepFor       time.Duration // compressed entries are dropped after that
	FileEntries   int64         // about how many entries a file has; 0 is a million
	PartEntries   int           // how many entries a part of an export has; 0 is 100,000
}

// Write queues the row of an action, which is sent with the COMMIT. The part of the action before the point is the
// type of the entity: "consultation.book".
func Write(tx *postgres.Tx, actor access.Actor, action string, entity uuid.UUID, meta Meta) {
	entityType, _, _ := strings.Cut(action, ".")
	WriteFor(tx, actor, action, entityType, entity.String(), meta)
}

// WrittenBefore says that the row of an earlier transaction stands for this action too: the first of many that
// somebody repeats within minutes, as saving what they type.
func WrittenBefore(tx *postgres.Tx) { tx.MarkAudited() }

// WriteFor is Write for an entity whose type isn't the action's, or whose id is no UUID.
func WriteFor(tx *postgres.Tx, actor access.Actor, action, entityType, entityID string, meta Meta) {
	all := Meta{}
	maps.Copy(all, meta)
	if actor.RequestID != "" {
		all["requestId"] = actor.RequestID
	}
	var actorID *uuid.UUID
	var role, ip *string
	if actor.ID != uuid.Nil {
		actorID, role = &actor.ID, (*string)(&actor.Role)
	}
	if actor.Job != "" {
		all["job"] = actor.Job
	}
	if actor.IP != "" {
		ip = &actor.IP
	}
	queueInsertAuditLog(tx, queueInsertAuditLogParams{
		ID:         uuid.Must(uuid.NewV7()),
		ActorID:    actorID,
		ActorRole:  role,
		Action:     action,
		EntityType: entityType,
		EntityID:   entityID,
		Metadata:   all,
		IPAddress:  ip,
		CreatedAt:  tx.Now,
	})
	tx.MarkAudited()
}
