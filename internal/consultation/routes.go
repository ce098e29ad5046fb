package consultation

import (
	"reflect"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/consent"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/payment"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

const anyParty = access.Patient | access.Doctor | access.Support | access.Admin

// Routes registers the operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations", ID: "book-consultation", Tag: "consultations",
		Summary: "Book a slot",
		Doc: "Takes a seat, fixes the fee and opens the payment, all or nothing. Pay by `paymentDueAt`; a free one " +
			"is CONFIRMED at once. It needs your consent to TREATMENT at the notice's current version, and is " +
			"itself your consent to this consultation.",
		Roles: access.Patient, Status: 201, Key: httpapi.Required,
		Refusals: []*problem.Error{problem.NotFound, schedule.ErrSlotTaken, schedule.ErrSlotNotBookable,
			schedule.ErrSlotMoved, schedule.ErrOverlap, ErrTooManyUnpaid, ErrTooManyAbandoned,
			ErrTooManyBookings, ErrTooManyWithDoctor, consent.ErrRequired},
	}, s.Book)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/waitlist/{id}/accept", ID: "accept-waitlist-offer", Tag: "availability",
		Summary: "Book the seat that is held for you",
		Doc:     "As book-consultation, for the slot of the entry's offer.",
		Roles:   access.Patient, Status: 201, Key: httpapi.Required,
		Refusals: []*problem.Error{problem.NotFound, schedule.ErrNoOffer, schedule.ErrSlotTaken,
			schedule.ErrSlotNotBookable, schedule.ErrOverlap, ErrTooManyUnpaid, ErrTooManyAbandoned,
			ErrTooManyBookings, ErrTooManyWithDoctor, consent.ErrRequired},
	}, s.AcceptOffer)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/consultations/me", ID: "list-own-consultations", Tag: "consultations",
		Summary: "List your consultations",
		Doc: "As the patient, by the start of the consultation: the latest first, or the earliest. Each call is " +
			"audited.",
		Roles: access.Patient,
	}, s.ListMine)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/consultations/doctor/me", ID: "list-doctor-consultations", Tag: "consultations",
		Summary: "List the consultations with your patients",
		Doc: "As the doctor, by the start of the consultation: the latest first, or the earliest. With `date`, the " +
			"whole day in one answer, the earliest first and without cancelled ones, with its free times and " +
			"leaves. Each call is audited.",
		Roles: access.Doctor,
	}, s.ListOfDoctor)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/consultations", ID: "search-consultations", Tag: "consultations",
		Summary: "Search all consultations",
		Doc:     "For staff: times, parties and states, without reason and notes. Each page is audited.",
		Roles:   access.Support | access.Admin,
	}, s.Search)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}", ID: "read-consultation", Tag: "consultations",
		Summary: "Read a consultation",
		Doc: "Its parties see everything; SUPPORT sees no health data, ADMIN only with X-Purpose. Each reading is " +
			"audited.",
		Roles: anyParty,
	}, s.Read)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/cancel", ID: "cancel-consultation", Tag: "consultations",
		Summary: "Cancel a consultation",
		Doc: "Until the start; doctor and staff also with a reason while it is in progress. A patient gets back " +
			"what the policy says that the consultation was booked with (read-cancellation-terms shows it " +
			"beforehand), and everything until AMRUTAM_CANCELLATION_GRACE after the booking; so does who deletes " +
			"the account. " +
			"When doctor or staff cancel, everything paid is refunded. Whoever cancelled it and asks again gets " +
			"the same answer.",
		Roles: anyParty, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.InvalidTransition, ErrTooLate},
	}, s.Cancel)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}/cancellation", ID: "read-cancellation-terms",
		Tag:     "consultations",
		Summary: "Read what a cancellation would mean",
		Doc:     "Whether you may cancel it now, what would be refunded, and until when that stays so.",
		Roles:   anyParty,
	}, s.ReadTerms)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/reschedule", ID: "reschedule-consultation", Tag: "consultations",
		Summary: "Move a consultation to another slot",
		Doc: "To a free slot of the same doctor. The old seat is free at once; id, payment and consent stay. A " +
			"patient may do so as long as a cancellation would give something back, and a few times only " +
			"(AMRUTAM_MAX_RESCHEDULES); staff, and a patient whose doctor is on leave, until the start. Of a paid " +
			"one a lower fee of the doctor refunds the difference. When a patient moves it, a higher one leaves a " +
			"`balanceDue` to pay by `balanceDueAt`; unpaid, the consultation is cancelled and everything paid is " +
			"given back.",
		Roles: access.Patient | access.Support | access.Admin, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.InvalidTransition, ErrTooLate, ErrTooManyReschedules,
			schedule.ErrSlotTaken, schedule.ErrSlotNotBookable, schedule.ErrSlotMoved, schedule.ErrOverlap},
	}, s.Reschedule)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/consultations/{id}/status", ID: "update-consultation-status", Tag: "consultations",
		Summary: "Update a consultation's status",
		Doc: "IN_PROGRESS from the configured time before the start (AMRUTAM_START_EARLY) until the end of the " +
			"slot; NO_SHOW from the configured time after the start (AMRUTAM_NO_SHOW_AFTER) until the end of the " +
			"slot. One never started by then is recorded as missed by the patient if the doctor alone has checked " +
			"in, else by the doctor, and refunded. It starts only " +
			"while the patient's consent to it stands, and while none of another slot is in progress; patients who " +
			"share a slot are seen together. One that nobody completes becomes COMPLETED by itself after the " +
			"configured time (AMRUTAM_COMPLETE_AFTER), as of the slot's end.",
		Roles: access.Doctor,
		Refusals: []*problem.Error{problem.InvalidTransition, ErrTooEarly, ErrTooLate, doctor.ErrNotApproved,
			schedule.ErrConsultationInProgress, consent.ErrRequired},
	}, s.UpdateStatus)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/consent", ID: "consent-to-consultation", Tag: "consultations",
		Summary: "Consent to a consultation",
		Doc: "The patient's explicit consent, which the doctor needs to start when the one by booking was withdrawn " +
			"or somebody else arranged the consultation. To consent again is the same consent.",
		Roles: access.Patient, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, problem.InvalidTransition, consent.ErrOutdated},
		Statuses: map[int]string{201: "The new consent", 200: "The consent that was there already"},
	}, s.Consent)
	s.careRoutes(api)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/payments/initiate", ID: "start-payment", Tag: "payments",
		Summary: "Start a payment",
		Doc: "Gives the open attempt, or a new one when the last one failed, until the payment is due. Open its " +
			"`checkout.url` in a browser.",
		Sends: true,
		Roles: access.Patient, Status: 201, Key: httpapi.Required,
		Refusals: []*problem.Error{problem.NotFound, problem.InvalidTransition, payment.ErrPaid},
	}, s.InitiatePayment)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/payments/webhook/{provider}", ID: "receive-payment-webhook", Tag: "providers",
		Summary: "Report a payment",
		Doc: "For payment providers. Signed as Standard Webhooks: HMAC-SHA256 of id.timestamp.body, which has at " +
			"most 64 KiB. One id has one effect.",
		Sends:    true,
		Roles:    access.Public,
		Refusals: []*problem.Error{payment.ErrSignature},
		RawBody:  reflect.TypeFor[payment.WebhookBody](), BodyLimit: 64 << 10, Verify: s.Payments.Verify,
		Statuses: map[int]string{200: "The report is applied, or changes nothing",
			202: "The report is kept for reconciliation"},
	}, s.ReceiveWebhook)
	s.leaveRoutes(api)
	s.dependantRoutes(api)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/users/me/calendar", ID: "create-calendar", Tag: "users",
		Summary: "Make the address of your calendar",
		Doc: "A secret address that calendar programs subscribe to: your consultations of the last 30 days and the " +
			"next 365, with whom and when, and nothing about health. The address before stops working. It is shown " +
			"only in this answer.",
		Roles: access.SignedIn, Status: 201, NoKeyReason: httpapi.AnswerHoldsSecret,
	}, s.CreateCalendar)
	httpapi.Command(api, httpapi.Op{
		Method: "DELETE", Path: "/users/me/calendar", ID: "delete-calendar", Tag: "users",
		Summary: "End the address of your calendar",
		Doc:     "Calendar programs that subscribed to it get 404 from now on.",
		Roles:   access.SignedIn, Status: 204,
	}, s.EndCalendar)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/calendar/{file}", ID: "read-calendar", Tag: "users",
		Summary: "Read a calendar at its secret address",
		Doc: "For calendar programs (RFC 5545): the consultations of the last 30 days and the next 365 of whoever " +
			"made the address, with whom and when.",
		Roles: access.Public, HasSecretPath: true, MediaType: "text/calendar; charset=utf-8",
		Refusals: []*problem.Error{problem.NotFound},
	}, s.ReadCalendar)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}/calendar", ID: "read-consultation-calendar", Tag: "consultations",
		Summary: "Download a consultation as a calendar file",
		Doc: "For calendar programs (RFC 5545): when and with whom, and nothing about health. The same entry as in " +
			"the calendar at a secret address, so that who has both sees one. A cancelled one is marked so.",
		Roles: access.Patient | access.Doctor, MediaType: "text/calendar; charset=utf-8",
		Refusals: []*problem.Error{problem.InvalidTransition},
	}, s.ReadCalendarEntry)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/payments/me", ID: "list-own-payments", Tag: "payments",
		Summary: "List your payments",
		Doc: "One for each consultation of yours and of your dependants, and for those that you paid before the " +
			"record moved to another account; that of the latest consultation first. With its refunds.",
		Roles: access.Patient,
	}, s.ListPayments)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/users/{id}/disable", ID: "disable-user", Tag: "users",
		Summary: "Disable or re-enable a user",
		Doc: "All their devices are signed out, and they are told by mail. A disabled doctor is not found and not " +
			"booked. Consultations to come are cancelled: everything paid is given back, the other side is told, " +
			"and a doctor's slots are blocked. The first answer is then 409 with their number; confirm with " +
			"cancelConsultations. One in progress goes on.",
		Roles:     access.Admin,
		Refusals:  []*problem.Error{account.ErrOwnAccount, account.ErrLastAdmin, ErrHasConsultations},
		RecentMFA: true,
	}, s.DisableUser)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/doctors/{id}/approve", ID: "approve-doctor", Tag: "doctors",
		Summary: "Approve a doctor, or withdraw the approval",
		Doc: "The doctor gets a mail. The same decision again changes nothing. A withdrawal cancels the doctor's " +
			"consultations to come: everything paid is given back, the patients are told, and the slots are " +
			"blocked. The first answer is then 409 with their number; confirm with cancelConsultations. One in " +
			"progress may be completed. A refusal frees the registration number.",
		Roles:     access.Admin,
		Refusals:  []*problem.Error{doctor.ErrRegistrationTaken, ErrHasConsultations},
		RecentMFA: true,
	}, s.ApproveDoctor)
}

