package analytics_test

import (
	"context"
	"encoding/csv"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

var paths = []string{"summary", "consultations-per-day", "conversion-rate", "no-show-rate", "doctor-utilization",
	"top-specializations", "repeat-patients"}

// complete stores a completed consultation of a patient in a slot of its own.
func complete(c *apptest.Clinic, doctor, patient apptest.User, at time.Time) {
	slot := uuid.New()
	c.Exec(`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $3, $3)`, slot, doctor.ID, at, at.Add(15*time.Minute))
	c.Exec(`INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee,
			currency, scheduled_start, scheduled_end, started_at, ended_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'COMPLETED', '\x00', 'PAID', 0, 'INR', $5, $6, $5, $6, $5, $6)`,
		uuid.Must(uuid.NewV7()), patient.ID, doctor.ID, slot, at, at.Add(15*time.Minute))
}

func catchUp(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	if err := c.App.Rollups.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// specialist creates a doctor of a field.
func specialist(c *apptest.Clinic, field string) apptest.User {
	doctor := c.Doctor("0.00")
	c.Exec("UPDATE doctors SET specialization = $2 WHERE id = $1", doctor.ID, field)
	return doctor
}

func itemCounts(a *apptest.Answer, at ...string) map[string]float64 {
	counts := map[string]float64{}
	items, _ := a.At(append(at, "items")...).([]any)
	for _, item := range items {
		fields, _ := item.(object)
		name, _ := fields["specialization"].(string)
		counts[name], _ = fields["consultations"].(float64)
	}
	return counts
}

// On the first day a group has three patients. Alone in OTHER they could be found by subtraction, so the next group
// is folded too. On the second day OTHER has five patients.
func TestSmallGroupsAreFolded(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	a, b, d := specialist(c, "Panchakarma"), specialist(c, "Rasayana"), specialist(c, "Shalya Tantra")
	day := c.Clock.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	var patients []apptest.User
	for range 9 {
		patients = append(patients, c.Patient())
	}
	add := func(day time.Time, doctor apptest.User, patients ...apptest.User) {
		for i, p := range patients {
			complete(c, doctor, p, day.Add(time.Duration(i)*20*time.Minute+6*time.Hour))
		}
	}
	add(day, a, patients[:9]...)
	add(day, b, patients[:5]...)
	add(day.Add(6*time.Hour), d, patients[5], patients[6], patients[7])
	add(day.AddDate(0, 0, 1), a, patients[:5]...)
	add(day.AddDate(0, 0, 1), b, patients[5], patients[6], patients[5])
	add(day.AddDate(0, 0, 1).Add(6*time.Hour), d, patients[7], patients[8], patients[7])
	catchUp(t, c)
	first, second := date(day), date(day.AddDate(0, 0, 1))
	read := func(from, to, zone string) *apptest.Answer {
		return c.Get(admin, "admin/analytics/top-specializations?from="+from+"&to="+to+"&timezone="+zone).Want(200)
	}
	for _, want := range []struct {
		from, to string
		counts   map[string]float64
	}{
		{first, first, map[string]float64{"OTHER": 17}},
		{second, second, map[string]float64{"OTHER": 11}},
	} {
		// Each patient counts in the group of the first consultation of the day: on the first day the nine of a.
		for _, zone := range []string{"UTC", "Asia/Kolkata", "America/New_York"} {
			if got := itemCounts(read(want.from, want.to, zone)); !reflect.DeepEqual(got, want.counts) {
				t.Errorf("%s to %s in %s: %v, want %v", want.from, want.to, zone, got, want.counts)
			}
		}
	}
}

func TestLargeGroupsAreShown(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	doctors := []apptest.User{specialist(c, "Panchakarma"), specialist(c, "=cmd|' /C calc'!A0"),
		specialist(c, "Rasayana"), specialist(c, "Agada Tantra")}
	day := c.Clock.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	for i, n := range []int{7, 6, 2, 3} {
		for j := range n {
			complete(c, doctors[i], c.Patient(), day.Add(time.Duration(j)*20*time.Minute+6*time.Hour))
		}
	}
	catchUp(t, c)
	path := "admin/analytics/top-specializations?from=" + date(day) + "&to=" + date(day.AddDate(0, 0, 1))
	want := map[string]float64{"Panchakarma": 7, "=cmd|' /C calc'!A0": 6, "OTHER": 5}
	a := c.Get(admin, path).Want(200)
	if got := itemCounts(a); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	wantAt(t, a, 18.0, "total")
	limited := map[string]float64{"Panchakarma": 7, "OTHER": 11}
	if got := itemCounts(c.Get(admin, path+"&limit=1").Want(200)); !reflect.DeepEqual(got, limited) {
		t.Errorf("%v, want %v", got, limited)
	}
	// The field of a doctor counts as it is now.
	c.Exec("UPDATE doctors SET specialization = 'panchakarma' WHERE id = $1", doctors[1].ID)
	catchUp(t, c)
	want = map[string]float64{"Panchakarma": 13, "OTHER": 5}
	if got := itemCounts(c.Get(admin, path).Want(200)); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	next := date(day.AddDate(0, 0, 2))
	previous := c.Get(admin, "admin/analytics/top-specializations?compare=previous&from="+next+"&to="+
		date(day.AddDate(0, 0, 3))).Want(200)
	if got := itemCounts(previous, "previous"); !reflect.DeepEqual(got, want) {
		t.Errorf("the period before: %v, want %v", got, want)
	}
}

// A patient's first completed consultation may turn out not to be the first one.
func TestVisitsFollowEarlierOnes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, doctor, before := c.Admin(), specialist(c, "Rasayana"), specialist(c, "Rasayana")
	day := c.Clock.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	var patients []apptest.User
	for i := range 10 {
		patients = append(patients, c.Patient())
		complete(c, doctor, patients[i], day.Add(time.Duration(i)*20*time.Minute))
	}
	read := func() *apptest.Answer {
		catchUp(t, c)
		return c.Get(admin, "admin/analytics/repeat-patients?from="+date(day)+"&to="+date(day)).Want(200)
	}
	a := read()
	wantAt(t, a, 10.0, "first")
	wantAt(t, a, nil, "later")
	wantAt(t, a, 0.0, "repeatRate")
	for i := range 4 {
		complete(c, before, patients[i], day.AddDate(0, 0, -40).Add(time.Duration(i)*20*time.Minute))
	}
	a = read()
	wantAt(t, a, nil, "first") // four returning ones are too few, and the six others would tell of them
	wantAt(t, a, 10.0, "folded")
	wantAt(t, a, nil, "repeatRate")
	complete(c, before, patients[4], day.AddDate(0, 0, -39))
	a = read()
	wantAt(t, a, 5.0, "first")
	wantAt(t, a, 5.0, "later")
	wantAt(t, a, 0.5, "repeatRate")
}

func TestCSV(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, doctor := c.Admin(), specialist(c, "@SUM(A1:A9)")
	day := nextMorning(c)
	createSlot(c, doctor, day.Add(20*time.Hour), 2)
	catchUp(t, c)
	period := "?timezone=Asia/Kolkata&compare=previous&from=" + date(day) + "&to=" + date(day.AddDate(0, 0, 1))
	read := func(path string, headers ...string) [][]string {
		a := c.Do(admin, "GET", "admin/analytics/"+path, nil, headers...).Want(200)
		if got := a.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
			t.Fatalf("%s: content type %s: %s", path, got, a.Body)
		}
		if got := a.Header.Get("Content-Disposition"); !strings.HasSuffix(got, `.csv"`) {
			t.Errorf("%s: %s", path, got)
		}
		rows, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return rows
	}
	for _, path := range append(paths, "time-to-first-free-slot") {
		query := period
		if path == "time-to-first-free-slot" {
			query = "?"
		}
		byParameter := read(path + query + "&format=csv")
		byHeader := read(path+query, "Accept", "text/csv, application/json;q=0.5")
		if len(byParameter) != len(byHeader) || len(byParameter) == 0 {
			t.Errorf("%s: %v and %v", path, byParameter, byHeader)
		}
		a := c.Do(admin, "GET", "admin/analytics/"+path+query+"&format=json", nil, "Accept", "text/csv").Want(200)
		if got := a.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: content type %s", path, got)
		}
	}
	rows := read("doctor-utilization" + period + "&format=csv")
	want := []string{date(day), date(day.AddDate(0, 0, 1)), "Asia/Kolkata", doctor.ID.String(), "'@SUM(A1:A9)",
		"60", "0", "0", "", c.Get(admin, "doctors/"+doctor.ID.String()).Want(200).Text("fullName")}
	if len(rows) != 2 || !reflect.DeepEqual(rows[1], want) {
		t.Errorf("%v, want %v", rows, want)
	}
	if rows := read("consultations-per-day" + period + "&format=csv"); len(rows) != 5 {
		t.Errorf("%d rows of two days and the two before: %v", len(rows), rows)
	}
}

