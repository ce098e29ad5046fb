package httpapi_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// TestIfNoneMatch tests that a client which has the current version gets 304.
func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("500.00"), c.Patient()
	slot := c.Slot(doctor, 5*time.Hour, 1)
	booked := c.Book(patient, slot)
	for path, user := range map[string]apptest.User{"users/me": patient, "doctors/" + doctor.ID.String(): nobody,
		"consultations/" + booked: patient} {
		first := c.Get(user, path).Want(200)
		etag := first.Header.Get("ETag")
		if etag == "" {
			t.Errorf("%s has no ETag", path)
			continue
		}
		for _, header := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
			a := c.Do(user, "GET", path, nil, "If-None-Match", header).Want(304)
			if len(a.Body) > 0 || a.Header.Get("ETag") != etag || a.Header.Get("Content-Type") != "" {
				t.Errorf("%s: %v %s", path, a.Header, a.Body)
			}
		}
		for _, header := range []string{`"other"`, strings.Trim(etag, `"`), "", "W/*"} {
			c.Do(user, "GET", path, nil, "If-None-Match", header).Want(200)
		}
	}
	c.Do(patient, "GET", "doctors", nil, "If-None-Match", "*").Want(200) // has none
	// A change is never answered with 304.
	etag := c.Get(patient, "users/me").Header.Get("ETag")
	c.Do(patient, "PATCH", "users/me", map[string]any{"fullName": "Asha Rao"}, "If-None-Match", etag).Want(200)
	c.Do(patient, "GET", "users/me", nil, "If-None-Match", etag).Want(200)
}

// TestPublicListsAreCompressed tests that public answers are compressed, and personal ones aren't, because their
// length could give away what is in them.
func TestPublicListsAreCompressed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for range 12 {
		c.Doctor("500.00")
	}
	admin := c.Admin()
	for _, one := range []struct {
		user         apptest.User
		path         string
		isCompressed bool
	}{
		{nobody, "doctors", true}, {nobody, "/openapi.json", true}, {nobody, "/openapi.yaml", true},
		{nobody, "doctors?limit=1", false},
		{admin, "users", false}, {admin, "audit-logs", false},
	} {
		a := c.Do(one.user, "GET", one.path, nil, "Accept-Encoding", "gzip").Want(200)
		if isCompressed := a.Header.Get("Content-Encoding") == "gzip"; isCompressed != one.isCompressed {
			t.Errorf("%s: compressed: %v", one.path, isCompressed)
		}
		if one.isCompressed && !strings.Contains(a.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: Vary is %q", one.path, a.Header.Get("Vary"))
		}
	}
	compressed := c.Do(nobody, "GET", "doctors", nil, "Accept-Encoding", "gzip")
	reader, err := gzip.NewReader(strings.NewReader(string(compressed.Body)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil || !json.Valid(text) ||
		string(text) != string(c.Do(nobody, "GET", "doctors", nil, "Accept-Encoding", "identity").Body) {
		t.Errorf("%v %s", err, text)
	}
}

// TestUnescapedPlusInQuery tests that the fault of an unescaped offset mentions %2B.
func TestUnescapedPlusInQuery(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	for _, path := range []string{"availability/doctor/" + doctor.ID.String() + "?from=",
		"doctors?availableTo=2030-01-01T00:00:00Z&availableFrom="} {
		c.Get(nobody, path+"2026-11-24T10:00:00%2B05:30").Want(200)
		if a := c.Get(nobody, path+"2026-11-24T10:00:00+05:30").Want(422); !strings.Contains(string(a.Body),
			"write %2B") || strings.Contains(string(a.Body), "05:30") {
			t.Errorf("%s: %s", path, a.Body)
		}
		if a := c.Get(nobody, path+"tomorrow").Want(422); strings.Contains(string(a.Body), "%2B") {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	if a := c.Get(nobody, "doctors?q="+strings.Repeat("long+words+", 40)).Want(422); strings.Contains(string(a.Body),
		"%2B") {
		t.Errorf("a fault about the length mentions %%2B: %s", a.Body)
	}
	if a := c.Do(c.Patient(), "PATCH", "users/me", []byte("x"), "Content-Type", "text/plain").
		Want(415); !strings.Contains(a.Text("detail"), "application/merge-patch+json") {
		t.Error(a.Text("detail"))
	}
}

// TestETagChangesWithRelatedData tests that the ETag changes with data of other resources in the answer: a doctor's
// next free slot, names of other users, another view.
func TestETagChangesWithRelatedData(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient, admin := c.Doctor("0.00"), c.Patient(), c.Admin()
	path := "doctors/" + doctor.ID.String()
	tag := c.Get(patient, path).Want(200).Header.Get("ETag")
	slot := c.Slot(doctor, 24*time.Hour, 1)
	tag = c.Do(patient, "GET", path, nil, "If-None-Match", tag).Want(200).Header.Get("ETag")
	c.Do(patient, "GET", path, nil, "If-None-Match", tag).Want(304)
	id := c.Book(patient, slot)
	c.Do(patient, "GET", path, nil, "If-None-Match", tag).Want(200)

	consultation := "consultations/" + id
	tag = c.Get(doctor, consultation).Want(200).Header.Get("ETag")
	c.Patch(patient, "users/me", map[string]any{"fullName": "Asha Rao"}).Want(200)
	c.Do(doctor, "GET", consultation, nil, "If-None-Match", tag).Want(200)
	// The version in the ETag is still current, so If-Match accepts it.
	c.Do(doctor, "PATCH", consultation+"/status", map[string]any{"status": "COMPLETED"}, "If-Match", tag).Want(409)

	tag = c.Get(admin, consultation).Want(200).Header.Get("ETag")
	c.Do(admin, "GET", consultation, nil, "If-None-Match", tag, "X-Purpose", "complaint").Want(200)
}