// leaveRoutes registers what changes a doctor's hours and so the consultations in them.
func (s *Service) leaveRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/availability/exceptions", ID: "create-availability-exception", Tag: "availability",
		Summary: "Go on leave, or work extra hours",
		Doc: "A LEAVE closes your slots of that time, and rules make none. Over consultations the first " +
			"answer is 409 with them; confirm with `confirm: true`. Each patient is then offered other " +
			"slots or a refund, and keeps the seat until they answer, at most for the configured time " +
			"(AMRUTAM_LEAVE_ANSWER_WITHIN, AMRUTAM_LEAVE_ANSWER_BEFORE); then the consultation is " +
			"cancelled and refunded. EXTRA makes slots at once; times at which you have another slot are " +
			"left out and named.",
		Roles: access.Doctor, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{doctor.ErrNotApproved, ErrHasConsultations, schedule.ErrExceptionOverlap,
			schedule.ErrTooManyExceptions},
	}, s.CreateException)
	httpapi.Command(api, httpapi.Op{
		Method: "DELETE", Path: "/availability/exceptions/{id}", ID: "delete-availability-exception",
		Tag:     "availability",
		Summary: "Delete a leave or extra hours",
		Doc: "After a leave the slots to come are opened again, and consultations that still wait for an " +
			"answer take place: their patients are told. The free slots of extra hours are closed; booked " +
			"ones stay and are named.",
		Roles: access.Doctor,
	}, s.DeleteException)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}/offers", ID: "list-consultation-offers", Tag: "consultations",
		Summary: "List the slots offered instead of a consultation",
		Doc: "When the doctor is on leave then: up to five slots that are free now and don't overlap another " +
			"consultation of the patient, of the same doctor or of the same specialization at a similar time. " +
			"Reschedule to one of the same doctor; for another doctor, or a refund, cancel: everything paid is " +
			"given back. Cancel before you book with another doctor at an overlapping time.",
		Roles: access.Patient | access.Support | access.Admin,
	}, s.ListOffers)
}