func TestPreviousPeriod(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	day := nextMorning(c)
	admin, doctor := c.Admin(), c.Doctor("0.00")
	createSlot(c, doctor, day.Add(12*time.Hour), 1)
	createSlot(c, doctor, day.Add(36*time.Hour), 4)
	catchUp(t, c)
	on := date(day.AddDate(0, 0, 1))
	for path, at := range map[string][2][]string{
		"summary":            {{"slots", "seatsOffered"}, {"previous", "slots", "seatsOffered"}},
		"conversion-rate":    {{"listed"}, {"previous", "listed"}},
		"doctor-utilization": {{"offeredMinutes"}, {"previous", "offeredMinutes"}},
	} {
		a := c.Get(admin, "admin/analytics/"+path+"?compare=previous&from="+on+"&to="+on).Want(200)
		unit := 1.0
		if path == "doctor-utilization" {
			unit = 30
		}
		wantAt(t, a, 4*unit, at[0]...)
		wantAt(t, a, unit, at[1]...)
		wantAt(t, a, date(day), "previous", "from")
	}
	for _, path := range paths {
		c.Get(admin, "admin/analytics/"+path+"?compare=previous&from=0001-01-01&to=0001-12-31").Want(200)
		c.Get(admin, "admin/analytics/"+path+"?from=9999-01-01&to=9999-12-31&timezone=Pacific/Kiritimati").Want(200)
		c.Get(admin, "admin/analytics/"+path+"?compare=next").Want(422, "validation-failed")
		c.Get(admin, "admin/analytics/"+path+"?format=xml").Want(422, "validation-failed")
		c.Get(admin, "admin/analytics/"+path+"?from=1926-01-01&to=2026-01-01").Want(422, "validation-failed")
		c.Get(admin, "admin/analytics/"+path+"?timezone=Asia/Atlantis").Want(422, "validation-failed")
	}
}

