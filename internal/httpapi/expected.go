package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/problem"
)

// expectedUser names the header with the id of the user as whom a client means to act. The tabs of a browser share the
// cookie of one session: a tab that missed a sign-in would else send what one user typed as the other.
const expectedUser = "Expected-User"

// takesExpectedUser tells whether an operation changes something in the name of a user.
func (o Op) takesExpectedUser() bool { return o.Method != http.MethodGet && !o.isPublic() }

// checkExpectedUser refuses a change that was meant for another user than that of the session. Without the header
// there is nothing to check. Errors: problem.OtherUser, problem.Invalid.
func checkExpectedUser(op Op, r *http.Request, actor access.Actor) error {
	sent := r.Header.Values(expectedUser)
	if len(sent) == 0 || !op.takesExpectedUser() {
		return nil
	}
	if len(sent) > 1 {
		return problem.InvalidField("header."+expectedUser, faultRepeated)
	}
	id, err := uuid.Parse(sent[0])
	if err != nil {
		return problem.InvalidField("header."+expectedUser, problem.NotUUID)
	}
	if id != actor.ID {
		return problem.OtherUser
	}
	return nil
}

// expectedUserParameter documents the header.
func expectedUserParameter() *huma.Param {
	return &huma.Param{Name: expectedUser, In: "header",
		Description: "The id of the user as whom you mean to act. If the session is another user's, as after a " +
			"sign-in in another tab of the same browser, nothing is done.",
		Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid",
			Examples: []any{"0199f3a2-7c1e-7000-8000-000000000001"}}}
}
