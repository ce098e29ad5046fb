package contract_test

import (
	"net/http"
	"strings"
	"testing"

	"amrutam/internal/apptest"
)

// TestValidationErrors checks that validation errors have the location of the field and a text of our own.
func TestValidationErrors(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, admin := c.Patient(), c.Doctor("500"), c.Admin()
	own := "doctors/" + doctor.ID.String()
	const start = `"startTime": "2027-01-05T10:00:00Z", "endTime": "2027-01-05T11:00:00Z"`
	for _, test := range []struct {
		user              apptest.User
		request, body     string
		location, message string
	}{
		{patient, "POST consultations", `{"reason": "Cough"}`, "body.slotId", "is required"},
		{patient, "POST consultations", `{"slotId": "7731", "reason": "Cough"}`, "body.slotId", "expected a UUID"},
		{patient, "POST consultations", `{"reasons": ""}`, "body.reasons", "is unknown here"},
		{patient, "POST consultations", `{"reason": " "}`, "body.reason", "must not be spaces alone"},
		{doctor, "POST availability", `{` + start + `, "maxPatients": 1.0}`, "body.maxPatients",
			"expected a whole number, written without a fraction or exponent"},
		{doctor, "POST availability", `{` + start + `, "maxPatients": 7731}`, "body.maxPatients",
			"must be at most 100"},
		{doctor, "POST availability", `{` + start + `, "status": "7731"}`, "body.status",
			"expected one of AVAILABLE, BLOCKED"},
		{doctor, "POST availability", `{"startTime": "9999-12-31T23:59:59-23:59", "endTime": "2027-01-05T11:00:00Z"}`,
			"body.startTime", "must be a time in the years 1900 to 9999"},
		{doctor, "POST availability", `{"startTime": "tomorrow", "endTime": "2027-01-05T11:00:00Z"}`, "body.startTime",
			"expected a date and time with its offset, like 2026-11-24T10:00:00Z (RFC 3339)"},
		{doctor, "PATCH " + own, `{"consultationFee": 7731e2}`, "body.consultationFee",
			"expected an amount from 0 to 9999999999.99 with at most two decimals"},
		{doctor, "PATCH " + own, `{"consultationFee": "-1"}`, "body.consultationFee",
			"expected an amount from 0 to 9999999999.99 with at most two decimals"},
		{doctor, "PATCH " + own, `{"consultationFee": 7.731}`, "body.consultationFee",
			"expected an amount from 0 to 9999999999.99 with at most two decimals"},
		{doctor, "PATCH " + own, `{"yearsOfExperience": 1e1}`, "body.yearsOfExperience",
			"expected a whole number, written without a fraction or exponent"},
		{doctor, "PATCH " + own, `{"currency": "ZZZ"}`, "body.currency",
			"must be an ISO 4217 currency with two decimals, like INR"},
		{doctor, "PATCH " + own, `{"currency": "KWD"}`, "body.currency",
			"must be an ISO 4217 currency with two decimals, like INR"},
		{doctor, "PATCH " + own, `{"currency": "rupees"}`, "body.currency",
			"expected three capital letters, like INR"},
		{admin, "GET consultations?patientId=urn:uuid:0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081", "", "query.patientId",
			"expected a UUID"},
		{admin, "GET consultations?doctorId=%7B0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081%7D", "",
			"query.doctorId", "expected a UUID"},
		{admin, "GET audit-logs?actorId=0199f3a27c1e7a108b203c4d5e6f7081", "", "query.actorId", "expected a UUID"},
		{admin, "GET audit-logs?from=9999-12-31T23:59:59-23:59", "", "query.from",
			"must be a time in the years 1900 to 9999"},
		{admin, "GET audit-logs?to=1000-01-01T00:00:00Z", "", "query.to", "must be a time in the years 1900 to 9999"},
		{admin, "GET admin/analytics/summary?timezone=localtime", "", "query.timezone",
			"must be an IANA time zone, like Asia/Kolkata"},
		{admin, "GET admin/analytics/summary?timezone=right/UTC", "", "query.timezone",
			"must be an IANA time zone, like Asia/Kolkata"},
		{admin, "GET admin/analytics/summary?from=2026-02-30", "", "query.from",
			"expected a date, like 2026-11-24 (RFC 3339)"},
		{patient, "GET availability/doctor/" + doctor.ID.String() + "?timezone=Local", "", "query.timezone",
			"must be an IANA time zone, like Asia/Kolkata"},
		{patient, "PATCH users/me", `{"timezone": "posixrules"}`, "body.timezone",
			"must be an IANA time zone, like Asia/Kolkata"},
		{patient, "PATCH users/me", `{"gender": "7731"}`, "body.gender",
			"expected one of MALE, FEMALE, OTHER, PREFER_NOT_TO_SAY"},
		{patient, "GET doctors?availableFrom=2026-11-24", "", "query.availableFrom",
			"expected a date and time with its offset, like 2026-11-24T10:00:00Z (RFC 3339)"},
		{patient, "GET doctors?minRating=good", "", "query.minRating", "expected a number"},
		{patient, "GET doctors?limit=1e2", "", "query.limit", "expected a whole number"},
		{patient, "GET doctors?isApproved=7731", "", "query.isApproved", "expected true or false"},
		{patient, "GET doctors?page=2", "", "query.page", "is unknown here"},
		{patient, "GET consultations/%7B0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081%7D", "", "path.id", "expected a UUID"},
	} {
		t.Run(test.request+" "+test.body, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(test.request, " ")
			var body any
			if test.body != "" {
				body = []byte(test.body)
			}
			answer := c.In(t).Do(test.user, method, path, body, "Idempotency-Key", "once").
				Want(http.StatusUnprocessableEntity, "validation-failed")
			messages := map[string]string{}
			for _, fault := range answer.At("errors").([]any) {
				f := fault.(map[string]any)
				messages[f["location"].(string)] += f["message"].(string)
			}
			if messages[test.location] != test.message {
				t.Errorf("got %v, want %s: %s", messages, test.location, test.message)
			}
			if strings.Contains(string(answer.Body), "7731") {
				t.Error("the response repeats the value")
			}
		})
	}
}

// TestInvalidPaths checks that a path that is no text of the database is not found, on pages too.
func TestInvalidPaths(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, path := range []string{"/dev/checkout/%00", "/dev/checkout/%ff", "/docs/%00", "/api/v1/doctors/%00"} {
		c.Do(apptest.User{}, http.MethodGet, path, nil).Want(http.StatusNotFound, "not-found")
	}
}
