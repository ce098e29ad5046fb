package account

import (
	"errors"
	"html/template"
	"net/http"

	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// formLimit is the limit, in bytes, of a form with a token and a password.
const formLimit = 16 << 10

// page is the content of a page behind a link in a mail.
type page struct {
	Title  string
	Text   string
	Faults []string
	// Action is the path that the form is sent to. Without it the page has no form.
	Action   string
	Token    string
	Password bool
	Button   string
	// MinLength is the least length of a new password.
	MinLength int
}

var pageTemplate = template.Must(template.New("account").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}} – Amrutam</title>
<link rel="stylesheet" href="/style.css"></head><body><main>
<h1>{{.Title}}</h1><p>{{.Text}}</p>
{{with .Faults}}<ul role="alert">{{range .}}<li>The password {{.}}.</li>{{end}}</ul>{{end}}
{{if .Action}}<form method="post" action="{{.Action}}"><input type="hidden" name="token" value="{{.Token}}">
{{if .Password}}<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="{{.MinLength}}" required>
{{end}}<button>{{.Button}}</button></form>{{end}}
</main></body></html>`))

// Pages registers the pages behind links in mails. A GET changes nothing, because mail scanners open links too; the
// form does.
func (s *Service) Pages(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		show(w, http.StatusForbidden,
			page{Title: "Not from here",
				Text: "This form was sent by another site. Open the link in your mail instead."})
	}))
	mux.HandleFunc("GET /verify-email", func(w http.ResponseWriter, r *http.Request) {
		show(w, http.StatusOK, verifyForm(r.URL.Query().Get("token")))
	})
	mux.HandleFunc("GET /reset-password", func(w http.ResponseWriter, r *http.Request) {
		show(w, http.StatusOK, s.resetForm(r.URL.Query().Get("token")))
	})
	mux.HandleFunc("GET /confirm-email", func(w http.ResponseWriter, r *http.Request) {
		show(w, http.StatusOK, confirmForm(r.URL.Query().Get("token")))
	})
	mux.Handle("POST /confirm-email", guard.Handler(form(s.confirmByPage)))
	mux.Handle("POST /verify-email", guard.Handler(form(s.verifyByPage)))
	mux.Handle("POST /reset-password", guard.Handler(form(s.resetByPage)))
}

func form(next func(http.ResponseWriter, *http.Request, string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		if r.ParseForm() != nil {
			show(w, http.StatusBadRequest,
				page{Title: "That could not be read", Text: "Open the link in your mail again."})
			return
		}
		next(w, r, r.PostForm.Get("token"))
	})
}

func verifyForm(token string) page {
	if token == "" {
		return incomplete
	}
	return page{Title: "Confirm your address", Text: "Press the button to confirm that this e-mail address is yours.",
		Action: "/verify-email", Token: token, Button: "Confirm"}
}

func confirmForm(token string) page {
	if token == "" {
		return incomplete
	}
	return page{Title: "Confirm your new address",
		Text: "Press the button to sign in with this e-mail address from now on.", Action: "/confirm-email",
		Token: token, Button: "Confirm"}
}

func (s *Service) resetForm(token string) page {
	if token == "" {
		return incomplete
	}
	return page{Title: "Set a new password",
		Text: "Choose a long one, such as a few words that belong together only for you. All devices will be " +
			"signed out.", Action: "/reset-password", Token: token, Password: true, MinLength: s.Config.PasswordMin,
		Button: "Set password"}
}

var incomplete = page{Title: "The link is incomplete",
	Text: "Open the link in your mail again, or copy all of it into the address bar."}

func (s *Service) verifyByPage(w http.ResponseWriter, r *http.Request, token string) {
	contested := false
	err := s.DB.Write(r.Context(), func(tx *postgres.Tx) (err error) {
		contested, err = s.verify(r.Context(), tx, httpapi.AnonymousActor(r), token)
		return err
	})
	if errors.Is(err, ErrInvalidToken) {
		show(w, ErrInvalidToken.Status, page{Title: "This link no longer works",
			Text: "It was used before, is older than a day, or a newer mail has replaced it. If you confirmed your " +
				"address already, just sign in; otherwise ask for a new mail where you sign in."})
		return
	}
	if s.failed(w, r, err) {
		return
	}
	if contested {
		show(w, http.StatusOK, page{Title: "Your address is confirmed",
			Text: "It was signed up with more than once, and with different passwords, so none of these works. " +
				"We have mailed you a link to choose your password."})
		return
	}
	show(w, http.StatusOK, page{Title: "Your address is confirmed", Text: "You can sign in now."})
}

func (s *Service) confirmByPage(w http.ResponseWriter, r *http.Request, token string) {
	var in EmailConfirmationRequest
	in.Body.Token = token
	err := s.DB.Write(r.Context(), func(tx *postgres.Tx) error {
		_, err := s.ConfirmEmail(r.Context(), tx, httpapi.AnonymousActor(r), in)
		return err
	})
	switch {
	case errors.Is(err, ErrInvalidToken):
		show(w, ErrInvalidToken.Status, page{Title: "This link no longer works",
			Text: "It was used before, is older than a day, or a newer mail has replaced it. Ask for a new mail " +
				"where you asked for this one."})
	case errors.Is(err, ErrAddressTaken):
		show(w, ErrAddressTaken.Status,
			page{Title: "This address has an account",
				Text: "Somebody, perhaps you, signed up with it in the meantime. Nothing was changed."})
	case !s.failed(w, r, err):
		show(w, http.StatusOK, page{Title: "Your new address is confirmed", Text: "You sign in with it from now on."})
	}
}

func (s *Service) resetByPage(w http.ResponseWriter, r *http.Request, token string) {
	var in PasswordResetRequest
	in.Body.Token, in.Body.NewPassword = token, r.PostForm.Get("password")
	_, err := s.ResetPassword(r.Context(), httpapi.AnonymousActor(r), in)
	if errors.Is(err, ErrInvalidToken) {
		show(w, ErrInvalidToken.Status, page{Title: "This link no longer works",
			Text: "It was used before, is older than an hour, or a newer mail has replaced it. Ask for a new mail " +
				"where you sign in."})
		return
	}
	var refusal *problem.Error
	if errors.As(err, &refusal) && len(refusal.Fields) > 0 {
		again := s.resetForm(token)
		for _, f := range refusal.Fields {
			again.Faults = append(again.Faults, f.Message)
		}
		show(w, refusal.Status, again)
		return
	}
	if s.failed(w, r, err) {
		return
	}
	show(w, http.StatusOK, page{Title: "Your password is set",
		Text: "All devices were signed out. You can sign in with the new password now."})
}

// failed shows an error that is not about the form, and reports whether there was one.
func (s *Service) failed(w http.ResponseWriter, r *http.Request, err error) bool {
	if err == nil {
		return false
	}
	status, text := http.StatusInternalServerError,
		"Something went wrong here and nothing was changed. Please try again."
	if errors.Is(err, problem.Busy) || postgres.Busy(err) || postgres.Unavailable(err) {
		status, text = http.StatusServiceUnavailable,
			"The server is busy and nothing was changed. Please try again in a moment."
	}
	if errors.Is(err, postgres.ErrOutcomeUnknown) {
		status, text = http.StatusServiceUnavailable,
			"The server can't tell whether that was done. Try to sign in, or press the button in your mail again."
	}
	if r.Context().Err() == nil {
		s.Log.ErrorContext(r.Context(), "a page failed", "requestId", httpapi.AnonymousActor(r).RequestID, "error",
			postgres.Describe(err))
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	show(w, status, page{Title: "That did not work", Text: text})
	return true
}

func show(w http.ResponseWriter, status int, p page) { httpapi.WritePage(w, status, pageTemplate, p) }
