package payment

import (
	"context"
	"html/template"
	"net/http"
	"net/url"

	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// checkoutPath is the path of the stub's checkout page, before an attempt's reference.
const checkoutPath = "/dev/checkout/"

var checkoutTemplate = template.Must(template.New("checkout").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Checkout – Amrutam</title>
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
	// Open reports whether the attempt can still be paid, so that the page shows its buttons.
	Open bool
}

const bookingOver = "The booking has ended: it can't be paid any more."

// stubPage is the checkout page of the stub, for development: its buttons say what the stub reports.
type stubPage struct {
	stub     *Stub
	payments *Service
}

// MountPage serves the stub's checkout page.
func (s *Stub) MountPage(mux *http.ServeMux, payments *Service) {
	p := stubPage{s, payments}
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		httpapi.WritePage(w, http.StatusForbidden, checkoutTemplate,
			checkoutView{Message: "This was sent by another site. Press the button here instead."})
	}))
	mux.HandleFunc("GET "+checkoutPath+"{reference}", p.show)
	mux.Handle("POST "+checkoutPath+"{reference}", protect.Handler(http.HandlerFunc(p.press)))
}

// show writes the page of an attempt.
func (p stubPage) show(w http.ResponseWriter, r *http.Request) {
	attempt, awaited, ok := p.find(w, r)
	if !ok {
		return
	}
	view := checkoutView{Attempt: attempt, Open: awaited && attempt.Status == StatusInitiated}
	if !awaited && attempt.Status != StatusSuccess {
		view.Message = bookingOver
	}
	httpapi.WritePage(w, http.StatusOK, checkoutTemplate, view, formTargets(attempt)...)
}

// press reports what the pressed button says, and leads back to the app.
func (p stubPage) press(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	attempt, awaited, ok := p.find(w, r)
	if !ok {
		return
	}
	if !awaited && attempt.Status != StatusSuccess {
		httpapi.WritePage(w, http.StatusConflict, checkoutTemplate,
			checkoutView{Message: bookingOver, Attempt: attempt})
		return
	}
	outcome := r.PostFormValue("outcome")
	if outcome != "pay" && outcome != "fail" {
		httpapi.WritePage(w, http.StatusUnprocessableEntity, checkoutTemplate,
			checkoutView{Message: "Choose pay or fail.", Attempt: attempt, Open: awaited}, formTargets(attempt)...)
		return
	}
	if err := p.report(r.Context(), attempt, outcome == "pay"); err != nil {
		p.stub.Log.Error("the stub's checkout page could not send its webhook", "error", postgres.Describe(err))
		httpapi.WritePage(w, http.StatusBadGateway, checkoutTemplate,
			checkoutView{Message: "The report could not be delivered. Press again.", Attempt: attempt, Open: awaited},
			formTargets(attempt)...)
		return
	}
	if attempt, _, ok = p.find(w, r); !ok {
		return
	}
	status := http.StatusOK
	if attempt.ReturnURL != nil { // ReturnOrigins.Check has accepted it
		w.Header().Set("Location", *attempt.ReturnURL)
		status = http.StatusSeeOther
	}
	httpapi.WritePage(w, status, checkoutTemplate,
		checkoutView{Message: "The provider has reported it.", Attempt: attempt})
}

// report sends the webhook of an attempt. Its id is the attempt's, so pressing twice is one report.
func (p stubPage) report(ctx context.Context, attempt *findAttemptRow, paid bool) error {
	data := stubData{TransactionReference: attempt.TransactionReference, Amount: attempt.Amount,
		Currency: attempt.Currency}
	event := EventSucceeded
	if !paid {
		event, data.FailureReason = EventFailed, "the patient chose to fail"
	}
	return p.stub.send(ctx, "checkout-"+attempt.ID.String(), event, data)
}

// formTargets returns the origin that the page's form may lead to.
func formTargets(attempt *findAttemptRow) []string {
	if attempt.ReturnURL == nil {
		return nil
	}
	u, err := url.Parse(*attempt.ReturnURL)
	if err != nil {
		return nil
	}
	return []string{Origin(u)}
}

// find returns the attempt of the page's address, and whether its consultation still awaits payment. ok is false if it
// has written an error page instead.
func (p stubPage) find(w http.ResponseWriter, r *http.Request) (attempt *findAttemptRow, awaited, ok bool) {
	var found findAttemptRow
	err := p.payments.DB.Read(r.Context(), func(db *postgres.Read) (err error) {
		if found, err = findAttempt(r.Context(), db, StubName, r.PathValue("reference")); err != nil {
			return err
		}
		awaited, err = isAwaitingPayment(r.Context(), db, found.ConsultationID, &db.Now)
		return err
	})
	switch {
	case postgres.NoRows(err):
		httpapi.WritePage(w, http.StatusNotFound, checkoutTemplate, checkoutView{Message: "There is no such attempt."})
	case err != nil:
		p.stub.Log.Error("the stub's checkout page could not read its attempt", "error", postgres.Describe(err))
		httpapi.WritePage(w, http.StatusServiceUnavailable, checkoutTemplate,
			checkoutView{Message: "Try again in a moment."})
	default:
		return &found, awaited, true
	}
	return nil, false, false
}
