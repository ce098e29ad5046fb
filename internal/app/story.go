package app

import "amrutam/internal/httpapi"

// Who and what the document's examples are about: Asha Rao books Dr. Meera Iyer on 2026-11-23 for the day after.
const (
	ashaID         = "0199f3a2-7c1e-7000-8000-000000000010"
	meeraID        = "0199f3a2-7c1e-7000-8000-000000000011"
	supportID      = "0199f3a2-7c1e-7000-8000-000000000013"
	slotID         = "0199f3a2-7c1e-7000-8000-000000000020"
	consultationID = "0199f3a2-7c1e-7000-8000-000000000030"
	paymentID      = "0199f3a2-7c1e-7000-8000-000000000040"
	attemptID      = "0199f3a2-7c1e-7000-8000-000000000041"
	refundID       = "0199f3a2-7c1e-7000-8000-000000000042"
	unmatchedID    = "0199f3a2-7c1e-7000-8000-000000000043"
	prescriptionID = "0199f3a2-7c1e-7000-8000-000000000050"
	consentID      = "0199f3a2-7c1e-7000-8000-000000000060"
	sessionID      = "0199f3a2-7c1e-7000-8000-000000000070"
	passkeyID      = "0199f3a2-7c1e-7000-8000-000000000071"
	auditID        = "0199f3a2-7c1e-7000-8000-000000000080"
	exportID       = "0199f3a2-7c1e-7000-8000-000000000090"

	signedUpAt  = "2026-11-20T09:30:00Z"
	signedInAt  = "2026-11-23T04:30:00Z"
	bookedAt    = "2026-11-23T04:40:00Z"
	paidAt      = "2026-11-23T04:45:00Z"
	dueAt       = "2026-11-23T04:55:00Z"
	slotStart   = "2026-11-24T04:30:00Z"
	slotEnd     = "2026-11-24T05:00:00Z"
	begunAt     = "2026-11-24T04:31:00Z"
	endedAt     = "2026-11-24T04:52:00Z"
	cancelledAt = "2026-11-23T10:00:00Z"
)

// story is what the document tells beside the types and operations.
func story() httpapi.Story {
	return httpapi.Story{Order: storyOrder, Values: storyValues, Replies: storyReplies}
}

// storyOrder is a patient's journey, then the doctor's work, the staff's and the administrators'.
var storyOrder = []string{
	"sign-up", "resend-verification", "verify-email", "sign-in", "verify-mfa", "refresh-session", "sign-out",
	"request-password-reset", "reset-password", "change-password", "change-email", "confirm-email",
	"reauthenticate", "enable-mfa", "confirm-mfa", "disable-mfa", "regenerate-recovery-codes",
	"create-passkey-options", "register-passkey", "list-passkeys", "delete-passkey",
	"create-passkey-sign-in-options", "sign-in-with-passkey",
	"list-sessions", "end-session", "end-other-sessions",
	"read-own-user", "update-own-user",
	"search-doctors", "list-doctor-facets", "read-doctor", "list-free-slots",
	"list-consents", "give-consent", "withdraw-consent",
	"book-consultation", "list-my-consultations", "read-consultation", "consent-to-consultation",
	"cancel-consultation", "initiate-payment", "read-payment",
	"list-my-prescriptions", "list-consultation-prescriptions", "read-prescription",
	"list-own-access-log", "request-own-export", "read-own-export", "download-own-export",
	"request-own-erasure", "read-own-erasure", "cancel-own-erasure", "delete-own-user",
	"apply-as-doctor", "update-doctor", "create-slot", "list-own-slots", "read-slot", "update-slot", "delete-slot",
	"list-doctor-consultations", "update-consultation-status", "write-prescription",
	"search-consultations", "request-refund", "list-refunds",
	"approve-refund", "decline-refund", "list-unmatched-money", "resolve-unmatched-money",
	"receive-payment-webhook",
	"approve-doctor", "list-users", "read-user", "invite-user", "disable-user", "update-user-role",
	"reset-user-mfa", "request-erasure", "read-erasure", "cancel-erasure",
	"list-audit-logs", "read-audit-log", "read-analytics-summary",
	"check-health", "check-liveness", "check-readiness",
}

