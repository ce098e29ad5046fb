package consultation_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"amrutam/internal/apptest"
	"amrutam/internal/consultation"
	"amrutam/internal/testdb"
)

const year = 365 * 24 * time.Hour

// archive moves everything that was over a year ago, and returns how many consultations that was.
func archive(t *testing.T, c *apptest.Clinic) int {
	t.Helper()
	run := consultation.ArchiveRun{DB: c.DB, Before: c.DB.Now().Add(-year)}
	sum, err := run.Archive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sum.Consultations
}

// past has consultations that were over more than a year ago.
type past struct {
	*apptest.Clinic
	doctor, patient                     apptest.User
	completed, cancelled, unpaid        string
	prescription                        string
	completedReference, unpaidReference string
}

// openPast has a completed consultation with a prescription, one that its patient cancelled in time, and one that was
// never paid, calls prepare, and advances the clock by 400 days.
func openPast(t *testing.T, prepare ...func(past)) past {
	t.Helper()
	c := apptest.Open(t)
	p := past{Clinic: c, doctor: c.Doctor(fee), patient: c.Patient()}
	p.unpaid = c.Book(p.patient, c.Slot(p.doctor, 6*time.Hour, 1))
	p.unpaidReference = c.Initiate(p.patient, p.unpaid)
	p.cancelled, _ = c.BookAndPay(p.patient, c.Slot(p.doctor, 5*time.Hour, 1), fee)
	cancel(c, p.patient, p.cancelled, "I am travelling").Want(200)
	waitForRefund(t, c, p.cancelled, fee)
	slot := c.Slot(p.doctor, time.Hour, 1)
	p.completed, p.completedReference = c.BookAndPay(p.patient, slot, fee)
	c.Clock.Advance(time.Hour)
	updateStatus(c, p.doctor, p.completed, "IN_PROGRESS").Want(200)
	c.Patch(p.doctor, "consultations/"+p.completed+"/status",
		object{"status": "COMPLETED", "notes": "Advised rest"}).Want(200)
	p.prescription = c.Post(p.doctor, "prescriptions", object{"consultationId": p.completed, "medications": []object{
		{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day"}}}).Want(201).Text("id")
	c.Post(p.patient, "consultations/"+p.completed+"/review", object{"rating": 5}).Want(201)
	eventually(t, "ended", func() bool {
		return c.Get(p.patient, "consultations/"+p.unpaid).Want(200).Text("status") == "CANCELLED"
	})
	for _, f := range prepare {
		f(p)
	}
	c.Clock.Advance(400 * 24 * time.Hour)
	return p
}

// wantSame fails the test unless an answer is the same as before the archive, but for archived.
func wantSame(t *testing.T, before, after map[string]any) {
	t.Helper()
	path := fmt.Sprint(before["id"])
	if before["archived"] != false || after["archived"] != true {
		t.Errorf("%s: archived was %v and is %v", path, before["archived"], after["archived"])
	}
	before = maps.Clone(before)
	before["archived"] = true
	for name, want := range before {
		if got := after[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s was %v and is %v", path, name, want, got)
		}
	}
}

func TestArchivedAnswersAreTheSame(t *testing.T) {
	t.Parallel()
	p := openPast(t)
	paths := []string{"consultations/" + p.completed, "consultations/" + p.cancelled, "consultations/" + p.unpaid,
		"prescriptions/" + p.prescription}
	lists := []string{"consultations/me", "consultations/me?sort=earliest", "consultations/me?status=COMPLETED",
		"prescriptions/me", "prescriptions/consultation/" + p.completed}
	read := func() (answers []map[string]any, etags []string) {
		for _, path := range paths {
			a := p.Get(p.patient, path).Want(200)
			answers = append(answers, a.Map())
			version, _, _ := strings.Cut(a.Header.Get("ETag"), ".") // the rest is a hash of the answer
			etags = append(etags, version)
		}
		for _, path := range lists {
			answers = append(answers, p.Get(p.patient, path).Want(200).Items()...)
		}
		answers = append(answers, p.Get(p.doctor, "consultations/doctor/me").Want(200).Items()...)
		answers = append(answers, p.Get(p.Support(), "consultations?patientId="+p.patient.ID.String()).Items()...)
		answers = append(answers, p.Get(p.Support(), "consultations?sort=earliest").Items()...)
		return answers, etags
	}
	before, etags := read()
	payment := p.Get(p.patient, "payments/consultation/"+p.completed).Want(200).Body
	if n := archive(t, p.Clinic); n != 3 {
		t.Fatalf("%d were archived, want 3", n)
	}
	if n := p.Count("SELECT count(*) FROM consultations"); n != 0 {
		t.Errorf("%d are still live", n)
	}
	after, etagsAfter := read()
	if len(before) != len(after) || !slices.Equal(etags, etagsAfter) {
		t.Fatalf("%d answers, then %d; ETags %v, then %v", len(before), len(after), etags, etagsAfter)
	}
	for i := range before {
		wantSame(t, before[i], after[i])
	}
	if got := p.Get(p.patient, "payments/consultation/"+p.completed).Want(200).Body; string(got) != string(payment) {
		t.Errorf("the payment was %s and is %s", payment, got)
	}
	stranger := p.Patient()
	for _, path := range paths {
		p.Get(stranger, path).Want(404)
	}
	if n := archive(t, p.Clinic); n != 0 {
		t.Errorf("%d were archived again", n)
	}
	p.CheckInvariants()
}

// Commands on an archived consultation answer as on one that is over.
func TestArchivedRefusesCommands(t *testing.T) {
	t.Parallel()
	p := openPast(t)
	archive(t, p.Clinic)
	cancel(p.Clinic, p.patient, p.completed, "late").Want(409, "illegal-transition")
	cancel(p.Clinic, p.patient, p.cancelled, "").Want(200)
	cancel(p.Clinic, p.Patient(), p.completed, "").Want(404)
	updateStatus(p.Clinic, p.doctor, p.completed, "IN_PROGRESS").Want(409, "illegal-transition")
	p.Post(p.patient, "payments/initiate", object{"consultationId": p.unpaid}).Want(409, "illegal-transition")
	p.Post(p.patient, "payments/initiate", object{"consultationId": p.completed}).Want(409, "already-paid")
	p.Post(p.patient, "consultations/"+p.completed+"/consent", nil).Want(409, "illegal-transition")
	p.Post(p.patient, "consultations/"+p.completed+"/review", object{"rating": 1}).Want(409)
	p.Post(p.doctor, "prescriptions", object{"consultationId": p.completed, "medications": []object{
		{"name": "a", "dosage": "b", "frequency": "c"}}}).Want(409, "prescription-not-possible")
	p.Post(p.Doctor(fee), "prescriptions", object{"consultationId": p.completed, "medications": []object{
		{"name": "a", "dosage": "b", "frequency": "c"}}}).Want(404)
	slot := apptest.QueryOne[uuid.UUID](t, p.Clinic,
		"SELECT slot_id FROM all_consultations WHERE id = $1", p.cancelled)
	p.Do(p.doctor, "DELETE", "availability/"+slot.String(), nil).Want(409, "slot-has-history")
	p.CheckInvariants()
}

// Money that comes for an archived consultation is captured, shown and given back, and so are refunds.
func TestArchivedTakesLateMoney(t *testing.T) {
	t.Parallel()
	p := openPast(t)
	archive(t, p.Clinic)
	outcome := p.Report("payment.succeeded", p.unpaidReference, fee).Want(200).Text("outcome")
	if outcome != "captured" {
		t.Errorf("the outcome is %s", outcome)
	}
	waitForRefund(t, p.Clinic, p.unpaid, fee)
	a := p.Get(p.patient, "consultations/"+p.unpaid).Want(200)
	if a.Text("paymentStatus") != "PAID" || a.Text("refundedAmount") != fee || a.At("archived") != true {
		t.Errorf("the consultation is %s", a.Body)
	}
	payment := p.Get(p.patient, "payments/consultation/"+p.completed).Want(200).Text("id")
	support, admin := p.Support(), p.Admin()
	refund := p.Post(support, "payments/"+payment+"/refunds", object{"amount": "100.00", "reason": "A complaint"}).
		Want(201).Text("id")
	p.Prove(admin)
	p.Post(admin, "refunds/"+refund+"/approve", nil).Want(200)
	waitForRefund(t, p.Clinic, p.completed, "100.00")
	if got := p.Get(p.patient, "consultations/"+p.completed).Want(200).Text("refundedAmount"); got != "100.00" {
		t.Errorf("%s are refunded", got)
	}
	p.CheckInvariants()
}

// A page of live and archived consultations is in order, and no cursor loses or repeats one.
func TestPagesReachIntoArchive(t *testing.T) {
	t.Parallel()
	p := openPast(t)
	archive(t, p.Clinic)
	for range 4 {
		id := p.Book(p.patient, p.Slot(p.doctor, 5*time.Hour, 1))
		cancel(p.Clinic, p.patient, id, "").Want(200)
		p.Clock.Advance(25 * time.Hour)
	}
	for _, sort := range []string{"latest", "earliest"} {
		for _, path := range []string{"consultations/me", "consultations/doctor/me", "consultations"} {
			user := map[string]apptest.User{"consultations/me": p.patient, "consultations/doctor/me": p.doctor,
				"consultations": p.Support()}[path]
			var starts, ids []string
			for cursor := ""; ; {
				a := p.Get(user, path+"?limit=2&sort="+sort+"&cursor="+cursor).Want(200)
				for _, item := range a.Items() {
					starts = append(starts, fmt.Sprint(item["startTime"]))
					ids = append(ids, fmt.Sprint(item["id"]))
				}
				if cursor = a.Text("nextCursor"); cursor == "" {
					break
				}
			}
			if sort == "latest" {
				slices.Reverse(starts)
			}
			slices.Sort(ids)
			if len(slices.Compact(ids)) != 7 || len(starts) != 7 || !slices.IsSorted(starts) {
				t.Errorf("%s %s: %d consultations at %v", path, sort, len(ids), starts)
			}
		}
	}
	old := p.DB.Now().Add(-300 * 24 * time.Hour).UTC().Format(time.RFC3339)
	for query, want := range map[string]int{"to=" + old: 3, "from=" + old: 4, "status=COMPLETED": 1,
		"status=CONFIRMED": 0, "status=CANCELLED": 6} {
		if n := len(p.Get(p.patient, "consultations/me?"+query).Want(200).Items()); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
		if n := len(p.Get(p.Support(), "consultations?"+query).Want(200).Items()); n != want {
			t.Errorf("staff, %s: %d, want %d", query, n, want)
		}
	}
}

// What is not over, or has money under way, is reported and stays.
func TestLeftoversStay(t *testing.T) {
	t.Parallel()
	var unended string
	p := openPast(t, func(p past) {
		unended = p.Book(p.Patient(), p.Slot(p.doctor, 8*time.Hour, 1))
		p.Exec("UPDATE consultations SET payment_due_at = '2999-01-01' WHERE id = $1", unended)
	})
	payment := p.Get(p.patient, "payments/consultation/"+p.completed).Want(200).Text("id")
	p.Post(p.Support(), "payments/"+payment+"/refunds", object{"amount": "1.00", "reason": "A complaint"}).Want(201)
	before := p.DB.Now().Add(-year)
	check := func() {
		t.Helper()
		leftovers, err := consultation.ListLeftovers(t.Context(), p.DB, before)
		if err != nil || len(leftovers) != 2 || leftovers[0].Status != "REQUESTED" ||
			leftovers[0].Examples[0].String() != unended || leftovers[1].Status != "COMPLETED" ||
			leftovers[1].Count != 1 || leftovers[1].Examples[0].String() != p.completed {
			t.Errorf("%v are left over, %v", leftovers, err)
		}
	}
	check()
	counts, err := consultation.CountArchivable(t.Context(), p.DB, before)
	if err != nil || len(counts) != 1 || counts[0].Count != 2 {
		t.Errorf("%v can be archived, %v", counts, err)
	}
	if n := archive(t, p.Clinic); n != 2 {
		t.Errorf("%d were archived, want 2", n)
	}
	if a := p.Get(p.patient, "consultations/"+p.completed).Want(200); a.At("archived") != false {
		t.Errorf("it is %s", a.Body)
	}
	check()
}

// The server can neither write to the archive nor take out of it, but for late money and erased texts.
func TestArchiveIsAppendOnly(t *testing.T) {
	t.Parallel()
	p := openPast(t)
	open := p.Book(p.patient, p.Slot(p.doctor, 2*time.Hour, 1))
	archive(t, p.Clinic)
	attempts := []string{
		"DELETE FROM consultations", "DELETE FROM archived_prescriptions",
		"DELETE FROM archived_consultations", "DELETE FROM archived_consultation_consents",
		"TRUNCATE archived_consultations", "TRUNCATE archived_consultations CASCADE",
		"TRUNCATE archived_prescriptions", "UPDATE archived_prescriptions SET medications = advice",
		"UPDATE archived_consultation_consents SET basis = 'EXPLICIT'",
		"UPDATE archived_consultations SET status = 'CANCELLED'", "UPDATE archived_consultations SET fee = 0",
		"UPDATE archived_consultations SET reason = '' WHERE started_at IS NOT NULL",
		"UPDATE archived_consultations SET notes = NULL WHERE started_at IS NOT NULL",
		"INSERT INTO archived_prescriptions SELECT * FROM archived_prescriptions",
		"INSERT INTO archived_consultations SELECT * FROM consultations",
		"DELETE FROM consultation_consents",
		"INSERT INTO payments (id, consultation_id, amount, currency, status, provider, created_at, updated_at) " +
			"SELECT id, id, 0, 'INR', 'SUCCESS', 'none', now(), now() FROM users LIMIT 1",
	}
	admin := superuser(t, p.Clinic)
	for _, sql := range attempts {
		if _, err := p.DB.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("the server can %s", sql)
		}
	}
	for _, sql := range attempts[:len(attempts)-4] {
		if _, err := admin.Exec(t.Context(), sql); err == nil {
			t.Errorf("the owner can %s", sql)
		}
	}
	if a := p.Get(p.patient, "consultations/"+open).Want(200); a.At("archived") != false {
		t.Errorf("it is %s", a.Body)
	}
	p.CheckInvariants()
}

// A consultation doesn't move without its seat, which only damaged data has, and nothing refers to one that isn't
// there.
func TestNothingStaysBehind(t *testing.T) {
	t.Parallel()
	p := openPast(t)
	admin := superuser(t, p.Clinic)
	for _, sql := range []string{
		"INSERT INTO seats (slot_id, patient_id, doctor_id, consultation_id, during) SELECT slot_id, patient_id, " +
			"doctor_id, gen_random_uuid(), tstzrange(scheduled_start, scheduled_end) FROM consultations LIMIT 1",
		"INSERT INTO consultation_consents (consultation_id, basis, notice_version, actor_id, given_at) SELECT " +
			"gen_random_uuid(), basis, notice_version, actor_id, given_at FROM consultation_consents LIMIT 1",
		"INSERT INTO leave_offers (consultation_id, leave_id, slot_id, expires_at, created_at) VALUES " +
			"(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), now(), now())",
	} {
		_, err := admin.Exec(t.Context(), sql)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "23503" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	p.Exec("INSERT INTO seats (slot_id, patient_id, doctor_id, consultation_id, during) SELECT slot_id, patient_id, "+
		"doctor_id, id, tstzrange(scheduled_start, scheduled_end) FROM consultations WHERE id = $1", p.completed)
	run := consultation.ArchiveRun{DB: p.DB, Before: p.DB.Now().Add(-year)}
	if sum, err := run.Archive(t.Context()); err == nil || sum.Consultations > 0 {
		t.Errorf("%d are moved, %v", sum.Consultations, err)
	}
	p.Exec("DELETE FROM seats WHERE consultation_id = $1", p.completed)
	if moved := archive(t, p.Clinic); moved != 3 {
		t.Errorf("%d are moved", moved)
	}
	p.CheckInvariants()
}

// superuser returns a connection that only triggers hold back.
func superuser(t *testing.T, c *apptest.Clinic) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testdb.SuperuserDSN(t, c.DB.Pool.Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
