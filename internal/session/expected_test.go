package session_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// TestExpectedUser tests that every change that names another user than that of the session is refused, whatever it
// asks for, and that one that names the right user or nobody is made.
func TestExpectedUser(t *testing.T) {
	t.Parallel()
	c := open(t)
	first, _ := signInWithCookie(t, c, signUp(t, c))
	second, _ := signInWithCookie(t, c, signUp(t, c))
	id := first.get("users/me").Want(200).Text("id")
	other := second.get("users/me").Want(200).Text("id")
	changes := 0
	for _, op := range c.App.API.Operations {
		if op.Method == http.MethodGet || op.Roles&access.Public != 0 {
			continue
		}
		changes++
		path := op.Path
		for before, rest, found := strings.Cut(path, "{"); found; before, rest, found = strings.Cut(path, "{") {
			_, after, _ := strings.Cut(rest, "}")
			path = before + uuid.Nil.String() + after
		}
		second.do(op.Method, strings.TrimPrefix(path, "/"), object{}, "Expected-User", id).Want(412, "other-user")
	}
	if changes < 50 {
		t.Errorf("only %d operations change something", changes)
	}

	name := object{"fullName": "Asha Menon"}
	first.do("PATCH", "users/me", name, "Expected-User", id).Want(200)
	first.do("PATCH", "users/me", name, "Expected-User", strings.ToUpper(id)).Want(200)
	first.do("PATCH", "users/me", name).Want(200)
	first.do("PATCH", "users/me", name, "Expected-User", "MarkUser").Want(422, "validation-failed")
	first.do("PATCH", "users/me", name, "Expected-User", id+", "+other).Want(422, "validation-failed")
	wantEqual(t, "name", second.get("users/me").Want(200).Text("fullName"), "Meera Nair")
	// Reads name nobody, nor do operations that need no session.
	second.do("GET", "users/me", nil, "Expected-User", id).Want(200)
	c.Do(anonymous, "POST", "auth/resend-verification", object{"email": newEmail()}, "Expected-User", id).Want(202)
	// Tokens are checked alike, and nobody learns of a session without one.
	c.Do(anonymous, "PATCH", "users/me", name, "Expected-User", id).Want(401, "unauthenticated")
	token := apptest.User{Token: signIn(t, c, signUp(t, c), password).user.Token}
	c.Do(token, "PATCH", "users/me", name, "Expected-User", id).Want(412, "other-user")
}
