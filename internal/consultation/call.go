package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// CallRequest joins the call of a consultation, or passes on a session description.
type CallRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		_ struct{} `doc:"Which client takes part, and its session description once the other side is there"`

		ClientID    uuid.UUID `json:"clientId" format:"uuid" doc:"A random id of this connection: a new one for each try to connect" example:"0199f3a2-7c1e-4a10-8b20-3c4d5e6f7091"`
		Description string    `json:"description,omitempty" text:"opaque" maxLength:"20000" pattern:"^v=0[\\t\\r\\n -~]*$" patternDescription:"a session description" doc:"The session description (SDP) with all its ICE candidates: of the doctor an offer, of the patient the answer to it" example:"v=0"`
		PeerID      uuid.UUID `json:"peerId,omitzero" format:"uuid" doc:"The other side's clientId, for which the description is; required with it" example:"0199f3a2-7c1e-4a10-8b20-3c4d5e6f7092"`
	}
}

// Call is what a client needs to connect to the other side's.
type Call struct {
	_ struct{} `doc:"What a client needs to connect to the other side's"`

	ConsultationID uuid.UUID                `json:"consultationId" doc:"The consultation"`
	ICEServers     []ICEServer              `json:"iceServers" doc:"For RTCPeerConnection; empty where the operator has configured none, then only clients of one network reach each other"`
	Other          httpapi.OrNull[CallSide] `json:"other" doc:"The other side; null until it joins"`
}

// CallSide is the client of one side of a call.
type CallSide struct {
	_ struct{} `doc:"The client of one side of a call"`

	ClientID    uuid.UUID  `json:"clientId" doc:"The id of its connection; another one than before when it connects anew" example:"0199f3a2-7c1e-4a10-8b20-3c4d5e6f7092"`
	PeerID      *uuid.UUID `json:"peerId" format:"uuid" nullable:"true" doc:"The clientId that its description is for; null without one" example:"0199f3a2-7c1e-4a10-8b20-3c4d5e6f7091"`
	Description *string    `json:"description" nullable:"true" doc:"Its session description (SDP); null until it has one" example:"v=0"`
	UpdatedAt   time.Time  `json:"updatedAt" doc:"When it joined, or last sent a description"`
}

// Entity names the consultation for a stored answer.
func (c Call) Entity() (string, uuid.UUID) { return "consultation", c.ConsultationID }

// JoinCall notes that a client of the patient or the doctor takes part in the call, which checks them in, stores its
// session description, and returns the other side's. The same request again changes nothing. Returns
// problem.NotFound, problem.InvalidTransition, ErrTooEarly, ErrTooLate, problem.Invalid.
func (s *Service) JoinCall(ctx context.Context, tx *postgres.Tx, actor access.Actor, in CallRequest) (Call, error) {
	if (in.Body.Description == "") != (in.Body.PeerID == uuid.Nil) {
		return Call{}, problem.InvalidField("body.peerId", faultPeerNeeded)
	}
	row, err := s.lockForAttendance(ctx, tx, actor, in.ID)
	if err != nil {
		return Call{}, err
	}
	if _, err := s.noteArrival(ctx, tx, actor, &row); err != nil {
		return Call{}, err
	}
	sides, err := callSides(ctx, tx, row.ID)
	if err != nil {
		return Call{}, err
	}
	joined := callSide{ConsultationID: row.ID, IsDoctor: isDoctor(actor, row), ClientID: in.Body.ClientID}
	if in.Body.Description != "" {
		joined.Description, joined.PeerID = &in.Body.Description, &in.Body.PeerID
	}
	result := Call{ConsultationID: row.ID, ICEServers: iceServers(s.Config, tx.Now)}
	var before *callSide
	for _, side := range sides {
		if side.IsDoctor == joined.IsDoctor {
			before = &side
			continue
		}
		result.Other.Value = &CallSide{ClientID: side.ClientID, PeerID: side.PeerID, Description: side.Description,
			UpdatedAt: side.UpdatedAt}
	}
	return result, joined.store(ctx, tx, actor, before)
}

// store stores a side in place of the one before, if it differs. The audit log has one entry for each client.
func (side callSide) store(ctx context.Context, tx *postgres.Tx, actor access.Actor, before *callSide) error {
	if before != nil && before.ClientID == side.ClientID {
		audit.WrittenBefore(tx)
		if side.Description == nil || (before.Description != nil && *before.Description == *side.Description &&
			*before.PeerID == *side.PeerID) {
			return nil
		}
	} else {
		audit.Write(tx, actor, "consultation.join-call", side.ConsultationID, nil)
	}
	return upsertCallSide(ctx, tx, upsertCallSideParams{ConsultationID: side.ConsultationID, IsDoctor: side.IsDoctor,
		ClientID: side.ClientID, Description: side.Description, PeerID: side.PeerID, Now: tx.Now})
}
