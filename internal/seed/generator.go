package seed

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"strconv"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/config"
	"amrutam/internal/seal"
)

// generator makes the rows of a year, in one goroutine and with one source of choices, so that they are always the
// same. It walks the days of India in order; in an hour no patient is booked twice.
type generator struct {
	random
	plan   plan
	cfg    *config.Config
	writer *writer
	batch  *batch // that is being filled

	sealer  *seal.Sealer
	wrapper seal.Wrapper
	// secret makes the data keys of this run. It is forgotten afterwards, so a key that is destroyed is gone.
	secret       []byte
	passwordHash string
	totpSecret   string
	notice       int // version of the notice on treatment

	admin, support person
	doctors        []*physician
	patients       int
	busy           map[uuid.UUID]bool // patients in the hour that is being filled
	live           map[uuid.UUID]int  // unfinished consultations of a patient
}

// person is somebody whose rows are written.
type person struct {
	id      uuid.UUID
	role    access.Role
	created time.Time
	number  int
}

// key returns the data key of a person. It follows from the secret of this run, so that no key has to be kept.
func (g *generator) key(p uuid.UUID) (raw []byte, key seal.Key, err error) {
	mac := hmac.New(sha256.New, g.secret)
	mac.Write(p[:])
	raw = mac.Sum(nil)
	key, err = seal.NewKey(raw)
	return raw, key, err
}

// actor is who does something, as the audit log names them.
type actor struct {
	id        uuid.UUID
	role      access.Role
	ip, job   string
	requestID uuid.UUID
}

// request is a request of a person at an instant. Its rows have one id.
func (g *generator) request(p person, at time.Time) actor {
	return actor{id: p.id, role: p.role, ip: address(p), requestID: g.id(at)}
}

// address returns the address of a person, out of the range that providers share (RFC 6598).
func address(p person) string {
	n := p.number * 7
	if p.role != access.RolePatient {
		n++
	}
	return "100." + strconv.Itoa(64+n>>16&63) + "." + strconv.Itoa(n>>8&255) + "." + strconv.Itoa(n&255)
}

// audit adds an entry of the audit log. meta is the inside of a JSON object without the values of the actor.
func (g *generator) audit(at time.Time, by actor, action, entityType, entity, meta string) {
	add := func(name, value string) {
		if meta != "" {
			meta += ","
		}
		meta += `"` + name + `":"` + value + `"`
	}
	if by.requestID != uuid.Nil {
		add("requestId", by.requestID.String())
	}
	if by.job != "" {
		add("job", by.job)
	}
	t := g.batch.audits
	t.row()
	t.id(g.id(at))
	t.optionalID(by.id)
	t.optionalText(string(by.role))
	t.text(action)
	t.text(entityType)
	t.text(entity)
	t.json("{" + meta + "}")
	t.optionalText(by.ip)
	t.time(at)
}

// mailRetention is how long the server keeps the row of a mail.
const mailRetention = 90 * 24 * time.Hour

// mail adds a mail that was sent, without its content, as the server keeps it.
func (g *generator) mail(at time.Time, to uuid.UUID, kind string) {
	if g.plan.base.Sub(at) >= mailRetention {
		return
	}
	id := g.id(at)
	t := g.batch.mails
	t.row()
	t.id(id)
	t.id(to)
	t.text(kind)
	t.text(id.String() + "@example.org")
	t.time(at)
	t.time(at.Add(g.between(100*time.Millisecond, 2*time.Second)))
}

// flush hands the batch over when it is full, or always.
func (g *generator) flush(ctx context.Context, always bool) (err error) {
	if !always && g.batch.booked < batchSize {
		return nil
	}
	if err := g.writer.submit(ctx, g.batch); err != nil {
		return err
	}
	g.batch, err = g.writer.next(ctx)
	return err
}
