// Package access has a table of every operation: which caller gets which status for whose object.
package access

// Caller is who sends a request, and the index of a row's statuses.
type Caller int

// The callers. The objects of the requests belong to Patient and Doctor; OtherPatient and OtherDoctor are strangers.
const (
	Anonymous Caller = iota
	Patient
	OtherPatient
	Doctor
	OtherDoctor
	Support
	Admin
	callers
)

func (c Caller) String() string {
	return [callers]string{"anonymous", "patient", "other patient", "doctor", "other doctor", "support", "admin"}[c]
}

// Row is one request to an operation. <name> anywhere in it is replaced by a value of the scene.
type Row struct {
	Operation string
	// After names a value that has to exist before the request.
	After string
	// In is the value of the path's parameter.
	In string
	// Body is a merge patch of the document's example body (RFC 7396).
	Body    string
	Headers []string
	// Signed requests carry the payment provider's signature.
	Signed bool
	// Want has the status that each caller gets.
	Want [callers]int
}

// Enrolment has the operations that staff may call without a proven second factor, beside the public ones.
var Enrolment = []string{"sign-out", "enable-mfa", "confirm-mfa", "reauthenticate", "create-passkey-options",
	"register-passkey"}

// Fresh has the operations that need a second factor proven in the last five minutes.
var Fresh = []string{"invite-user", "update-user-role", "reset-user-mfa", "approve-refund", "decline-refund",
	"decide-dispute", "disable-user", "approve-doctor", "request-erasure", "cancel-erasure", "resolve-unmatched-money",
	"request-audit-log-export", "approve-dependant-transfer"}

// Recent has the operations that need a proof of the last five minutes: of the second factor if the user has one, else
// a sign-in or the password.
var Recent = []string{"enable-mfa", "confirm-mfa", "create-passkey-options", "register-passkey", "change-email",
	"delete-own-user", "request-own-export", "download-own-export", "request-own-erasure", "end-other-sessions",
	"request-dependant-transfer", "accept-dependant-transfer"}

// purpose has the header with which an ADMIN reads health data.
var purpose = []string{"X-Purpose", "complaint 2291"}

func anyone(status int) [callers]int {
	return [callers]int{status, status, status, status, status, status, status}
}

func signedIn(status int) [callers]int {
	return [callers]int{401, status, status, status, status, status, status}
}

