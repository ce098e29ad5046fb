package doctor_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"amrutam/internal/apptest"
)

// foundDoctor is a doctor as the search should see them.
type foundDoctor struct {
	id             string
	text           string
	specialization string
	languages      []string
	fee, rating    float64
	score          int // in ten thousandths, as the ADR says
	experience     int
	free           []time.Time
}

// readFindable returns the doctors that patients can find, by a simple statement.
func readFindable(t *testing.T, c *apptest.Clinic) (all []foundDoctor) {
	t.Helper()
	rows, err := c.DB.Pool.Query(context.Background(), `SELECT d.id::text, concat_ws(' ', p.full_name,
		d.specialization, d.clinic_name, d.bio, array_to_string(d.languages_spoken, ' ')), d.specialization,
		d.languages_spoken, d.consultation_fee::float8, d.rating::float8,
		d.rating_count, d.rating_sum, d.years_of_experience,
		ARRAY(SELECT start_time FROM availability_slots s WHERE s.doctor_id = d.id AND status = 'AVAILABLE'
		AND start_time > $1 ORDER BY 1)
		FROM doctors d JOIN users u ON u.id = d.id JOIN profiles p ON p.user_id = d.id
		WHERE is_approved AND deleted_at IS NULL AND disabled_at IS NULL`, c.DB.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var k foundDoctor
		var count, sum int
		if err := rows.Scan(&k.id, &k.text, &k.specialization, &k.languages, &k.fee, &k.rating, &count, &sum,
			&k.experience, &k.free); err != nil {
			t.Fatal(err)
		}
		k.score = (2*10_000*(sum+4*10) + count + 10) / (2 * (count + 10)) // rounded
		all = append(all, k)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return all
}

// first free slot at or after from and before to.
func (k foundDoctor) first(v url.Values) (time.Time, bool) {
	for _, at := range k.free {
		from, _ := time.Parse(time.RFC3339, v.Get("availableFrom"))
		to, err := time.Parse(time.RFC3339, v.Get("availableTo"))
		if !at.Before(from) && (err != nil || at.Before(to)) {
			return at, true
		}
	}
	return time.Time{}, false
}

func (k foundDoctor) passes(v url.Values) bool {
	number := func(name string) float64 { n, _ := strconv.ParseFloat(v.Get(name), 64); return n }
	words := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s),
			func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	for _, word := range words(v.Get("q")) {
		if !slices.ContainsFunc(words(k.text), func(w string) bool { return strings.HasPrefix(w, word) }) {
			return false
		}
	}
	_, free := k.first(v)
	needsSlot := v.Has("availableFrom") || v.Has("availableTo") || v.Get("sort") == "earliest"
	return (!v.Has("specialization") || strings.EqualFold(k.specialization, v.Get("specialization"))) &&
		(!v.Has("language") || slices.Contains(k.languages, strings.ToLower(v.Get("language")))) &&
		k.fee >= number("minFee") && (!v.Has("maxFee") || k.fee <= number("maxFee")) &&
		k.rating >= number("minRating") && float64(k.experience) >= number("minExperience") && (free || !needsSlot)
}

// expected are the ids a search should list, in its order.
func expected(all []foundDoctor, v url.Values) []string {
	found := slices.DeleteFunc(slices.Clone(all), func(k foundDoctor) bool { return !k.passes(v) })
	slices.SortFunc(found, func(a, b foundDoctor) int {
		switch v.Get("sort") {
		case "fee":
			return cmp.Or(cmp.Compare(a.fee, b.fee), cmp.Compare(a.id, b.id))
		case "experience":
			return -cmp.Or(cmp.Compare(a.experience, b.experience), cmp.Compare(a.id, b.id))
		case "earliest":
			x, _ := a.first(v)
			y, _ := b.first(v)
			return cmp.Or(x.Compare(y), cmp.Compare(a.id, b.id))
		}
		return -cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.id, b.id))
	})
	ids := make([]string, len(found))
	for i, k := range found {
		ids[i] = k.id
	}
	return ids
}

