package doctor_test

import (
	"context"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
)

// seedSQL makes $1 doctors, with ties in every order, and $2 slots for each over 14 days. One in seven is booked.
var seedSQL = []string{
	`CREATE TABLE seeded AS SELECT n, gen_random_uuid() AS id, random() AS a, random() AS b, random() AS c,
		random() AS e FROM generate_series(1, $1::int) n`,
	`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		SELECT id, 'doctor-' || n || '@example.org', 'none', 'DOCTOR', true, now(), now() FROM seeded`,
	`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at)
		SELECT gen_random_uuid(), id,
		'Dr. ' || (ARRAY['Asha','Ravi','Meera','Kiran','Lakshmi','Suresh','Anita','Vijay'])[1 + n % 8] || ' ' ||
			(ARRAY['Nair','Iyer','Sharma','Rao','Menon','Patel','Das','Gupta','Joshi','Reddy'])[1 + n / 8 % 10] || n,
				now(), now() FROM seeded`,
	`INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number, clinic_name,
		consultation_fee, languages_spoken, bio,
			is_approved, rating_count, rating_sum, rating, search, created_at, updated_at)
		SELECT id, id,
		(ARRAY['Panchakarma','Kayachikitsa','Shalya Tantra','Shalakya Tantra','Kaumarabhritya','Agada Tantra',
			'Rasayana','Vajikarana','Dravyaguna','Swasthavritta'])[1 + floor(a * a * 10)::int], floor(b * 45),
			'REG-' || n, 'Clinic ' || n % 700, 100 + 50 * floor(c * 30), ARRAY['en',
			(ARRAY['hi','ta','ml','te','kn','bn','mr','gu','pa','or'])[1 + n % 10]],
			'Practises in ' || (ARRAY['Kochi','Pune','Delhi','Mysuru','Jaipur'])[1 + n % 5] ||
			repeat(' and treats digestion, sleep, skin and joints with care', 5), n % 19 <> 0,
			ratings, ratings * stars, CASE WHEN ratings = 0 THEN 0 ELSE stars END, '', now(), now()
		FROM seeded, LATERAL (SELECT CASE WHEN a < 0.3 THEN 0 ELSE 10 * ceil(20 * c)::int END AS ratings,
			round((2 + 3 * b)::numeric, 1) AS stars) r`,
	`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, status, seats_taken, created_at, updated_at)
		SELECT gen_random_uuid(), id, at, at + interval '30 minutes',
		CASE WHEN (n + k) % 7 = 0 THEN 'BOOKED'::slot_status ELSE 'AVAILABLE' END,
			CASE WHEN (n + k) % 7 = 0 THEN 1 ELSE 0 END, now(), now()
		FROM seeded CROSS JOIN generate_series(1, $1::int) k
		CROSS JOIN LATERAL (SELECT date_trunc('hour', now()) +
			((k - 1) * 14 * 24.0 / $1::int + floor(e * 24)) * interval '1 hour' +
			interval '30 minutes' * (n % 2) AS at) t`,
	`DROP TABLE seeded`, `VACUUM ANALYZE`,
}

func seed(t testing.TB, c *apptest.Clinic, doctors, slots int) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.DB.Pool.Config().ConnString()) // without the server's time limit
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	args := [][]any{{doctors}, nil, nil, nil, {slots}, nil, nil}
	for i, sql := range seedSQL {
		if _, err := conn.Exec(ctx, sql, args[i]...); err != nil {
			t.Fatal(err)
		}
	}
}

