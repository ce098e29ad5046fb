package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"amrutam/internal/apptest"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

func TestStrictJSON(t *testing.T) {
	t.Parallel()
	for text, fault := range map[string]string{
		`{}`:                              "",
		`null`:                            "",
		` {"a": [1, {"b": "c"}]} ` + "\n": "",
		`{"a": {"k": 1}, "b": {"k": 1}}`:  "",
		`{"a": 1, "A": 2}`:                "", // two names; the schema knows at most one
		`{"a": "\ud83d\ude00 \u00e9"}`:    "",
		`{"a": "\\ud800"}`:                "",
		`{"a": 1e999999999}`:              "",
		strings.Repeat("[", 32) + strings.Repeat("]", 32): "",

		``:                       "malformed",
		`{`:                      "malformed",
		`{"a": 1,}`:              "malformed",
		`{'a': 1}`:               "malformed",
		`{"a": 01}`:              "malformed",
		`{"a": NaN}`:             "malformed",
		`{"a": 1} {"a": 1}`:      "malformed",
		`{"a": 1} x`:             "malformed",
		"{}\v":                   "malformed",
		"{}\u00a0":               "malformed",
		`[1, 2`:                  "malformed",
		`{a: 1}`:                 "malformed",
		"{\"a\": \"\xff\"}":      "malformed",
		"{\"\xc3\": 1}":          "malformed",
		"{\"a\": \"\x00\"}":      "malformed", // raw; a control character has to be escaped
		"\xef\xbb\xbf{}":         "malformed", // a byte order mark
		`{"a": "\ud800"}`:        "malformed",
		`{"a": "\ude00"}`:        "malformed",
		`{"a": "\ud83dx"}`:       "malformed",
		`{"a": "\ud83d\n"}`:      "malformed",
		`{"a": "\ud83d\ud83d"}`:  "malformed",
		`{"\uDFFF": 1}`:          "malformed",
		strings.Repeat("[", 100): "malformed",
		strings.Repeat("[", 34) + strings.Repeat("]", 34):         "malformed",
		strings.Repeat(`{"a":`, 5000) + strings.Repeat(`}`, 5000): "malformed",

		`{"a": 1, "a": 2}`:               "body.a",
		`{"a": 1, "\u0061": 2}`:          "body.a",
		`{"b": {"c": {"a": 1, "a": 1}}}`: "body.b.c.a",
		`{"b": [0, {"a": 1, "a": 1}]}`:   "body.b[1].a",
		`{"a": "x\u0000y"}`:              "body.a",
		`["\u0000"]`:                     "body[0]",
		`{"\u0000": 1, "\u0000": 2}`:     "body.…",
	} {
		err := httpapi.CheckJSON([]byte(text), 100)
		var p *problem.Error
		switch {
		case fault == "" && err != nil:
			t.Errorf("%.60s: %v", text, err)
		case fault == "malformed" && !errors.Is(err, problem.Malformed):
			t.Errorf("%.60s: %v, not malformed", text, err)
		case fault != "" && fault != "malformed" && (!errors.As(err, &p) || !errors.Is(err, problem.Invalid) ||
			p.Fields[0].Location != fault):
			t.Errorf("%.60s: %v, not a fault at %s", text, err, fault)
		}
	}
}

func TestFaultListIsLimited(t *testing.T) {
	t.Parallel()
	var p *problem.Error
	err := httpapi.CheckJSON([]byte(`{"a": 1`+strings.Repeat(`, "a": 1`, 10_000)+`}`), 20_000)
	if !errors.As(err, &p) || len(p.Fields) != httpapi.MaxFaults {
		t.Errorf("%v", err)
	}
}

