package seed

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
)

// addReview adds the patient's review of a completed consultation: one in four is reviewed, mostly within days.
func (g *generator) addReview(b *booking) {
	if b.outcome != completed && b.outcome != overrun || !b.isFinal() || !g.chance(0.25) {
		return
	}
	end := b.ended
	at := end.Add(time.Hour + min(g.exponential(2*day), 29*day))
	rating := max(1, min(5, int(math.Round(b.slot.doctor.quality+0.8*g.NormFloat64()))))
	text := ""
	if g.chance(0.5) {
		text = pick(g.random, reviewTexts[rating])
	}
	id := uuid.UUID(g.bytes(16))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a UUIDv4, which tells no time
	if at.After(b.base) {
		return
	}
	month := at.UTC()
	t := g.batch.reviews
	t.row()
	t.id(id)
	t.id(b.id)
	t.id(b.slot.doctor.id)
	t.id(b.patient.id)
	t.int16(rating)
	t.optionalText(text)
	t.date(time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, time.UTC))
	t.time(at)
	t.time(at)
	g.audit(at, g.request(b.patient, at), "review.create", "review", id.String(),
		quoted("consultationId", b.id)+","+quoted("doctorId", b.slot.doctor.id))
}

// addUpRatings gives every doctor the ratings of the reviews.
func addUpRatings(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `UPDATE doctors d SET rating_count = r.ratings, rating_sum = r.stars,
			rating = round(r.stars::numeric / r.ratings, 2)
		FROM (SELECT doctor_id, count(*) AS ratings, sum(rating) AS stars FROM reviews GROUP BY doctor_id) r
		WHERE d.id = r.doctor_id`)
	if err != nil {
		return fmt.Errorf("add up the ratings: %s", postgres.Describe(err))
	}
	return nil
}