func TestTimeToFirstFreeSlot(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Clock.Freeze()
	admin := c.Admin()
	soon, later, never, other := specialist(c, "Rasayana"), specialist(c, "rasayana"), specialist(c, "Rasayana"),
		specialist(c, "Panchakarma")
	c.Slot(soon, 2*time.Hour, 1)
	c.Slot(later, 5*time.Hour, 1)
	c.Slot(later, 9*time.Hour, 1)
	c.Book(c.Patient(), c.Slot(never, time.Hour, 1))
	c.Slot(other, 24*time.Hour, 2)
	a := c.Get(admin, "admin/analytics/time-to-first-free-slot").Want(200)
	seconds := func(hours float64) func(any) bool {
		return func(got any) bool { n, ok := got.(float64); return ok && n <= hours*3600 && n >= hours*3600-2 }
	}
	wantAt(t, a, 4.0, "all", "doctors")
	wantAt(t, a, 1.0, "all", "fullyBooked")
	items := a.Items()
	if len(items) != 2 || items[0]["specialization"] != "Rasayana" || items[0]["doctors"] != 3.0 {
		t.Fatalf("%s", a.Body)
	}
	for i, want := range [][2]float64{{2, 2}, {24, 24}} {
		item := items[i]
		if !seconds(want[0])(item["firstSeconds"]) || !seconds(want[1])(item["medianSeconds"]) {
			t.Errorf("%v, want %v hours", item, want)
		}
	}
}

// Rollups that were damaged are counted anew.
func TestRepair(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	day := nextMorning(c)
	admin, doctor := c.Admin(), c.Doctor("0.00")
	createSlot(c, doctor, day.Add(12*time.Hour), 4)
	catchUp(t, c)
	listed := func() any {
		return c.Get(admin, "admin/analytics/conversion-rate?from="+date(day)+"&to="+date(day)).Want(200).At("listed")
	}
	c.Exec("DELETE FROM rollups")
	c.Exec("DELETE FROM rollup_doctor_days")
	c.Exec("UPDATE rollup_doctor_months SET offered = 1")
	if got := listed(); got != 0.0 {
		t.Errorf("%v seats are listed without rollups", got)
	}
	midnight := day.UTC().Truncate(24 * time.Hour)
	days := 0
	err := c.App.Rollups.Repair(context.Background(), midnight.AddDate(0, 0, -1), midnight.AddDate(0, 0, 1),
		func(time.Time) { days++ })
	if err != nil || days != 3 {
		t.Errorf("%d days, error %v", days, err)
	}
	if got := listed(); got != 4.0 {
		t.Errorf("%v seats are listed, want 4", got)
	}
	usage := c.Get(admin, "admin/analytics/doctor-utilization?from="+date(day.AddDate(0, -1, 0))+"&to="+
		date(day.AddDate(0, 2, 0))).Want(200)
	wantAt(t, usage, 120.0, "offeredMinutes")
	name := c.Get(admin, "doctors/"+doctor.ID.String()).Want(200).At("fullName")
	if usage.Items()[0]["doctorName"] != name {
		t.Errorf("the doctor is %v", usage.Items()[0])
	}
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'rollup.repair'"); n != 1 {
		t.Errorf("%d audit rows of the repair", n)
	}
}

// A run of the job ends though days keep changing: these are left to the next one.
func TestCatchUpEnds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Exec(`CREATE FUNCTION change_again() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN INSERT INTO rollup_changes (source, at) VALUES ('day', OLD.at); RETURN NULL; END $$`)
	c.Exec(`CREATE TRIGGER change_again AFTER DELETE ON rollup_changes FOR EACH ROW WHEN (OLD.source = 'day')
		EXECUTE FUNCTION change_again()`)
	c.Exec(`INSERT INTO rollup_changes (source, at)
		SELECT 'day', now() + n * interval '1 day' FROM generate_series(1, 3) n`)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.App.Rollups.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if n := c.Count("SELECT count(*) FROM rollup_changes WHERE source = 'day'"); n < 3 {
		t.Errorf("%d days wait, want 3", n)
	}
}