// FuzzStrictJSON tests that encoding/json can decode every accepted body, and that encoding it again gives the same
// texts.
func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{`{"a": [1, "\ud83d\ude00", null]}`, `{"a": 1, "a": 2}`, `"\ud800"`, "\xff", `[[[[`,
		`1e400`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if httpapi.CheckJSON(body, 1<<20) != nil {
			return
		}
		var v any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if !utf8.Valid(body) || !json.Valid(body) || d.Decode(&v) != nil {
			t.Fatalf("%q is accepted", body)
		}
		again, err := json.Marshal(v)
		if err != nil || httpapi.CheckJSON(again, 1<<20) != nil {
			t.Errorf("%q becomes %q: %v", body, again, err)
		}
		// encoding/json replaces what it can't read by U+FFFD; there must be no more of these than in the body.
		if n := strings.Count(string(again), "\ufffd"); n > strings.Count(string(body), "\ufffd")+
			strings.Count(strings.ToLower(string(body)), `\ufffd`) {
			t.Errorf("%q becomes %q", body, again)
		}
	})
}

// TestRequestBodies sends wrong bodies by HTTP, and tests that no answer repeats the wrong value.
func TestRequestBodies(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	const secret = "sensitive-7731"
	const slot, invalid = "0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081", "validation-failed"
	right := `"slotId": "` + slot + `", "reason": "Cough"`
	for name, one := range map[string]struct {
		body   string
		status int
		slug   string
		at     string
	}{
		"right form": {`{` + right + `}`, 404, "not-found", ""},
		"largest": {`{"slotId": "` + slot + `", "reason": "` + strings.Repeat(`\uD83D\uDE00`, 1999) + `a"}`, 404,
			"not-found", ""},

		"empty":          {``, 400, "malformed-request", ""},
		"blank":          {` `, 400, "malformed-request", ""},
		"malformed":      {`{"reason": "` + secret, 400, "malformed-request", ""},
		"trailing":       {`{` + right + `}{}`, 400, "malformed-request", ""},
		"not UTF-8":      {"{" + right + ", \"extra\": \"\xff\"}", 400, "malformed-request", ""},
		"lone surrogate": {`{"slotId": "` + slot + `", "reason": "\udc00"}`, 400, "malformed-request", ""},
		"huge number":    {`{"slotId": 1e999999, "reason": "Cough"}`, 400, "malformed-request", ""},
		"long number": {`{"slotId": ` + strings.Repeat("9", 20_000) + `, "reason": "Cough"}`, 400,
			"malformed-request", ""},
		"deep": {`{"reason": ` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, 400,
			"malformed-request", ""},

		"too many values": {`{` + right + strings.Repeat(`, "a": 1`, 1000) + `}`, 413, "body-too-large", ""},
		"too large":       {`{` + right + strings.Repeat(" ", 64<<10) + `}`, 413, "body-too-large", ""},

		"null":            {`null`, 422, invalid, "body"},
		"array":           {`[]`, 422, invalid, "body"},
		"text":            {`"` + secret + `"`, 422, invalid, "body"},
		"nothing":         {`{}`, 422, invalid, ""},
		"duplicate":       {`{` + right + `, "reason": "` + secret + `"}`, 422, invalid, "body.reason"},
		"unknown":         {`{` + right + `, "extra": "` + secret + `"}`, 422, invalid, "body.extra"},
		"wrong case":      {`{` + right + `, "DoctorId": "` + secret + `"}`, 422, invalid, "body.DoctorId"},
		"only wrong case": {`{"SlotId": "` + slot + `", "reason": "Cough"}`, 422, invalid, ""},
		"NUL in text": {`{"slotId": "` + slot + `", "reason": "` + secret + `\u0000"}`, 422, invalid,
			"body.reason"},
		"NUL in a name":  {`{` + right + `, "\u0000": "` + secret + `"}`, 422, invalid, ""},
		"long name":      {`{` + right + `, "` + strings.Repeat("n", 20_000) + `": 1}`, 422, invalid, ""},
		"no UUID":        {`{"slotId": "` + secret + `", "reason": "Cough"}`, 422, invalid, "body.slotId"},
		"UUID in braces": {`{"slotId": "{` + slot + `}", "reason": "Cough"}`, 422, invalid, "body.slotId"},
		"no URN": {`{"slotId": "` + secret + `:` + slot[:26] + `", "reason": "Cough"}`, 422, invalid,
			"body.slotId"},
		"number for a text": {`{"slotId": "` + slot + `", "reason": 7731}`, 422, invalid, "body.reason"},
		"blank text":        {`{"slotId": "` + slot + `", "reason": " \n"}`, 422, invalid, "body.reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := c.In(t).Post(patient, "consultations", []byte(one.body)).Want(one.status, one.slug)
			if strings.Contains(string(a.Body), secret[:9]) || strings.Contains(string(a.Body), "json:") ||
				strings.Contains(string(a.Body), "Go ") || len(a.Body) > 20_000 {
				t.Errorf("the answer repeats a value, or is too long: %.300s", a.Body)
			}
			if one.at != "" && !strings.Contains(string(a.Body), `"location":"`+one.at+`"`) {
				t.Errorf("no fault at %s: %.300s", one.at, a.Body)
			}
		})
	}
}