// careRoutes registers what is done during a consultation and after it.
func (s *Service) careRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/arrive", ID: "check-in", Tag: "consultations",
		Summary: "Check in to a consultation",
		Doc: "Says that you are there, from the configured time before the start (AMRUTAM_START_EARLY) until the " +
			"end of the slot. Both sides see it, and it is the evidence of who was missing if the doctor never " +
			"starts the consultation. To check in again changes nothing.",
		Roles: access.Patient | access.Doctor, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, problem.InvalidTransition, ErrTooEarly, ErrTooLate},
	}, s.Arrive)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/call", ID: "join-call", Tag: "consultations",
		Summary: "Join the video call of a consultation",
		Doc: "Both browsers connect to each other by WebRTC; the server passes on their session descriptions and " +
			"sees no picture and no sound. Join with a new clientId, which checks you in too: from the configured " +
			"time before the start (AMRUTAM_START_EARLY) until the end of the slot, and while the consultation is " +
			"IN_PROGRESS. When `other` is there, the doctor's client sends an offer for its clientId, and the " +
			"patient's client answers it. The event `call.changed` tells to ask again; without the stream, ask " +
			"every few seconds. Who connects anew, joins with another clientId, and the other side begins anew " +
			"too. Descriptions are deleted within two days.",
		Roles: access.Patient | access.Doctor, NoKeyReason: "the same request again changes nothing",
		Refusals: []*problem.Error{problem.NotFound, problem.InvalidTransition, ErrTooEarly, ErrTooLate},
	}, s.JoinCall)
	httpapi.Command(api, httpapi.Op{
		Method: "PATCH", Path: "/consultations/{id}/notes", ID: "save-notes", Tag: "consultations",
		Summary: "Save or release the notes",
		Doc: "For saving while the doctor types: If-Match is required, and a save that is based on an older version " +
			"is refused, so that neither text is lost. Only while the consultation is IN_PROGRESS; the notes can " +
			"also be released after its completion. The audit log has one entry for all saves with less than ten " +
			"minutes between them.",
		Roles:    access.Doctor,
		Refusals: []*problem.Error{problem.InvalidTransition, ErrNotesChanged, ErrVersionRequired},
	}, s.SaveNotes)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/addenda", ID: "write-addendum", Tag: "consultations",
		Summary: "Add to the notes of a completed consultation",
		Doc: "Dated and signed with your name; never changed or deleted. The patient sees it once it is released. " +
			"Archived consultations take addenda too.",
		Roles: access.Doctor, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, problem.InvalidTransition, ErrTooManyAddenda},
	}, s.AddAddendum)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}/addenda", ID: "list-addenda", Tag: "consultations",
		Summary: "List the addenda to a consultation",
		Doc: "The oldest first. The patient sees those that are released; an ADMIN needs X-Purpose. Each call is " +
			"audited.",
		Roles: access.Patient | access.Doctor | access.Admin,
	}, s.ListAddenda)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/addenda/{id}/release", ID: "release-addendum", Tag: "consultations",
		Summary: "Release an addendum to the patient",
		Doc:     "To release it again changes nothing.",
		Roles:   access.Doctor, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.InvalidTransition},
	}, s.ReleaseAddendum)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consultations/{id}/dispute", ID: "dispute-no-show", Tag: "consultations",
		Summary: "Dispute a no-show",
		Doc: "The patient's word against a no-show that was recorded of them, until the configured time after the " +
			"slot (AMRUTAM_DISPUTE_WITHIN); once for each consultation. Staff decide it, and both sides are mailed.",
		Roles: access.Patient, Status: 201, Key: httpapi.Optional,
		Refusals: []*problem.Error{problem.NotFound, problem.InvalidTransition, ErrTooLate, ErrDisputed},
	}, s.Dispute)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/consultations/{id}/dispute", ID: "read-dispute", Tag: "consultations",
		Summary: "Read the dispute of a no-show",
		Doc:     "The doctor doesn't see what the patient says. Each reading is audited.",
		Roles:   anyParty,
	}, s.ReadDispute)
	httpapi.Command(api, httpapi.Op{
		Method: "GET", Path: "/disputes", ID: "list-disputes", Tag: "consultations",
		Summary: "List disputes",
		Doc:     "For staff: those of a status, the oldest first. Each page is audited.",
		Roles:   access.Support | access.Admin,
	}, s.ListDisputes)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/disputes/{id}/decide", ID: "decide-dispute", Tag: "consultations",
		Summary: "Decide a dispute",
		Doc: "REFUNDED gives everything back that was paid; the consultation stays NO_SHOW in any case. Both sides " +
			"are mailed.",
		Sends: true,
		Roles: access.Support | access.Admin, Key: httpapi.Optional,
		Refusals:  []*problem.Error{problem.InvalidTransition},
		RecentMFA: true,
	}, s.DecideDispute)
}

