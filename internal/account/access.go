package account

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// isLastAdmin reports whether a user is the only administrator.
func isLastAdmin(id uuid.UUID, admins []uuid.UUID) bool { return len(admins) == 1 && admins[0] == id }

// requireCanAddFactor checks that a user may add a second factor: one who has a factor must have proven it recently,
// and one who has none must have signed in recently. Otherwise the thief of a session could add a factor. enabled
// comes from the locked row, which may be newer than what the pipeline read. Returns problem.Reauthenticate if the
// user may not.
func requireCanAddFactor(now time.Time, actor access.Actor, enabled bool) error {
	actor.HasFactor = enabled
	return httpapi.RequireRecentProof(now, actor)
}

// actsFor reports whether the account of the actor acts for a dependant.
func actsFor(actor access.Actor, row DependantRow) bool { return row.UserID == actor.ID }

// canAcceptTransfer reports whether the actor may confirm that their account gets a record: who has verified the
// address, or has accepted before.
func canAcceptTransfer(actor access.Actor, row readTransferRow) bool {
	t := row.TransferRow
	return actor.Is(access.RolePatient) && actor.ID != t.UserID &&
		(t.AcceptedBy == nil && row.IsAddressee || t.AcceptedBy != nil && *t.AcceptedBy == actor.ID)
}

// canEndTransfer reports whether the actor may know of a transfer, and end it: both sides and staff may.
func canEndTransfer(actor access.Actor, row readTransferRow) bool {
	return actor.IsStaff() || actor.ID == row.TransferRow.UserID || canAcceptTransfer(actor, row)
}