func TestManyFaultsGiveShortAnswer(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	var body strings.Builder
	body.WriteString(`{"reason": "Cough"`)
	for i := range 60 {
		fmt.Fprintf(&body, `, "f%d": 1`, i)
	}
	body.WriteString("}")
	// The bodies have as many faults as fit into the operation's size limit.
	for path, text := range map[string]string{"consultations": body.String(),
		"consultations?x=1": `{"a": 1` + strings.Repeat(`, "a": 1`, 60) + `}`} {
		a := c.Post(c.Patient(), path, []byte(text)).Want(422, "validation-failed")
		faults, _ := a.At("errors").([]any)
		if len(faults) == 0 || len(faults) > httpapi.MaxFaults {
			t.Errorf("%d faults are listed", len(faults))
		}
	}
}

// TestBodySizes tests that every operation limits the size of its body. It fails for an operation whose schema has a
// text or a list without a limit.
func TestBodySizes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for id, size := range c.App.API.BodySizes() {
		most := int64(256 << 10)
		if id == "write-prescription" { // fifty medicines, each with instructions
			most = 1 << 20
		}
		if size.IsUnbounded() || size.Bytes() > most || size.Values() > 2000 {
			t.Errorf("%s takes %d bytes and %d values (unbounded: %v)", id, size.Bytes(), size.Values(),
				size.IsUnbounded())
		}
	}
	body := []byte(`{"email": "asha@example.org"` + strings.Repeat(" ", 16<<10) + `}`)
	c.Post(apptest.User{}, "auth/resend-verification", body).Want(413, "body-too-large")
	c.Post(apptest.User{}, "auth/resend-verification", body[:4<<10]).Want(400, "malformed-request")
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for kind, status := range map[string]int{
		"application/json": 202, "application/json; charset=utf-8": 202, "APPLICATION/JSON;charset=UTF-8": 202,
		"":                             202,
		"application/merge-patch+json": 202, "application/json; charset=utf-16": 415, "text/json": 415,
		"text/plain": 415, "application/x-www-form-urlencoded": 415, "application/cbor": 415,
		"multipart/form-data": 415, "json": 415, "application/json; charset": 415,
	} {
		c.Do(apptest.User{}, "POST", "auth/resend-verification", []byte(`{"email": "asha@example.org"}`),
			"Content-Type", kind).Want(status)
	}
	for encoding, status := range map[string]int{"identity": 202, "Identity": 202, "gzip": 415, "identity, gzip": 415,
		"br": 415, "x": 415} {
		c.Do(apptest.User{}, "POST", "auth/resend-verification", []byte(`{"email": "asha@example.org"}`),
			"Content-Encoding", encoding).Want(status)
	}
	// Whatever is asked for, the answer is JSON.
	for _, accept := range []string{"application/cbor", "text/html", "*/*", "application/xml;q=1", "gar\"bage"} {
		a := c.Do(c.Patient(), "GET", "users/me", nil, "Accept", accept).Want(200)
		if got := a.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Accept %s gets %s", accept, got)
		}
		if got := c.Do(apptest.User{}, "GET", "doctors?limit=0", nil, "Accept", accept).Want(422).
			Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("Accept %s gets %s", accept, got)
		}
	}
}