// Table has at least one row for every operation of the document. A row of an operation without id and body has only
// its name and its statuses. These are those of
//
//	anonymous, patient, other patient, doctor, other doctor, support, admin
var Table = []Row{
	{Operation: "check-health", Want: anyone(200)},
	{Operation: "check-liveness", Want: anyone(200)},
	{Operation: "check-readiness", Want: anyone(200)},

	{Operation: "sign-up", Body: `{"email": "<new-email>"}`, Want: anyone(201)},
	{Operation: "verify-email", Body: `{"token": "<verification-token>"}`, Want: anyone(204)},
	{Operation: "resend-verification", Want: anyone(202)},
	{Operation: "sign-in", Body: `{"email": "<patient-email>", "password": "<patient-password>"}`, Want: anyone(200)},
	{Operation: "refresh-session", Body: `{"refreshToken": "<refresh-token>"}`, Want: anyone(200)},
	{Operation: "sign-out", Want: signedIn(204)},
	{Operation: "request-password-reset", Want: anyone(202)},
	{Operation: "reset-password", Body: `{"token": "<reset-token>"}`, Want: anyone(204)},
	{Operation: "change-password", Body: `{"currentPassword": "<own-password>"}`, Want: signedIn(204)},

	{Operation: "enable-mfa", Want: signedIn(200)},
	{Operation: "confirm-mfa", Body: `{"otp": "<first-code>"}`, Want: signedIn(200)},
	{Operation: "confirm-mfa", Body: `{"otp": "<own-code>"}`, Want: signedIn(409)},
	{Operation: "change-email", Body: `{"currentPassword": "<own-password>", "newEmail": "<new-email>"}`,
		Want: signedIn(202)},
	{Operation: "confirm-email", Body: `{"token": "<address-token>"}`, Want: anyone(204)},
	{Operation: "disable-mfa", Body: `{"otp": "<own-code>", "recoveryCode": null, "passkey": null}`,
		Want: signedIn(204)},
	{Operation: "disable-mfa",
		Body: `{"otp": "<patient-code>", "recoveryCode": null, "passkey": null}`,
		Want: [callers]int{401, 204, 409, 409, 409, 409, 409}},
	{Operation: "reauthenticate",
		Body: `{"otp": "<own-code>", "recoveryCode": null, "passkey": null, "currentPassword": null}`,
		Want: signedIn(204)},
	{Operation: "regenerate-recovery-codes",
		Body: `{"otp": "<own-code>", "recoveryCode": null, "passkey": null}`, Want: signedIn(200)},
	{Operation: "verify-mfa",
		Body: `{"mfaToken": "<mfa-ticket>", "otp": "<patient-code>", "recoveryCode": null, "passkey": null}`,
		Want: anyone(200)},

	{Operation: "create-passkey-options", Want: signedIn(200)},
	{Operation: "register-passkey", Body: `{"credential": <new-passkey>}`, Want: signedIn(201)},
	{Operation: "list-passkeys", Want: signedIn(200)},
	{Operation: "delete-passkey", In: "<patient-passkey>", Want: [callers]int{401, 204, 404, 404, 404, 404, 404}},
	{Operation: "create-passkey-sign-in-options", Want: anyone(200)},
	{Operation: "sign-in-with-passkey", Body: `{"credential": <patient-proof>}`, Want: anyone(200)},

	{Operation: "list-sessions", Want: signedIn(200)},
	{Operation: "end-session", In: "<patient-session>", Want: [callers]int{401, 204, 404, 404, 404, 404, 404}},
	{Operation: "end-other-sessions", Want: signedIn(204)},
	{Operation: "invite-user", Body: `{"email": "<new-email>"}`,
		Want: [callers]int{401, 403, 403, 403, 403, 403, 201}},
	{Operation: "update-user-role", In: "<colleague>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "update-user-role", In: "<patient>", Want: [callers]int{401, 403, 403, 403, 403, 403, 409}},
	{Operation: "reset-user-mfa", In: "<enrolled>", Want: [callers]int{401, 403, 403, 403, 403, 403, 204}},
	{Operation: "reset-user-mfa", In: "<patient>", Want: [callers]int{401, 403, 403, 403, 403, 403, 409}},
	{Operation: "disable-user", In: "<patient>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},

	{Operation: "read-own-user", Want: signedIn(200)},
	{Operation: "update-own-user", Want: signedIn(200)},
	{Operation: "list-dependants", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "create-dependant", Want: [callers]int{401, 201, 201, 403, 403, 403, 403}},
	{Operation: "update-dependant", In: "<dependant>", Want: [callers]int{401, 200, 404, 403, 403, 403, 403}},
	{Operation: "delete-dependant", In: "<dependant>", Want: [callers]int{401, 204, 404, 403, 403, 403, 403}},
	{Operation: "request-dependant-transfer", In: "<dependant>", Body: `{"email": "<new-email>"}`,
		Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "list-dependant-transfers", Want: [callers]int{401, 200, 200, 403, 403, 200, 200}},
	{Operation: "accept-dependant-transfer", In: "<transfer>", Want: [callers]int{401, 404, 200, 403, 403, 403, 403}},
	{Operation: "approve-dependant-transfer", In: "<transfer>", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "end-dependant-transfer", In: "<transfer>", Want: [callers]int{401, 204, 204, 403, 403, 204, 204}},
	{Operation: "create-calendar", Want: signedIn(201)},
	{Operation: "join-waitlist",
		Body: `{"doctorId": "<doctor>", "from": "<next-day>", "to": "<next-day>", "dependantId": null}`,
		Want: [callers]int{401, 201, 201, 403, 403, 403, 403}},
	{Operation: "join-waitlist",
		Body: `{"doctorId": "<doctor>", "from": "<next-day>", "to": "<next-day>", "dependantId": "<dependant>"}`,
		Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "list-waitlist", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "accept-waitlist-offer", In: "<offered>", Body: `{"reason": "Back pain"}`,
		Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "leave-waitlist", In: "<offered>", Want: [callers]int{401, 204, 404, 403, 403, 403, 403}},
	{Operation: "read-calendar", In: "<calendar>", Want: anyone(200)},
	{Operation: "delete-calendar", Want: signedIn(204)},
	{Operation: "delete-own-user", Want: signedIn(204)},
	{Operation: "read-own-export", Want: signedIn(202)},
	{Operation: "request-own-export", Want: signedIn(202)},
	{Operation: "download-own-export", In: "<export>", Want: [callers]int{401, 200, 404, 404, 404, 404, 404}},
	{Operation: "request-own-erasure", Want: signedIn(202)},
	{Operation: "request-own-erasure", After: "own-erasure", Want: signedIn(200)},
	{Operation: "read-own-erasure", After: "own-erasure", Want: signedIn(200)},
	{Operation: "read-own-erasure", Want: signedIn(404)},
	{Operation: "cancel-own-erasure", After: "own-erasure", Want: signedIn(204)},
	{Operation: "cancel-own-erasure", Want: signedIn(404)},
	{Operation: "request-erasure", In: "<patient>", Want: [callers]int{401, 403, 403, 403, 403, 403, 202}},
	{Operation: "request-erasure", In: "<erasure-requested>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-erasure", In: "<erasure-requested>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "cancel-erasure", In: "<erasure-requested>", Want: [callers]int{401, 403, 403, 403, 403, 403, 204}},
	{Operation: "list-own-access-log", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "list-users", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "read-user", In: "<patient>", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},

	{Operation: "search-doctors", Want: anyone(200)},
	{Operation: "list-doctor-facets", Want: anyone(200)},
	{Operation: "read-doctor", In: "<doctor>", Want: anyone(200)},
	{Operation: "apply-as-doctor", Body: `{"registrationNumber": "<new-registration>"}`,
		Want: [callers]int{401, 403, 403, 201, 201, 403, 403}},
	{Operation: "update-doctor", In: "<doctor>", Body: `{"registrationNumber": null}`,
		Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "approve-doctor", In: "<doctor>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},

	{Operation: "list-free-slots", In: "<doctor>", Want: anyone(200)},
	{Operation: "list-free-days", In: "<doctor>", Want: anyone(200)},
	{Operation: "read-booking-rules", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	{Operation: "update-booking-rules", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	// An administrator has to name a doctor.
	{Operation: "list-own-slots", Want: [callers]int{401, 403, 403, 200, 200, 403, 422}},
	{Operation: "read-slot", In: "<slot>", Want: [callers]int{401, 200, 200, 200, 404, 403, 200}},
	{Operation: "read-slot", In: "<taken-slot>", Want: [callers]int{401, 404, 404, 200, 404, 403, 200}},
	{Operation: "create-slot", Body: `{"startTime": "<tomorrow>", "endTime": "<tomorrow-later>"}`,
		Want: [callers]int{401, 403, 403, 201, 201, 403, 403}},
	{Operation: "update-slot", In: "<slot>", Body: `{"startTime": "<tomorrow>", "endTime": "<tomorrow-later>"}`,
		Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "update-slot", In: "<taken-slot>", Body: `{"startTime": "<tomorrow>", "endTime": "<tomorrow-later>"}`,
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "delete-slot", In: "<slot>", Want: [callers]int{401, 403, 403, 204, 404, 403, 403}},
	{Operation: "delete-slot", In: "<taken-slot>", Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},

	{Operation: "create-availability-rule", Body: `{"validFrom": "2026-12-01", "validTo": null}`,
		Want: [callers]int{401, 403, 403, 201, 201, 403, 403}},
	{Operation: "preview-availability-rule", Body: `{"validFrom": "2026-12-01", "validTo": null}`,
		Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	{Operation: "list-availability-rules", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	{Operation: "read-availability-rule", In: "<rule>", Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "update-availability-rule", In: "<rule>", Body: `{"validFrom": "2026-12-01", "validTo": null}`,
		Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "delete-availability-rule", In: "<rule>", Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "create-availability-exception", Body: `{"from": "<tomorrow>", "to": "<tomorrow-later>"}`,
		Want: [callers]int{401, 403, 403, 201, 201, 403, 403}},
	{Operation: "list-availability-exceptions", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	{Operation: "delete-availability-exception", In: "<leave>", Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},

	{Operation: "book-consultation",
		Body: `{"slotId": "<slot>", "doctorId": "<doctor>", "startTime": null, "dependantId": null}`,
		Want: [callers]int{401, 201, 201, 403, 403, 403, 403}},
	{Operation: "book-consultation",
		Body: `{"slotId": "<taken-slot>", "doctorId": null, "startTime": null, "dependantId": null}`,
		Want: [callers]int{401, 409, 409, 403, 403, 403, 403}},
	{Operation: "book-consultation",
		Body: `{"slotId": "<slot>", "doctorId": "<doctor>", "startTime": null, "dependantId": "<dependant>"}`,
		Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "search-consultations", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "stream-events", Want: signedIn(200)},
	{Operation: "list-own-consultations", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "list-doctor-consultations", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	{Operation: "read-consultation", In: "<requested>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "read-consultation", In: "<completed>", Headers: purpose,
		Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<requested>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<confirmed>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<started>", Want: [callers]int{401, 409, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<completed>", Want: [callers]int{401, 409, 404, 409, 404, 409, 409}},
	{Operation: "reschedule-consultation", In: "<confirmed>", Body: `{"slotId": "<slot>", "startTime": null}`,
		Want: [callers]int{401, 200, 404, 403, 403, 200, 200}},
	{Operation: "reschedule-consultation", In: "<completed>", Body: `{"slotId": "<slot>", "startTime": null}`,
		Want: [callers]int{401, 409, 404, 403, 403, 409, 409}},
	{Operation: "update-consultation-status", In: "<soon>", Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "update-consultation-status", In: "<confirmed>",
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "update-consultation-status", In: "<completed>",
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},

	{Operation: "read-consultation-calendar", In: "<confirmed>",
		Want: [callers]int{401, 200, 404, 200, 404, 403, 403}},
	{Operation: "read-consultation-calendar", In: "<requested>",
		Want: [callers]int{401, 409, 404, 409, 404, 403, 403}},
	{Operation: "update-doctor", In: "<doctor>", Body: `{"registrationNumber": null, "cancellationPolicy": null}`,
		Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "read-cancellation-terms", In: "<confirmed>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "check-in", In: "<soon>", Want: [callers]int{401, 200, 404, 200, 404, 403, 403}},
	{Operation: "check-in", In: "<confirmed>", Want: [callers]int{401, 409, 404, 409, 404, 403, 403}},
	{Operation: "check-in", In: "<completed>", Want: [callers]int{401, 409, 404, 409, 404, 403, 403}},
	{Operation: "join-call", In: "<soon>", Body: `{"clientId": "0199f3a2-7c1e-4a10-8b20-3c4d5e6f7091"}`,
		Want: [callers]int{401, 200, 404, 200, 404, 403, 403}},
	{Operation: "join-call", In: "<completed>", Body: `{"clientId": "0199f3a2-7c1e-4a10-8b20-3c4d5e6f7091"}`,
		Want: [callers]int{401, 409, 404, 409, 404, 403, 403}},
	{Operation: "save-notes", In: "<started>", Headers: []string{"If-Match", "*"},
		Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "save-notes", In: "<started>", Want: [callers]int{401, 403, 403, 428, 404, 403, 403}},
	{Operation: "save-notes", In: "<completed>", Headers: []string{"If-Match", "*"},
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "write-addendum", In: "<completed>", Want: [callers]int{401, 403, 403, 201, 404, 403, 403}},
	{Operation: "write-addendum", In: "<started>", Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "list-addenda", In: "<completed>", Headers: purpose,
		Want: [callers]int{401, 200, 404, 200, 404, 403, 200}},
	{Operation: "list-addenda", In: "<completed>", Want: [callers]int{401, 200, 404, 200, 404, 403, 404}},
	{Operation: "release-addendum", In: "<addendum>", Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "dispute-no-show", In: "<missed>", Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "dispute-no-show", In: "<completed>", Want: [callers]int{401, 409, 404, 403, 403, 403, 403}},
	{Operation: "read-dispute", In: "<missed>", After: "dispute",
		Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "list-disputes", After: "dispute", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "decide-dispute", In: "<dispute>", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "read-patient", In: "<soon>", Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},

	{Operation: "start-payment", Body: `{"consultationId": "<requested>", "returnUrl": null}`,
		Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "start-payment", Body: `{"consultationId": "<confirmed>", "returnUrl": null}`,
		Want: [callers]int{401, 409, 404, 403, 403, 403, 403}},
	{Operation: "read-consultation-payment", In: "<confirmed>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "list-own-payments", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "request-refund", In: "<payment>", Want: [callers]int{401, 403, 403, 403, 403, 201, 201}},
	{Operation: "approve-refund", In: "<refund-request>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "approve-refund", In: "<own-refund-request>", Want: [callers]int{401, 403, 403, 403, 403, 403, 409}},
	{Operation: "decline-refund", In: "<refund-request>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "list-refunds", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "list-unmatched-money", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "resolve-unmatched-money", In: "<unmatched-money>",
		Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "receive-payment-webhook", In: "stub", Signed: true,
		Body: `{"data": {"transactionReference": "<attempt>"}}`, Want: anyone(200)},
	{Operation: "receive-payment-webhook", In: "stub", Signed: true, Want: anyone(202)},
	{Operation: "receive-payment-webhook", In: "stub", Want: anyone(401)},

	{Operation: "write-prescription", Body: `{"consultationId": "<started>", "supersedes": null}`,
		Want: [callers]int{401, 403, 403, 201, 404, 403, 403}},
	{Operation: "write-prescription", Body: `{"consultationId": "<confirmed>", "supersedes": null}`,
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "list-written-prescriptions", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	{Operation: "list-own-prescriptions", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "list-consultation-prescriptions", In: "<completed>", Headers: purpose,
		Want: [callers]int{401, 200, 404, 200, 404, 403, 200}},
	{Operation: "list-consultation-offers", In: "<confirmed>", Want: [callers]int{401, 200, 404, 403, 403, 200, 200}},
	{Operation: "list-consultation-prescriptions", In: "<completed>",
		Want: [callers]int{401, 200, 404, 200, 404, 403, 404}},
	{Operation: "read-prescription", In: "<prescription>", Headers: purpose,
		Want: [callers]int{401, 200, 404, 200, 404, 403, 200}},
	{Operation: "read-prescription", In: "<prescription>", Want: [callers]int{401, 200, 404, 200, 404, 403, 404}},

	{Operation: "create-review", In: "<completed>", Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "create-review", In: "<confirmed>", Want: [callers]int{401, 409, 404, 403, 403, 403, 403}},
	{Operation: "create-review", In: "<reviewed>", Want: [callers]int{401, 409, 404, 403, 403, 403, 403}},
	{Operation: "read-own-review", In: "<reviewed>", Want: [callers]int{401, 200, 404, 403, 403, 403, 403}},
	{Operation: "update-review", In: "<reviewed>", Want: [callers]int{401, 200, 404, 403, 403, 403, 403}},
	{Operation: "list-doctor-reviews", In: "<doctor>", After: "review", Want: anyone(200)},
	{Operation: "reply-to-review", In: "<review>", Want: [callers]int{401, 403, 403, 201, 404, 403, 403}},
	{Operation: "report-review", In: "<review>", Want: signedIn(204)},
	{Operation: "report-review", In: "<hidden-review>", Want: signedIn(404)},
	{Operation: "list-reviews", After: "review", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "read-review", In: "<review>", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "moderate-review", In: "<review>", Body: `{"replyHidden": null}`,
		Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},

	{Operation: "list-consents", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "give-consent", Body: `{"purpose": "MESSAGES"}`,
		Want: [callers]int{401, 201, 201, 403, 403, 403, 403}},
	// Patients of a scene have consented to treatment.
	{Operation: "give-consent", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "give-consent", Body: `{"noticeVersion": 9}`, Want: [callers]int{401, 409, 409, 403, 403, 403, 403}},
	{Operation: "withdraw-consent", In: "TREATMENT", Want: [callers]int{401, 204, 204, 403, 403, 403, 403}},
	{Operation: "consent-to-consultation", In: "<confirmed>", Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "consent-to-consultation", In: "<completed>", Want: [callers]int{401, 409, 404, 403, 403, 403, 403}},

	{Operation: "list-audit-logs", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-audit-log", In: "<audit-log>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "prove-audit-log", In: "<sealed>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "request-audit-log-export", Want: [callers]int{401, 403, 403, 403, 403, 403, 202}},
	{Operation: "list-audit-log-exports", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-audit-log-export", In: "<audit-log-export>",
		Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "download-audit-log-export", In: "<audit-log-export>",
		Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-analytics-summary", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "list-consultations-per-day", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-conversion-rate", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-no-show-rate", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "list-doctor-utilization", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "list-top-specializations", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-repeat-patients", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-time-to-first-free-slot", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-system-state", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-own-figures", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
}
