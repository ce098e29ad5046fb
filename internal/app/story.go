package app

import (
	"maps"

	"amrutam/internal/httpapi"
)

// The people and things of the document's examples: Asha Rao books Dr. Meera Iyer on 2026-11-23 for the day after.
const (
	ashaID         = "0199f3a2-7c1e-7000-8000-000000000010"
	meeraID        = "0199f3a2-7c1e-7000-8000-000000000011"
	dependantID    = "0199f3a2-7c1e-7000-8000-000000000014"
	transferID     = "0199f3a2-7c1e-7000-8000-000000000015"
	supportID      = "0199f3a2-7c1e-7000-8000-000000000013"
	slotID         = "0199f3a2-7c1e-7000-8000-000000000020"
	movedSlotID    = "0199f3a2-7c1e-7000-8000-000000000021"
	ruleID         = "0199f3a2-7c1e-7000-8000-000000000022"
	exceptionID    = "0199f3a2-7c1e-7000-8000-000000000023"
	waitlistID     = "0199f3a2-7c1e-7000-8000-000000000031"
	consultationID = "0199f3a2-7c1e-7000-8000-000000000030"
	paymentID      = "0199f3a2-7c1e-7000-8000-000000000040"
	attemptID      = "0199f3a2-7c1e-7000-8000-000000000041"
	refundID       = "0199f3a2-7c1e-7000-8000-000000000042"
	unmatchedID    = "0199f3a2-7c1e-7000-8000-000000000043"
	reviewID       = "5b1f3c52-8e0d-4a67-9c1b-2f6d7a9e4c10"
	addendumID     = "0199f3a2-7c1e-7000-8000-000000000031"
	disputeID      = "0199f3a2-7c1e-7000-8000-000000000032"
	otherDoctorID  = "0199f3a2-7c1e-7000-8000-000000000016"
	visitID        = "0199f3a2-7c1e-7000-8000-000000000033"
	prescriptionID = "0199f3a2-7c1e-7000-8000-000000000050"
	consentID      = "0199f3a2-7c1e-7000-8000-000000000060"
	sessionID      = "0199f3a2-7c1e-7000-8000-000000000070"
	keyOfAsha      = "0199f3a2-7c1e-7000-8000-000000000071"
	auditID        = "0199f3a2-7c1e-7000-8000-000000000080"
	readingID      = "0199f3a2-7c1e-7000-8000-000000000081"
	erasureID      = "0199f3a2-7c1e-7000-8000-000000000091"
	adminID        = "0199f3a2-7c1e-7000-8000-000000000012"
	exportID       = "0199f3a2-7c1e-7000-8000-000000000090"

	lateReason = "The doctor came an hour late"

	openedAt    = "2026-11-10T06:00:00Z"
	signedUpAt  = "2026-11-20T09:30:00Z"
	signedInAt  = "2026-11-23T04:30:00Z"
	bookedAt    = "2026-11-23T04:40:00Z"
	paidAt      = "2026-11-23T04:45:00Z"
	dueAt       = "2026-11-23T04:55:00Z"
	slotStart   = "2026-11-24T04:30:00Z"
	slotEnd     = "2026-11-24T05:00:00Z"
	movedStart  = "2026-11-25T04:30:00Z"
	movedEnd    = "2026-11-25T05:00:00Z"
	checkedInAt = "2026-11-24T04:28:00Z"
	visitedAt   = "2026-10-20T04:30:00Z"
	addedAt     = "2026-11-26T06:15:00Z"
	begunAt     = "2026-11-24T04:31:00Z"
	endedAt     = "2026-11-24T04:52:00Z"
	cancelledAt = "2026-11-23T10:00:00Z"
	reviewedAt  = "2026-11-24T18:20:00Z"
	reportedAt  = "2026-11-25T07:05:00Z"
)

