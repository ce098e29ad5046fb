// Package audit keeps who did what to which object: append-only rows written in the transaction of the deed.
package audit

import (
	"maps"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// Meta is what an audit row says beside actor, action and object: ids, changed field names, states. Never health data,
// secrets, tokens or addresses.
type Meta map[string]any

// Write adds the row of an action ("consultation.book": the part before the point is the entity type) to the
// transaction. It travels with the COMMIT.
func Write(tx *postgres.Tx, actor access.Actor, action string, entity uuid.UUID, meta Meta) {
	entityType, _, _ := strings.Cut(action, ".")
	WriteFor(tx, actor, action, entityType, entity.String(), meta)
}

// WriteFor is Write for an object whose type is not the action's, or whose id is no UUID.
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
	queueInsertAuditLog(tx, queueInsertAuditLogParams{ID: uuid.Must(uuid.NewV7()), ActorID: actorID, ActorRole: role,
		Action: action, EntityType: entityType, EntityID: entityID, Metadata: all, IPAddress: ip, CreatedAt: tx.Now})
	tx.MarkAudited()
}