var benchmarks = map[string]func(in *doctor.SearchRequest, now time.Time){
	"rating":         func(*doctor.SearchRequest, time.Time) {},
	"fee":            func(in *doctor.SearchRequest, _ time.Time) { in.Sort = "fee" },
	"experience":     func(in *doctor.SearchRequest, _ time.Time) { in.Sort = "experience" },
	"earliest":       func(in *doctor.SearchRequest, _ time.Time) { in.Sort = "earliest" },
	"specialization": func(in *doctor.SearchRequest, _ time.Time) { in.Specialization = "rasayana" },
	"specialization, fee": func(in *doctor.SearchRequest, _ time.Time) {
		in.Specialization, in.Sort = "rasayana", "fee"
	},
	"specialty, earliest": func(in *doctor.SearchRequest, _ time.Time) {
		in.Specialization, in.Sort = "rasayana", "earliest"
	},
	"language, minRating": func(in *doctor.SearchRequest, _ time.Time) { in.Language, in.MinRating = "ta", 4 },
	"q of one doctor":     func(in *doctor.SearchRequest, _ time.Time) { in.Q = "menon1234" },
	"q of many":           func(in *doctor.SearchRequest, _ time.Time) { in.Q = "asha dig" },
	"q of all":            func(in *doctor.SearchRequest, _ time.Time) { in.Q = "d" },
	"q of none":           func(in *doctor.SearchRequest, _ time.Time) { in.Q = "zzz" },
	"q of one, earliest":  func(in *doctor.SearchRequest, _ time.Time) { in.Q, in.Sort = "menon1234", "earliest" },
	"q of many, earliest": func(in *doctor.SearchRequest, _ time.Time) { in.Q, in.Sort = "asha koch", "earliest" },
	"q of all, tomorrow": func(in *doctor.SearchRequest, now time.Time) {
		in.Q, in.AvailableFrom, in.AvailableTo = "d", now.Add(24*time.Hour), now.Add(48*time.Hour)
	},
	"q of few, tomorrow": func(in *doctor.SearchRequest, now time.Time) {
		in.Q, in.AvailableFrom, in.AvailableTo = "asha koch", now.Add(24*time.Hour), now.Add(48*time.Hour)
	},
	"tomorrow": func(in *doctor.SearchRequest, now time.Time) {
		in.AvailableFrom, in.AvailableTo = now.Add(24*time.Hour), now.Add(48*time.Hour)
	},
	"in one late hour": func(in *doctor.SearchRequest, now time.Time) {
		in.AvailableFrom, in.AvailableTo = now.Add(341*time.Hour), now.Add(342*time.Hour)
	},
	"beyond all slots": func(in *doctor.SearchRequest, now time.Time) {
		in.AvailableFrom, in.Sort = now.Add(9000*time.Hour), "earliest"
	},
	"tomorrow, by rating+": func(in *doctor.SearchRequest, now time.Time) {
		in.AvailableFrom, in.AvailableTo, in.Specialization, in.Language, in.MinRating = now.Add(24*time.Hour),
			now.Add(48*time.Hour), "panchakarma", "hi", 3
	},
}

// BenchmarkSearch measures first pages over HTTP among 10,000 doctors with 200,000 slots. AMRUTAM_TEST_EXPLAIN shows
// plans.
func BenchmarkSearch(b *testing.B) {
	c := apptest.Open(b)
	seed(b, c, 10_000, 20)
	for name, change := range benchmarks {
		in := doctor.SearchRequest{Paging: httpapi.Paging{Limit: 20}, Sort: "rating", Approved: true}
		change(&in, c.DB.Now())
		b.Run(name, func(b *testing.B) {
			if os.Getenv("AMRUTAM_TEST_EXPLAIN") != "" {
				explain(b, c, in)
			}
			nothing := name == "q of none" || name == "beyond all slots"
			for b.Loop() {
				if found := len(c.Get(anonymous, "doctors?"+queryOf(in)).Want(200).Items()); (found == 0) != nothing {
					b.Fatalf("%d doctors found", found)
				}
			}
		})
	}
}

func explain(b *testing.B, c *apptest.Clinic, in doctor.SearchRequest) {
	b.Helper()
	statements, args := doctor.SearchStatements(in, c.DB.Now())
	for i, sql := range statements {
		rows, err := c.DB.Pool.Query(context.Background(), "EXPLAIN (ANALYZE, BUFFERS) "+sql, args[i]...)
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				b.Fatal(err)
			}
			_, _ = os.Stderr.WriteString(line + "\n") // b.Log cuts it short
		}
		if rows.Err() != nil {
			b.Fatal(rows.Err())
		}
	}
}

func queryOf(in doctor.SearchRequest) string {
	v := url.Values{"sort": {string(in.Sort)}}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("specialization", in.Specialization)
	set("language", in.Language)
	set("q", in.Q)
	if in.MinRating > 0 {
		v.Set("minRating", strconv.FormatFloat(in.MinRating, 'f', -1, 64))
	}
	if !in.AvailableFrom.IsZero() {
		v.Set("availableFrom", in.AvailableFrom.Format(time.RFC3339))
	}
	if !in.AvailableTo.IsZero() {
		v.Set("availableTo", in.AvailableTo.Format(time.RFC3339))
	}
	return v.Encode()
}