// story is what the document tells beside the types and operations.
func story() httpapi.Story {
	return httpapi.Story{Order: storyOrder, Values: storyValues, Replies: storyReplies, Requests: storyRequests}
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
	"list-dependants", "create-dependant", "update-dependant", "delete-dependant",
	"request-dependant-transfer", "list-dependant-transfers", "accept-dependant-transfer", "end-dependant-transfer",
	"create-calendar", "read-calendar", "delete-calendar",
	"search-doctors", "list-doctor-facets", "read-doctor", "list-doctor-reviews", "list-free-slots", "list-free-days",
	"list-consents", "give-consent", "withdraw-consent",
	"book-consultation",
	"join-waitlist", "list-waitlist", "accept-waitlist-offer", "leave-waitlist",
	"list-own-consultations", "read-consultation", "consent-to-consultation",
	"list-consultation-offers", "read-cancellation-terms", "cancel-consultation", "reschedule-consultation",
	"read-consultation-calendar",
	"start-payment", "read-consultation-payment", "list-own-payments",
	"list-own-prescriptions", "list-consultation-prescriptions", "read-prescription",
	"list-addenda", "dispute-no-show", "read-dispute",
	"create-review", "read-own-review", "update-review", "report-review",
	"stream-events",
	"list-own-access-log", "request-own-export", "read-own-export", "download-own-export",
	"request-own-erasure", "read-own-erasure", "cancel-own-erasure", "delete-own-user",
	"apply-as-doctor", "update-doctor", "read-booking-rules", "update-booking-rules", "create-slot", "list-own-slots",
	"read-slot", "update-slot", "delete-slot",
	"create-availability-rule", "preview-availability-rule", "list-availability-rules", "read-availability-rule",
	"update-availability-rule", "delete-availability-rule",
	"create-availability-exception", "list-availability-exceptions", "delete-availability-exception",
	"list-doctor-consultations", "read-patient", "check-in", "join-call", "update-consultation-status", "save-notes",
	"write-addendum", "release-addendum", "write-prescription", "list-written-prescriptions",
	"reply-to-review", "read-own-figures",
	"search-consultations", "list-reviews", "read-review", "moderate-review",
	"list-disputes", "decide-dispute", "request-refund", "list-refunds",
	"approve-refund", "decline-refund", "list-unmatched-money", "resolve-unmatched-money",
	"receive-payment-webhook",
	"approve-dependant-transfer",
	"approve-doctor", "list-users", "read-user", "invite-user", "disable-user", "update-user-role",
	"reset-user-mfa", "request-erasure", "read-erasure", "cancel-erasure",
	"list-audit-logs", "read-audit-log", "prove-audit-log",
	"request-audit-log-export", "list-audit-log-exports", "read-audit-log-export", "download-audit-log-export",
	"read-analytics-summary",
	"list-consultations-per-day", "read-conversion-rate", "read-no-show-rate", "list-doctor-utilization",
	"list-top-specializations", "read-repeat-patients", "read-time-to-first-free-slot",
	"read-system-state",
	"check-health", "check-liveness", "check-readiness",
}

