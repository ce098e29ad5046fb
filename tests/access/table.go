// Package access has a table of every operation: which callers may ask it about whose object, and with what answer.
package access

// Caller is somebody who sends a request: the index of a row's answers.
type Caller int

// The callers. What the requests are about belongs to the first patient and the first doctor; the others are strangers
// to it.
const (
	Nobody Caller = iota
	Patient
	OtherPatient
	Doctor
	OtherDoctor
	Support
	Admin
	callers
)

func (c Caller) String() string {
	return [callers]string{"nobody", "patient", "other patient", "doctor", "other doctor", "support", "admin"}[c]
}

// Row is one request to an operation. <name> anywhere in it is replaced by a value of the scene.
type Row struct {
	Operation string
	// After names what has to exist before the request.
	After string
	// In fills the braces of the path.
	In string
	// Body changes the body of the document's examples as a merge patch does: null takes a field away.
	Body    string
	Headers []string
	// Signed requests carry the payment provider's signature.
	Signed bool
	// Want is the status each caller gets.
	Want [callers]int
}

// Enrolment is what a session of staff reaches that has not proven a second factor, beside what is for anyone.
var Enrolment = []string{"sign-out", "enable-mfa", "confirm-mfa", "reauthenticate", "create-passkey-options",
	"register-passkey"}

// Fresh is what needs a second factor that was proven in the last five minutes.
var Fresh = []string{"invite-user", "update-user-role", "reset-user-mfa", "approve-refund", "decline-refund",
	"disable-user", "approve-doctor", "request-erasure", "cancel-erasure", "resolve-unmatched-money"}

// Recent is what needs a proof of the last five minutes: by the second factor of whoever has one, else by a sign-in or
// the password.
var Recent = []string{"enable-mfa", "confirm-mfa", "create-passkey-options", "register-passkey", "change-email",
	"delete-own-user", "request-own-export", "download-own-export", "request-own-erasure", "end-other-sessions"}

// purpose is what an ADMIN states to read health data.
var purpose = []string{"X-Purpose", "complaint 2291"}

func anyone(status int) [callers]int {
	return [callers]int{status, status, status, status, status, status, status}
}

func signedIn(status int) [callers]int {
	return [callers]int{401, status, status, status, status, status, status}
}