// listAll reads a search page by page.
func listAll(t *testing.T, c *apptest.Clinic, v url.Values, limit int) (items []map[string]any) {
	t.Helper()
	cursor := ""
	for {
		a := c.Get(anonymous, "doctors?limit="+strconv.Itoa(limit)+"&cursor="+cursor+"&"+v.Encode()).Want(200)
		page := a.Items()
		items = append(items, page...)
		if cursor = a.Text("nextCursor"); cursor == "" {
			return items
		}
		if len(page) != limit {
			t.Fatalf("a page of %d with a next one", len(page))
		}
	}
}

// openSeeded opens a clinic with doctors, some of whom must not be found. No slot starts within its first minutes.
func openSeeded(t *testing.T) (*apptest.Clinic, []foundDoctor) {
	t.Helper()
	c := apptest.Open(t)
	seed(t, c, 150, 6)
	c.Exec("UPDATE users SET disabled_at = now() WHERE email LIKE '%7@example.org'")
	c.Exec("UPDATE users SET deleted_at = now() WHERE email LIKE '%3@example.org'")
	c.Exec("DELETE FROM availability_slots s USING users u WHERE u.id = s.doctor_id AND u.email LIKE " +
		"'%1@example.org'")
	hour := c.DB.Now().Truncate(time.Hour).Add(time.Hour + time.Minute)
	c.Clock.Advance(hour.Sub(c.DB.Now()))
	return c, readFindable(t, c)
}

func checkSearch(t *testing.T, c *apptest.Clinic, all []foundDoctor, v url.Values, limit int) {
	t.Helper()
	var got []string
	for _, item := range listAll(t, c, v, limit) {
		got = append(got, fmt.Sprint(item["id"]))
		k := all[slices.IndexFunc(all, func(k foundDoctor) bool { return k.id == item["id"] })]
		shown := ""
		if slot, ok := item["nextFreeSlot"].(map[string]any); ok {
			shown = fmt.Sprint(slot["startTime"])
		}
		if at, free := k.first(v); free != (shown != "") || free && at.UTC().Format(time.RFC3339) != shown {
			t.Errorf("%s: shows the slot %q, want %v", v.Encode(), shown, at)
		}
	}
	if want := expected(all, v); !slices.Equal(got, want) {
		t.Errorf("%s by %d: %d doctors, want %d:\n%v\n%v", v.Encode(), limit, len(got), len(want), got, want)
	}
}

func TestSearchOrders(t *testing.T) {
	t.Parallel()
	c, all := openSeeded(t)
	if n := len(expected(all, url.Values{})); n < 100 {
		t.Fatalf("only %d doctors", n)
	}
	for _, sort := range []string{"rating", "fee", "experience", "earliest"} {
		for _, limit := range []int{1, 7, 100} {
			checkSearch(t, c, all, url.Values{"sort": {sort}}, limit)
		}
	}
	checkSearch(t, c, all, url.Values{}, 20)
}