var storyValues = map[string]any{
	"patientId": ashaID, "doctorId": meeraID, "slotId": slotID, "consultationId": consultationID,
	"paymentId": paymentID, "attemptId": attemptID, "requestedBy": supportID, "userId": meeraID,
	"doctorName": "Dr. Meera Iyer", "patientName": "Asha Rao",

	"User.id": ashaID, "Profile.id": ashaID, "StaffUser.id": ashaID,
	"User.createdAt": signedUpAt, "Profile.createdAt": signedUpAt, "StaffUser.createdAt": signedUpAt,
	"Profile.erasureDueAt": nil, "Profile.updatedAt": signedUpAt, "StaffUser.updatedAt": signedUpAt,

	"Dependant.id": dependantID, "Dependant.createdAt": signedInAt, "Dependant.updatedAt": signedInAt,
	"DependantTransfer.id": transferID, "DependantTransfer.dependantId": dependantID,
	"DependantTransfer.requestedBy": ashaID, "DependantTransfer.createdAt": signedInAt,
	"DependantTransfer.expiresAt": "2026-12-23T04:30:00Z", "DependantTransfer.acceptedAt": nil,
	"DependantTransfer.approvedAt": nil, "DependantTransfer.endedAt": nil,
	"DependantTransfer.requestedByName": nil, "DependantTransfer.acceptedBy": nil,
	"DependantTransfer.acceptedByName": nil,
	"BookedBy.id":                      ashaID, "Consultation.dependantId": nil, "Consultation.bookedBy": nil,
	"Consultation.relation": nil, "ComingPatient.bookedBy": nil, "RecordReading.dependantId": nil,

	"Session.id": sessionID, "Session.createdAt": signedInAt, "Session.lastUsedAt": bookedAt,
	"Session.expiresAt": "2026-12-23T04:30:00Z",
	"Passkey.id":        keyOfAsha, "Passkey.createdAt": signedInAt,
	"RegisteredPasskey.id": keyOfAsha, "RegisteredPasskey.createdAt": signedInAt,

	"Doctor.id": meeraID, "Doctor.fullName": "Dr. Meera Iyer", "Doctor.createdAt": "2026-09-01T06:00:00Z",
	"SameNumber.id": otherDoctorID, "SameNumber.decidedAt": "2026-09-03T08:00:00Z",
	"Doctor.updatedAt": "2026-09-02T08:00:00Z",
	"Doctor.nextFreeSlot": map[string]any{"id": slotID, "startTime": slotStart,
		"endTime": slotEnd},
	"DoctorApplication.decidedAt": "2026-09-02T08:00:00Z",
	"NextSlot.id":                 slotID, "FreeSlot.id": slotID, "Slot.id": slotID,
	"Slot.createdAt": openedAt, "Slot.updatedAt": openedAt, "FreeSlot.createdAt": openedAt,
	"FreeSlot.updatedAt": openedAt, "BookingRules.updatedAt": openedAt,
	"DoctorFacets.currencies": []any{map[string]any{"value": "INR", "count": 12}},
	"DoctorFacets.languages":  []any{map[string]any{"value": "hi", "count": 9}},

	"Rule.id": ruleID, "Rule.createdAt": openedAt, "Rule.updatedAt": openedAt,
	"ChangedRule.id": ruleID, "ChangedRule.createdAt": openedAt, "ChangedRule.updatedAt": openedAt,
	"WaitlistEntry.id": waitlistID, "WaitlistEntry.createdAt": openedAt, "WaitlistEntry.updatedAt": openedAt,
	"WaitlistEntry.consultationId": nil, "WaitlistEntry.dependantId": nil, "WaitlistEntry.status": "OFFERED",
	"WaitlistOffer.startTime": slotStart, "WaitlistOffer.endTime": slotEnd, "WaitlistOffer.expiresAt": dueAt,
	"Exception.id": exceptionID, "Exception.createdAt": openedAt,
	"ChangedException.id": exceptionID, "ChangedException.createdAt": openedAt,

	"Consent.id": consentID, "Consent.givenAt": signedInAt, "Notice.givenAt": signedInAt,
	"ConsultationConsent.givenAt": bookedAt,

	"Consultation.id": consultationID, "Consultation.startTime": slotStart, "Consultation.endTime": slotEnd,
	"Consultation.createdAt": bookedAt, "Consultation.updatedAt": bookedAt, "Consultation.paymentDueAt": dueAt,
	"Consultation.refundedAmount": "0.00", "Consultation.rescheduledFrom": nil, "Consultation.balanceDue": nil,
	"Consultation.balanceDueAt": nil,

	"CancelledConsultation.id": consultationID, "CancelledConsultation.startTime": slotStart,
	"CancelledConsultation.endTime": slotEnd, "CancelledConsultation.createdAt": bookedAt,
	"CancelledConsultation.updatedAt": cancelledAt, "CancelledConsultation.refundedAmount": "0.00",
	"Addendum.id": addendumID, "Addendum.authorId": meeraID, "Addendum.createdAt": addedAt,
	"Addendum.releasedAt": addedAt, "Dispute.id": disputeID, "Dispute.createdAt": reportedAt,
	"Dispute.decidedByName": nil, "DisputedVisit.startTime": visitedAt, "DisputedVisit.doctorArrivedAt": nil,
	"DisputedVisit.patientArrivedAt": "2026-10-20T04:28:00Z", "Dispute.decidedBy": nil, "Dispute.decidedAt": nil,
	"Dispute.decisionReason": nil,
	"SavedNotes.updatedAt":   begunAt, "CallSide.updatedAt": checkedInAt,
	"CheckIns.doctorArrivedAt": checkedInAt, "CheckIns.patientArrivedAt": checkedInAt,
	"EarlierVisit.consultationId": visitID, "EarlierVisit.startTime": visitedAt,

	"OwnPayment.id": paymentID, "OwnPayment.createdAt": bookedAt, "OwnPayment.updatedAt": paidAt,
	"OwnPayment.refunds": []any{}, "OwnPayment.refundedAmount": "0.00", "OwnPayment.balanceDue": nil,
	"OwnPayment.dependantId": nil, "OwnPayment.status": "SUCCESS",
	"Payment.id": paymentID, "Payment.createdAt": bookedAt, "Payment.updatedAt": bookedAt,
	"PaymentDetail.id": paymentID, "PaymentDetail.createdAt": bookedAt, "PaymentDetail.updatedAt": bookedAt,
	"PaymentDetail.refunds": []any{}, "PaymentAttempt.id": attemptID, "PaymentAttempt.createdAt": bookedAt,
	"PaymentAttempt.mismatched": []any{}, "PaymentAttempt.captured": "0.00",
	"MismatchedMoney.receivedAt": paidAt, "Refund.id": refundID, "Refund.createdAt": cancelledAt,
	"Refund.updatedAt": cancelledAt, "Refund.atProvider": false,
	"Refund.reason": lateReason, "ListedRefund.reason": lateReason,
	"ListedRefund.id": refundID, "ListedRefund.createdAt": cancelledAt, "ListedRefund.updatedAt": cancelledAt,
	"ListedRefund.atProvider": false,
	"UnmatchedMoney.id":       unmatchedID, "UnmatchedMoney.receivedAt": paidAt, "UnmatchedMoney.updatedAt": paidAt,
	"UnmatchedMoney.resolvedByName": nil, "UnmatchedMoney.attemptId": nil, "UnmatchedMoney.consultationId": nil,
	"UnmatchedMoney.paymentId":   nil,
	"UnmatchedMoney.askedAmount": nil, "UnmatchedMoney.currency": "INR",

	"Prescription.id": prescriptionID, "Prescription.createdAt": endedAt,

	"Review.id": reviewID, "OwnReview.id": reviewID, "OwnReview.createdAt": reviewedAt,
	"OwnReview.updatedAt": reviewedAt, "OwnReview.changeableUntil": "2026-11-25T18:20:00Z", "OwnReview.reply": nil,
	"OwnReview.hiddenReason": nil, "ModeratedReview.id": reviewID, "ModeratedReview.createdAt": reviewedAt,
	"ModeratedReview.updatedAt": reviewedAt, "ModeratedReview.reply": nil, "ModeratedReview.decisionReason": nil,
	"ModeratedReview.decidedByName": nil, "ModeratedReview.decidedBy": nil, "ModeratedReview.decidedAt": nil,
	"ReviewReport.reporterId": meeraID,
	"ReviewReport.createdAt":  reportedAt,

	"AuditEvent.id": auditID, "AuditEvent.actorId": ashaID, "AuditEvent.entityId": consultationID,
	"AuditEvent.createdAt": bookedAt, "Export.id": exportID,
	"AuditLogExport.id": exportID, "AuditLogExport.requestedBy": supportID,
	"AuditLogExport.createdAt": "2026-12-01T06:00:00Z",
	"AuditLogExport.expiresAt": "2026-12-02T06:00:00Z",
	"AuditProof.hashes":        []any{"IBJ4cbuYUG/LLrJqsPcmqX/QQHwDFAmKRBjjH0CrdKY="},
	"AuditProof.checkpoint": "amrutam-139e3940e64b5491\n2\nC65pPpLZgjm4owaKUAjFZ7NtZDlYe7M6zcOzB2eWOp8=\n" +
		"time 2026-11-23T04:31:00Z\nxid 74219\n\n— amrutam-139e3940e64b5491 SOBZYKfXcBrxyqtw4F0NNba73rGQjKcXz4px0SKA" +
		"R8NENbkTYrN++anNa4HWcqoxzJdGvyyQRo0mMpJp9b/duTN9UAw=\n",
	"AuditProof.key": "amrutam-139e3940e64b5491+48e05960+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
}

