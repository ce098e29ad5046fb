package payment

import (
	"html/template"
	"net/http"
	"net/url"

	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

const checkoutPath = "/dev/checkout/"

var checkoutTemplate = template.Must(template.New("checkout").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Checkout – Amrutam</title>
<link rel="stylesheet" href="/style.css"></head><body><main>
<h1>Stub checkout</h1>
{{with .Message}}<p role="status">{{.}}</p>{{end}}
{{with .Attempt}}<p>{{.Amount}} {{.Currency}}, attempt <code>{{.TransactionReference}}</code>: {{.Status}}</p>
{{with .ReturnURL}}<p><a href="{{.}}">Back to where you came from</a></p>{{end}}
{{if $.Open}}<form method="post"><p>No money moves: choose what the provider reports.</p>
<button name="outcome" value="pay">Pay</button><button name="outcome" value="fail">Fail</button></form>{{end}}{{end}}
</main></body></html>`))

type checkoutView struct {
	Message string
	Attempt *findAttemptRow
	// Open: the attempt can be paid, and fail.
	Open bool
}

const bookingOver = "The booking has ended: it can't be paid any more."

// MountPages serves the development checkout page with its two buttons.
func (s *Service) MountPages(mux *http.ServeMux) {
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		httpapi.WritePage(w, http.StatusForbidden, checkoutTemplate,
			checkoutView{Message: "This was sent by another site. Press the button here instead."})
	}))
	mux.HandleFunc("GET "+checkoutPath+"{reference}", s.showCheckout)
	mux.Handle("POST "+checkoutPath+"{reference}", protect.Handler(http.HandlerFunc(s.pressCheckout)))
}

func (s *Service) showCheckout(w http.ResponseWriter, r *http.Request) {
	attempt, awaited, ok := s.checkoutAttempt(w, r)
	if !ok {
		return
	}
	view := checkoutView{Attempt: attempt, Open: awaited && attempt.Status == StatusInitiated}
	if !awaited && attempt.Status != StatusSuccess {
		view.Message = bookingOver
	}
	httpapi.WritePage(w, http.StatusOK, checkoutTemplate, view, follow(attempt)...)
}

func (s *Service) pressCheckout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	attempt, awaited, ok := s.checkoutAttempt(w, r)
	if !ok {
		return
	}
	if !awaited && attempt.Status != StatusSuccess {
		httpapi.WritePage(w, http.StatusConflict, checkoutTemplate,
			checkoutView{Message: bookingOver, Attempt: attempt})
		return
	}
	data := stubData{TransactionReference: attempt.TransactionReference, Amount: attempt.Amount,
		Currency: attempt.Currency}
	event := EventSucceeded
	switch r.PostFormValue("outcome") {
	case "pay":
	case "fail":
		event, data.FailureReason = EventFailed, "the patient chose to fail"
	default:
		httpapi.WritePage(w, http.StatusUnprocessableEntity, checkoutTemplate,
			checkoutView{Message: "Choose pay or fail.", Attempt: attempt, Open: awaited}, follow(attempt)...)
		return
	}
	// One attempt has one press: a second one is a duplicate for the webhook.
	if err := s.Stub.send(r.Context(), "checkout-"+attempt.ID.String(), event, data); err != nil {
		s.Log.Error("the checkout page could not deliver", "error", postgres.Describe(err))
		httpapi.WritePage(w, http.StatusBadGateway, checkoutTemplate,
			checkoutView{Message: "The report could not be delivered. Press again.", Attempt: attempt, Open: awaited},
			follow(attempt)...)
		return
	}
	attempt, _, ok = s.checkoutAttempt(w, r)
	if !ok {
		return
	}
	status := http.StatusOK
	if attempt.ReturnURL != nil { // an address that was checked when it was given
		w.Header().Set("Location", *attempt.ReturnURL)
		status = http.StatusSeeOther
	}
	httpapi.WritePage(w, status, checkoutTemplate,
		checkoutView{Message: "The provider has reported it.", Attempt: attempt})
}

// follow is the origin that the page's form may lead to.
func follow(attempt *findAttemptRow) []string {
	if attempt.ReturnURL == nil {
		return nil
	}
	u, err := url.Parse(*attempt.ReturnURL)
	if err != nil {
		return nil
	}
	return []string{Origin(u)}
}

// checkoutAttempt finds the attempt of the page, and tells whether its money is awaited still.
func (s *Service) checkoutAttempt(w http.ResponseWriter, r *http.Request) (found *findAttemptRow, awaited, ok bool) {
	var attempt findAttemptRow
	err := s.DB.Read(r.Context(), func(db *postgres.Read) (err error) {
		if attempt, err = findAttempt(r.Context(), db, providerStub, r.PathValue("reference")); err != nil {
			return err
		}
		awaited, err = awaitsMoney(r.Context(), db, attempt.ConsultationID, &db.Now)
		return err
	})
	switch {
	case postgres.NoRows(err):
		httpapi.WritePage(w, http.StatusNotFound, checkoutTemplate, checkoutView{Message: "There is no such attempt."})
	case err != nil:
		s.Log.Error("the checkout page could not read", "error", postgres.Describe(err))
		httpapi.WritePage(w, http.StatusServiceUnavailable, checkoutTemplate,
			checkoutView{Message: "Try again in a moment."})
	default:
		return &attempt, awaited, true
	}
	return nil, false, false
}
