package doctor_test

import (
	"fmt"
	"net/url"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// TestSearchIgnoresMarksAndCase checks that marks, case and forms make no difference in Latin script, and that vowel
// signs and most nuktas do in Devanagari.
func TestSearchIgnoresMarksAndCase(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("100.00")
	for _, one := range []struct {
		name  string
		finds []string
		not   []string
	}{
		{"Jürgen Müller", []string{"muller", "MÜLLER", "mu\u0308ller", "müll", "jurgen"},
			[]string{"mueller", "miller"}},
		{"Ācārya Śrī Kṛṣṇa", []string{"acarya", "ĀCĀRYA", "sri krsna", "acar", "S\u0301r\u0131"}, []string{"acharya"}},
		{"Jurgen Muller", []string{"Müller", "Jürgen", "Mūḷḷer"}, nil},
		{"Øystein Łukasz Strauß Æsa Đorđe", []string{"oystein", "lukasz", "strauss", "STRAUẞ", "aesa", "dorde",
			"Öystein"}, nil}, {"İlker Işık", []string{"ilker", "isik", "ışık", "IŞIK"}, nil},
		{"ﬁona ＡＳＨＡ", []string{"fiona", "asha"}, nil},
		{"वैद्य पढ़ाई फ़ैज़ चाँद", []string{"वैद्य", "वै", "पढ़ाई", "पढ\u093cाई", "फैज", "फ़ैज़", "फ\u093cैज\u093c",
			"चांद", "चाँद", "वैद्\u200dय"}, []string{"विद्य", "वद्य", "पढाई", "फज", "चद"}},
		{"Чайковский", []string{"чайковский", "ЧАЙ"}, []string{"чаи"}},
	} {
		c.Exec("UPDATE profiles SET full_name = $2 WHERE user_id = $1", doctor.ID, one.name)
		finds := func(q string) bool {
			return len(c.Get(anonymous, "doctors?q="+url.QueryEscape(q)).Want(200).Items()) == 1
		}
		for _, q := range one.finds {
			if !finds(q) {
				t.Errorf("%q doesn't find %s", q, one.name)
			}
		}
		for _, q := range one.not {
			if finds(q) {
				t.Errorf("%q finds %s", q, one.name)
			}
		}
	}
	setRow(t, c, doctor.ID, "specialization = 'Pañcakarma'")
	if len(c.Get(anonymous, "doctors?specialization=PANCAKARMA").Want(200).Items()) != 1 {
		t.Error("a specialization isn't found without its marks")
	}
}

// TestSearchComparesFeesOfOneCurrency are compared with each other, and never with those of another one.
func TestSearchComparesFeesOfOneCurrency(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	rupees, dear, dollars := c.Doctor("400.00").ID, c.Doctor("900.00").ID, c.Doctor("50.00").ID
	setRow(t, c, dollars, "currency = 'USD'")
	for query, want := range map[string][]any{
		"sort=fee":                           {rupees, dear},
		"sort=fee&currency=INR":              {rupees, dear},
		"sort=fee&currency=USD":              {dollars},
		"maxFee=500":                         {rupees},
		"minFee=40&sort=fee&currency=USD":    {dollars},
		"minFee=500":                         {dear},
		"currency=USD":                       {dollars},
		"currency=EUR":                       {},
		"sort=experience&currency=USD":       {dollars},
		"sort=fee&maxFee=50.00&currency=USD": {dollars},
	} {
		got := []any{}
		for _, item := range c.Get(anonymous, "doctors?"+query).Want(200).Items() {
			got = append(got, item["id"])
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s finds %v, want %v", query, got, want)
		}
	}
	c.Get(anonymous, "doctors?currency=inr").Want(422)
	next := c.Get(anonymous, "doctors?sort=fee&limit=1").Want(200).Text("nextCursor")
	c.Get(anonymous, "doctors?sort=fee&limit=1&currency=USD&cursor="+next).Want(422)
	c.Get(anonymous, "doctors?sort=fee&limit=1&currency=INR&cursor="+next).Want(200)
}

// TestDefaultCurrency is that of fees that name none.
func TestDefaultCurrency(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.Currency = "EUR" })
	doctor := c.Doctor("100.00")
	c.Exec("DELETE FROM doctors WHERE id = $1", doctor.ID)
	application := map[string]any{"specialization": "Rasayana", "yearsOfExperience": 3,
		"registrationNumber": "AYU-EUR-1", "consultationFee": "30.00", "languagesSpoken": []string{"en"}}
	if got := c.Post(doctor, "doctors", application).Want(201).Text("currency"); got != "EUR" {
		t.Errorf("the currency is %s", got)
	}
	c.Exec("UPDATE doctors SET is_approved = true")
	c.Doctor("20.00") // in INR
	if items := c.Get(anonymous, "doctors?sort=fee").Want(200).Items(); len(items) != 1 ||
		items[0]["id"] != doctor.ID.String() {
		t.Errorf("found %v", items)
	}
}

func TestFacets(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if got := string(c.Get(anonymous, "doctors/facets").Want(200).
		Body); got != `{"specializations":[],"languages":[],"currencies":[]}` {
		t.Errorf("without doctors: %s", got)
	}
	for i, set := range []string{"specialization = 'Pañcakarma'", "languages_spoken = '{en,ta}'",
		"currency = 'USD', specialization = 'Rasayana'",
		"is_approved = false, currency = 'EUR'", "currency = 'GBP'", "currency = 'CHF'"} {
		doctor := c.Doctor("100.00")
		setRow(t, c, doctor.ID, set)
		switch i {
		case 4:
			c.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", doctor.ID)
		case 5:
			c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", doctor.ID)
		}
	}
	c.Exec("UPDATE doctors SET specialization = 'panchakarma' WHERE specialization = 'Panchakarma'")
	want := `{"specializations":[{"value":"Pañcakarma","count":1},{"value":"Rasayana","count":1},` +
		`{"value":"panchakarma","count":1}],` +
		`"languages":[{"value":"en","count":3},{"value":"hi","count":2},{"value":"ta","count":1}],` +
		`"currencies":[{"value":"INR","count":2},{"value":"USD","count":1}]}`
	if got := string(c.Get(anonymous, "doctors/facets").Want(200).Body); got != want {
		t.Errorf("facets: %s, want %s", got, want)
	}
	for _, facet := range []string{"specialization=PANCHAKARMA", "language=ta", "currency=USD"} {
		if len(c.Get(anonymous, "doctors?"+facet).Want(200).Items()) != 1 {
			t.Errorf("%s finds not one", facet)
		}
	}
}