// pendingExport is a copy that is still being made.
var pendingExport = map[string]any{"status": "PENDING", "readyAt": nil, "expiresAt": nil, "sha256": nil, "size": nil,
	"url": nil}

// invited is the member of staff that an administrator has invited.
var invited = map[string]any{"id": supportID, "email": "ravi@example.org", "fullName": "Ravi Menon",
	"role": "SUPPORT", "isEmailVerified": false, "createdAt": cancelledAt, "updatedAt": cancelledAt}

// storyReplies are the answers that don't show the resource as it was made, or not all of it.
var storyReplies = map[string]map[string]any{
	"sign-up": {"isEmailVerified": false},
	"apply-as-doctor": {"isApproved": false, "nextFreeSlot": nil, "rating": nil, "ratingCount": 0,
		"sameNumber":  httpapi.Absent,
		"application": map[string]any{"state": "WAITING", "reason": nil, "decidedAt": nil}},
	"search-doctors":       {"items": []any{map[string]any{"sameNumber": httpapi.Absent}}},
	"read-doctor":          {"sameNumber": httpapi.Absent},
	"update-doctor":        {"sameNumber": httpapi.Absent},
	"search-consultations": {"items": []any{map[string]any{"reason": httpapi.Absent}}},
	"cancel-consultation": {"status": "CANCELLED", "cancelledAt": cancelledAt, "cancelledBy": "PATIENT",
		"cancellationReason": "I am travelling", "paymentDueAt": nil, "updatedAt": cancelledAt},
	"reschedule-consultation": {"status": "CONFIRMED", "paymentStatus": "PAID", "paymentDueAt": nil,
		"slotId": movedSlotID, "startTime": movedStart, "endTime": movedEnd, "rescheduleCount": 1,
		"rescheduledFrom": map[string]any{"slotId": slotID, "startTime": slotStart}, "updatedAt": cancelledAt},
	"update-consultation-status": {"status": "IN_PROGRESS", "startedAt": begunAt, "paymentStatus": "PAID",
		"paymentDueAt": nil, "updatedAt": begunAt},
	"read-consultation": {"status": "CONFIRMED", "paymentStatus": "PAID", "paymentDueAt": nil, "updatedAt": paidAt},
	"decide-dispute": {"status": "REFUNDED", "decidedBy": supportID, "decidedAt": "2026-11-26T08:00:00Z",
		"decisionReason": "The patient had checked in on time", "reason": httpapi.Absent},
	"approve-refund": {"status": "PENDING", "approvedBy": adminID},
	"decline-refund": {"status": "FAILED", "failureReason": "The call was held in full"},
	"resolve-unmatched-money": {"status": "RETURNING", "actions": []any{}, "resolvedBy": adminID,
		"resolvedAt": cancelledAt, "updatedAt": cancelledAt, "resolution": "Paid to a closed account; sent back"},
	"update-review": {"rating": 4, "text": "Explained every step, but began late."},
	"moderate-review": {"hidden": true, "decisionReason": "It names another patient", "decidedBy": supportID,
		"decidedAt": reportedAt, "updatedAt": reportedAt, "openReports": 0},
	"receive-payment-webhook 202": {"outcome": "unknown-reference"},
	"read-own-export 202":         pendingExport,
	"request-own-export 202":      pendingExport,
	"invite-user":                 invited,
	"update-user-role":            changedRole(),
	"disable-user":                {"disabledAt": cancelledAt, "updatedAt": cancelledAt},
}

func changedRole() map[string]any {
	user := maps.Clone(invited)
	user["role"], user["isEmailVerified"], user["updatedAt"] = "ADMIN", true, endedAt
	return user
}

// storyRequests are the bodies that would not be taken, or not be meant, with every member that they may have.
var storyRequests = map[string]map[string]any{
	"verify-mfa":                 oneCode,
	"reauthenticate":             oneCode,
	"disable-mfa":                oneCode,
	"regenerate-recovery-codes":  oneCode,
	"approve-doctor":             {"cancelConsultations": httpapi.Absent, "reason": httpapi.Absent},
	"create-slot":                {"status": httpapi.Absent},
	"book-consultation":          {"dependantId": httpapi.Absent},
	"join-waitlist":              {"dependantId": httpapi.Absent},
	"update-consultation-status": {"notes": httpapi.Absent},
	"reschedule-consultation":    {"slotId": movedSlotID, "startTime": movedStart},
}

// oneCode leaves the one-time code as the only second factor.
var oneCode = map[string]any{"passkey": httpapi.Absent, "recoveryCode": httpapi.Absent,
	"currentPassword": httpapi.Absent}
