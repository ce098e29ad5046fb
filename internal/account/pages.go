package account

import (
	"errors"
	"html/template"
	"net/http"

	"amrutam/internal/httpapi"
	"amrutam/internal/language"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// formLimit is the limit, in bytes, of a form with a token and a password.
const formLimit = 16 << 10

// page is a page behind a link in a mail. Name says which texts it has.
type page struct {
	Name   string
	Faults []problem.Field
	// Action is the path that the form is sent to. Without it the page has no form.
	Action   string
	Token    string
	Password bool
	// MinLength is the least length of a new password.
	MinLength int
}

var pageTemplate = template.Must(template.New("account").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}} – Amrutam</title>
<link rel="stylesheet" href="/style.css"></head><body><main>
<h1>{{.Title}}</h1><p>{{.Text}}</p>
{{with .Faults}}<ul role="alert">{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{if .Action}}<form method="post" action="{{.Action}}"><input type="hidden" name="token" value="{{.Token}}">
{{if .Password}}<label for="password">{{.Label}}</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="{{.MinLength}}" required>
{{end}}<button>{{.Button}}</button></form>{{end}}
</main></body></html>`))

// Pages registers the pages behind links in mails. A GET changes nothing, because mail scanners open links too; the
// form does.
func (s *Service) Pages(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		show(w, r, http.StatusForbidden, page{Name: "foreign"})
	}))
	mux.HandleFunc("GET /verify-email", func(w http.ResponseWriter, r *http.Request) {
		show(w, r, http.StatusOK, verifyForm(r.URL.Query().Get("token")))
	})
	mux.HandleFunc("GET /reset-password", func(w http.ResponseWriter, r *http.Request) {
		show(w, r, http.StatusOK, s.resetForm(r.URL.Query().Get("token")))
	})
	mux.HandleFunc("GET /confirm-email", func(w http.ResponseWriter, r *http.Request) {
		show(w, r, http.StatusOK, confirmForm(r.URL.Query().Get("token")))
	})
	mux.Handle("POST /confirm-email", guard.Handler(form(s.confirmByPage)))
	mux.Handle("POST /verify-email", guard.Handler(form(s.verifyByPage)))
	mux.Handle("POST /reset-password", guard.Handler(form(s.resetByPage)))
}

func form(next func(http.ResponseWriter, *http.Request, string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		if r.ParseForm() != nil {
			show(w, r, http.StatusBadRequest, page{Name: "unreadable"})
			return
		}
		next(w, r, r.PostForm.Get("token"))
	})
}

func verifyForm(token string) page {
	if token == "" {
		return incomplete
	}
	return page{Name: "verify", Action: "/verify-email", Token: token}
}

func confirmForm(token string) page {
	if token == "" {
		return incomplete
	}
	return page{Name: "confirm", Action: "/confirm-email", Token: token}
}

func (s *Service) resetForm(token string) page {
	if token == "" {
		return incomplete
	}
	return page{Name: "reset", Action: "/reset-password", Token: token, Password: true,
		MinLength: s.Config.PasswordMin}
}

var incomplete = page{Name: "incomplete"}

func (s *Service) verifyByPage(w http.ResponseWriter, r *http.Request, token string) {
	contested := false
	err := s.DB.Write(r.Context(), func(tx *postgres.Tx) (err error) {
		contested, err = s.verify(r.Context(), tx, httpapi.AnonymousActor(r), token)
		return err
	})
	if errors.Is(err, ErrInvalidToken) {
		show(w, r, ErrInvalidToken.Status, page{Name: "verify-spent"})
		return
	}
	if s.failed(w, r, err) {
		return
	}
	if contested {
		show(w, r, http.StatusOK, page{Name: "contested"})
		return
	}
	show(w, r, http.StatusOK, page{Name: "verified"})
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
		show(w, r, ErrInvalidToken.Status, page{Name: "confirm-spent"})
	case errors.Is(err, ErrAddressTaken):
		show(w, r, ErrAddressTaken.Status, page{Name: "taken"})
	case !s.failed(w, r, err):
		show(w, r, http.StatusOK, page{Name: "confirmed"})
	}
}

func (s *Service) resetByPage(w http.ResponseWriter, r *http.Request, token string) {
	var in PasswordResetRequest
	in.Body.Token, in.Body.NewPassword = token, r.PostForm.Get("password")
	_, err := s.ResetPassword(r.Context(), httpapi.AnonymousActor(r), in)
	if errors.Is(err, ErrInvalidToken) {
		show(w, r, ErrInvalidToken.Status, page{Name: "reset-spent"})
		return
	}
	var refusal *problem.Error
	if errors.As(err, &refusal) && len(refusal.Fields) > 0 {
		again := s.resetForm(token)
		again.Faults = refusal.Fields
		show(w, r, refusal.Status, again)
		return
	}
	if s.failed(w, r, err) {
		return
	}
	show(w, r, http.StatusOK, page{Name: "reset-done"})
}

// failed shows an error that is not about the form, and reports whether there was one.
func (s *Service) failed(w http.ResponseWriter, r *http.Request, err error) bool {
	if err == nil {
		return false
	}
	status, name := http.StatusInternalServerError, "failed"
	if errors.Is(err, problem.Busy) || postgres.Busy(err) || postgres.Unavailable(err) {
		status, name = http.StatusServiceUnavailable, "busy"
	}
	if errors.Is(err, postgres.ErrOutcomeUnknown) {
		status, name = http.StatusServiceUnavailable, "unknown"
	}
	if r.Context().Err() == nil {
		s.Log.ErrorContext(r.Context(), "a page failed", "requestId", httpapi.AnonymousActor(r).RequestID, "error",
			postgres.Describe(err))
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	show(w, r, status, page{Name: name})
	return true
}

// show writes a page in the language that the browser asks for.
func show(w http.ResponseWriter, r *http.Request, status int, p page) {
	l := httpapi.NegotiateLanguage(w, r)
	texts := pageTexts[l]
	faults := make([]string, 0, len(p.Faults))
	for _, f := range p.Faults {
		faults = append(faults, texts.fault(f.In(l)))
	}
	httpapi.WritePage(w, status, pageTemplate, struct {
		page
		pageText
		Faults   []string
		Language language.Tag
	}{p, texts.Pages[p.Name], faults, l})
}