var storyValues = map[string]any{
	"patientId": ashaID, "doctorId": meeraID, "slotId": slotID, "consultationId": consultationID,
	"paymentId": paymentID, "attemptId": attemptID, "requestedBy": supportID,
	"doctorName": "Dr. Meera Iyer", "patientName": "Asha Rao",

	"User.id": ashaID, "Profile.id": ashaID, "StaffUser.id": ashaID,
	"User.createdAt": signedUpAt, "Profile.createdAt": signedUpAt, "StaffUser.createdAt": signedUpAt,
	"Profile.updatedAt": signedUpAt, "StaffUser.updatedAt": signedUpAt,
	"StaffUser.disabledAt": nil, "StaffUser.deletedAt": nil,

	"Session.id": sessionID, "Session.createdAt": signedInAt, "Session.lastUsedAt": bookedAt,
	"Session.expiresAt": "2026-12-23T04:30:00Z",
	"Passkey.id":        passkeyID, "Passkey.createdAt": signedInAt,
	"Registered.id": passkeyID, "Registered.createdAt": signedInAt,

	"Doctor.id": meeraID, "Doctor.fullName": "Dr. Meera Iyer", "Doctor.createdAt": "2026-09-01T06:00:00Z",
	"Doctor.updatedAt": "2026-09-02T08:00:00Z",
	"Doctor.nextFreeSlot": map[string]any{"id": slotID, "startTime": slotStart,
		"endTime": slotEnd},
	"NextSlot.id": slotID, "FreeSlot.id": slotID, "Slot.id": slotID,

	"Consent.id": consentID, "Consent.givenAt": signedInAt, "Notice.givenAt": signedInAt,
	"ToConsultation.givenAt": bookedAt,

	"Consultation.id": consultationID, "Consultation.startTime": slotStart, "Consultation.endTime": slotEnd,
	"Consultation.createdAt": bookedAt, "Consultation.updatedAt": bookedAt, "Consultation.paymentDueAt": dueAt,
	"Consultation.refundedAmount": "0.00", "Consultation.cancellationReason": httpapi.Absent,
	"Consultation.notes": httpapi.Absent,

	"Payment.id": paymentID, "Payment.createdAt": bookedAt, "Payment.updatedAt": bookedAt,
	"PaymentDetail.id": paymentID, "PaymentDetail.createdAt": bookedAt, "PaymentDetail.updatedAt": bookedAt,
	"PaymentDetail.refunds": []any{}, "PaymentAttempt.id": attemptID, "PaymentAttempt.createdAt": bookedAt,
	"PaymentAttempt.mismatched": []any{}, "MismatchedMoney.receivedAt": paidAt,
	"Refund.id": refundID, "Refund.createdAt": cancelledAt, "Refund.updatedAt": cancelledAt,
	"Refund.atProvider": false, "Refund.approvedBy": nil,
	"ListedRefund.id": refundID, "ListedRefund.createdAt": cancelledAt, "ListedRefund.updatedAt": cancelledAt,
	"ListedRefund.atProvider": false, "ListedRefund.approvedBy": nil, "ListedRefund.unmatchedId": nil,
	"UnmatchedMoney.id": unmatchedID, "UnmatchedMoney.receivedAt": paidAt, "UnmatchedMoney.updatedAt": paidAt,
	"UnmatchedMoney.attemptId": nil, "UnmatchedMoney.consultationId": nil, "UnmatchedMoney.paymentId": nil,
	"UnmatchedMoney.askedAmount": nil, "UnmatchedMoney.askedCurrency": nil, "UnmatchedMoney.currency": "INR",
	"UnmatchedMoney.resolution": nil,

	"Prescription.id": prescriptionID, "Prescription.createdAt": endedAt,

	"AuditEvent.id": auditID, "AuditEvent.actorId": ashaID, "AuditEvent.entityId": consultationID,
	"AuditEvent.createdAt": bookedAt, "Export.id": exportID,
}

// storyReplies are the answers after which the resource isn't as it was made.
var storyReplies = map[string]map[string]any{
	"cancel-consultation": {"status": "CANCELLED", "cancelledAt": cancelledAt, "cancelledBy": "PATIENT",
		"cancellationReason": "I am travelling", "paymentDueAt": nil, "updatedAt": cancelledAt},
	"update-consultation-status": {"status": "IN_PROGRESS", "startedAt": begunAt, "paymentStatus": "PAID",
		"paymentDueAt": nil, "updatedAt": begunAt},
	"read-consultation": {"status": "CONFIRMED", "paymentStatus": "PAID", "paymentDueAt": nil, "updatedAt": paidAt},
}