// Table is what must hold. An operation of the document without a row fails the test, a row without an operation too.
// An operation that takes no id and no body needs only its name and its answers.
//
// The columns are            nobody, patient, other patient, doctor, other doctor, support, admin.
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
		Want: signedIn(202)}, {Operation: "confirm-email", Body: `{"token": "<address-token>"}`, Want: anyone(204)},
	{Operation: "disable-mfa", Body: `{"otp": "<own-code>", "recoveryCode": null, "passkey": null}`,
		Want: signedIn(204)}, {Operation: "disable-mfa",
		Body: `{"otp": "<patient-code>", "recoveryCode": null, "passkey": null}`,
		Want: [callers]int{401, 204, 409, 409, 409, 409, 409}},
	{Operation: "reauthenticate",
		Body: `{"otp": "<own-code>", "recoveryCode": null, "passkey": null, "currentPassword": null}`,
		Want: signedIn(204)}, {Operation: "regenerate-recovery-codes",
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
	{Operation: "request-erasure", In: "<erasing>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-erasure", In: "<erasing>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "cancel-erasure", In: "<erasing>", Want: [callers]int{401, 403, 403, 403, 403, 403, 204}},
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
	// an administrator has to name a doctor
	{Operation: "list-own-slots", Want: [callers]int{401, 403, 403, 200, 200, 403, 422}},
	{Operation: "read-slot", In: "<taken-slot>", Want: [callers]int{401, 403, 403, 200, 404, 403, 200}},
	{Operation: "create-slot", Body: `{"startTime": "<tomorrow>", "endTime": "<tomorrow-later>"}`,
		Want: [callers]int{401, 403, 403, 201, 201, 403, 403}},
	{Operation: "update-slot", In: "<slot>", Body: `{"startTime": "<tomorrow>", "endTime": "<tomorrow-later>"}`,
		Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "update-slot", In: "<taken-slot>", Body: `{"startTime": "<tomorrow>", "endTime": "<tomorrow-later>"}`,
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "delete-slot", In: "<slot>", Want: [callers]int{401, 403, 403, 204, 404, 403, 403}},
	{Operation: "delete-slot", In: "<taken-slot>", Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},

	{Operation: "book-consultation", Body: `{"slotId": "<slot>", "doctorId": "<doctor>", "startTime": null}`,
		Want: [callers]int{401, 201, 201, 403, 403, 403, 403}},
	{Operation: "book-consultation", Body: `{"slotId": "<taken-slot>", "doctorId": null, "startTime": null}`,
		Want: [callers]int{401, 409, 409, 403, 403, 403, 403}},
	{Operation: "search-consultations", Want: [callers]int{401, 403, 403, 403, 403, 200, 200}},
	{Operation: "list-own-consultations", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "list-doctor-consultations", Want: [callers]int{401, 403, 403, 200, 200, 403, 403}},
	{Operation: "read-consultation", In: "<requested>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "read-consultation", In: "<completed>", Headers: purpose,
		Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<requested>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<confirmed>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<begun>", Want: [callers]int{401, 409, 404, 200, 404, 200, 200}},
	{Operation: "cancel-consultation", In: "<completed>", Want: [callers]int{401, 409, 404, 409, 404, 409, 409}},
	{Operation: "update-consultation-status", In: "<soon>", Want: [callers]int{401, 403, 403, 200, 404, 403, 403}},
	{Operation: "update-consultation-status", In: "<confirmed>",
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "update-consultation-status", In: "<completed>",
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},

	{Operation: "start-payment", Body: `{"consultationId": "<requested>", "returnUrl": null}`,
		Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "start-payment", Body: `{"consultationId": "<confirmed>", "returnUrl": null}`,
		Want: [callers]int{401, 409, 404, 403, 403, 403, 403}},
	{Operation: "read-consultation-payment", In: "<confirmed>", Want: [callers]int{401, 200, 404, 200, 404, 200, 200}},
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

	{Operation: "write-prescription", Body: `{"consultationId": "<begun>", "supersedes": null}`,
		Want: [callers]int{401, 403, 403, 201, 404, 403, 403}},
	{Operation: "write-prescription", Body: `{"consultationId": "<confirmed>", "supersedes": null}`,
		Want: [callers]int{401, 403, 403, 409, 404, 403, 403}},
	{Operation: "list-own-prescriptions", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "list-consultation-prescriptions", In: "<completed>", Headers: purpose,
		Want: [callers]int{401, 200, 404, 200, 404, 403, 200}},
	{Operation: "list-consultation-prescriptions", In: "<completed>",
		Want: [callers]int{401, 200, 404, 200, 404, 403, 404}},
	{Operation: "read-prescription", In: "<prescription>", Headers: purpose,
		Want: [callers]int{401, 200, 404, 200, 404, 403, 200}},
	{Operation: "read-prescription", In: "<prescription>", Want: [callers]int{401, 200, 404, 200, 404, 403, 404}},

	{Operation: "list-consents", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "give-consent", Body: `{"purpose": "MESSAGES"}`,
		Want: [callers]int{401, 201, 201, 403, 403, 403, 403}},
	// who is there consents to treatment
	{Operation: "give-consent", Want: [callers]int{401, 200, 200, 403, 403, 403, 403}},
	{Operation: "give-consent", Body: `{"noticeVersion": 9}`, Want: [callers]int{401, 409, 409, 403, 403, 403, 403}},
	{Operation: "withdraw-consent", In: "TREATMENT", Want: [callers]int{401, 204, 204, 403, 403, 403, 403}},
	{Operation: "consent-to-consultation", In: "<confirmed>", Want: [callers]int{401, 201, 404, 403, 403, 403, 403}},
	{Operation: "consent-to-consultation", In: "<completed>", Want: [callers]int{401, 409, 404, 403, 403, 403, 403}},

	{Operation: "list-audit-logs", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-audit-log", In: "<audit-log>", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
	{Operation: "read-analytics-summary", Want: [callers]int{401, 403, 403, 403, 403, 403, 200}},
}