func (s *Service) dependantRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: "DELETE", Path: "/users/me/dependants/{id}", ID: "delete-dependant", Tag: "users",
		Summary: "Delete a dependant",
		Doc: "Nothing more is booked for them, and they wait for no seat. Their record stays, and you may read it; " +
			"it is erased with yours.",
		Roles: access.Patient, Status: 204,
		Refusals: []*problem.Error{account.ErrDependantHasConsultations},
	}, s.DeleteDependant)
	const both = "The record is moved once who asked, the owner of the other account and staff have confirmed it."
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/dependant-transfers/{id}/accept",
		ID: "accept-dependant-transfer", Tag: "users",
		Summary: "Accept your own record",
		Doc:     "For the patient at whose address the transfer is. " + both,
		Roles:   access.Patient, Key: httpapi.Optional, RecentProof: true,
		Refusals: []*problem.Error{account.ErrTransferOver, account.ErrDependantHasConsultations},
	}, s.AcceptTransfer)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/dependant-transfers/{id}/approve",
		ID: "approve-dependant-transfer", Tag: "users",
		Summary: "Approve the transfer of a dependant's record",
		Doc:     "For staff, who make sure first that the account is the dependant's own. " + both,
		Roles:   access.Support | access.Admin, Key: httpapi.Optional, RecentMFA: true,
		Refusals: []*problem.Error{account.ErrTransferOver, account.ErrDependantHasConsultations},
	}, s.ApproveTransfer)
}