func TestSearchFilters(t *testing.T) {
	t.Parallel()
	c, all := openSeeded(t)
	at := func(hours int) string { return c.DB.Now().Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
	choices := map[string][]string{
		"specialization": {"panchakarma", "SHALYA TANTRA", "Rasayana", "none"}, "language": {"hi", "EN", "ta", "fr"},
		"minFee": {"300", "450.50", "0"}, "maxFee": {"900", "1200.00", "0"}, "minRating": {"3", "4.1", "5"},
		"minExperience": {"5", "20"}, "q": {"asha", "nai koch", "MEERA", "clinic 12", "dr. rao!", "sleep & ski", "zzz",
			"(dr", "hi"}, "availableFrom": {at(1), at(30), at(200), at(9000)},
		"availableTo": {at(9001), at(340), at(201)},
	}
	for name, values := range choices {
		for _, value := range values {
			checkSearch(t, c, all, url.Values{name: {value}}, 20)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		v := url.Values{"sort": {[]string{"rating", "fee", "experience", "earliest"}[random.IntN(4)]}}
		for name, values := range choices {
			if random.IntN(4) == 0 {
				v.Set(name, values[random.IntN(len(values))])
			}
		}
		if v.Get("availableFrom") >= v.Get("availableTo") && v.Has("availableTo") || v.Get("maxFee") == "0" {
			continue
		}
		checkSearch(t, c, all, v, 1+random.IntN(20))
	}
}

func TestSearchText(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("100.00")
	c.Exec("UPDATE profiles SET full_name = 'Dr.Ünal O''Brien-Śarmā वैद्य' WHERE user_id = $1", doctor.ID)
	setRow(t, c, doctor.ID, "bio = $2, clinic_name = 'Café/Kochi'",
		`Skin&joints: 24x7 <b>care</b>, ask@clinic.example or https://clinic.example/book`)
	finds := func(q string) bool {
		return len(c.Get(anonymous, "doctors?q="+url.QueryEscape(q)).Want(200).Items()) == 1
	}
	for _, q := range []string{"", "  ", "dr", "Dr.", "ün", "brien", "O'Brien", "ŚARM", "वै", "वैद्य", "joint skin",
		"24x7", "24", "care", "ask@clinic", "clinic.example/book",
		"kochi café", "kochi cafe", "CAFÉ", "sarma", "Śarmā", "şarmã", "unal", "Ünāl", "ＵＮＡＬ", "en", "panchakarma hi",
		"dr & !brien", "dr | brien", "'dr':*", "dr:*", "<b>care", "\\dr", "dr\tcare\n", "(care", "care)",
		"cafe\u0301"} {
		if !finds(q) {
			t.Errorf("%q doesn't find the doctor", q)
		}
	}
	for _, q := range []string{"rien", "d r", "wünal", "वैद्या", "विद्य", "zebra", "care zebra", "!!!", "'", "\\",
		"&|!()<->:*", "—", "🙂", strings.Repeat("x", 200), strings.Repeat("<", 200), strings.Repeat("' ", 100),
		"''''"} {
		if finds(q) {
			t.Errorf("%q finds the doctor", q)
		}
	}
	c.Get(anonymous, "doctors?q="+strings.Repeat("x", 201)).Want(422)
	c.Get(anonymous, "doctors?q=%00").Want(400)
	c.Get(anonymous, "doctors?q=%E2%80%8B").Want(422)
	c.Get(anonymous, "doctors?q=%ff").Want(400)

	c.Exec("UPDATE profiles SET full_name = 'Zarina' WHERE user_id = $1", doctor.ID)
	if !finds("zari") || finds("brien") {
		t.Error("the search doesn't follow a new name")
	}
}

func TestSearchRefusesInvalidQuery(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Doctor("1.00")
	c.Doctor("2.00")
	cursor := c.Get(anonymous, "doctors?limit=1&sort=fee").Want(200).Text("nextCursor")
	forged := []byte(cursor)
	forged[3] ^= 1
	for _, wrong := range []string{
		"cursor=" + cursor, "cursor=" + cursor + "&sort=experience", "cursor=" + string(forged) + "&sort=fee",
		"cursor=" + cursor[:20] + "&sort=fee", "cursor=x&sort=fee",
		"sort=name", "limit=0", "limit=101", "minFee=-1", "maxFee=1.005", "minFee=x", "minFee=5&maxFee=4",
		"minRating=6", "minRating=NaN", "minExperience=-1", "availableFrom=tomorrow",
		"availableFrom=2027-01-02T00:00:00Z&availableTo=2027-01-01T00:00:00Z", "fee=5",
		"specialization=a&specialization=b",
	} {
		if a := c.Get(anonymous, "doctors?"+wrong); a.Status != 422 {
			t.Errorf("%s: status %d: %s", wrong, a.Status, a.Body)
		}
	}
	c.Get(anonymous, "doctors?sort=fee&limit=1&cursor="+cursor).Want(200)
}

// The walk by the earliest slot looks at a bounded number of slots: past them every doctor is asked.
func TestSearchEarliestBeyondWalkLimit(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	busy, late := c.Doctor("1.00"), c.Doctor("1.00")
	c.Exec(`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, created_at, updated_at)
		SELECT gen_random_uuid(), $1, at, at + interval '10 minutes', now(), now() FROM generate_series(1, 1500) k
			CROSS JOIN LATERAL (SELECT now() + k * interval '10 minutes' AS at) t`, busy.ID)
	c.Slot(late, 400*time.Hour, 1)
	items := listAll(t, c, url.Values{"sort": {"earliest"}}, 1)
	if len(items) != 2 || items[0]["id"] != busy.ID.String() || items[1]["id"] != late.ID.String() {
		t.Errorf("found %v", items)
	}
}
