package payment_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"amrutam/internal/payment"
)

// FuzzVerify: only what the provider signed is taken, whole and in time; a change of any part is not.
func FuzzVerify(f *testing.F) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	stub := &payment.Stub{Secrets: [][]byte{bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32)},
		Clock: func() time.Time { return now }}
	stamp := strconv.FormatInt(now.Unix(), 10)
	good := stub.Sign("evt_1", now, []byte(`{"type":"payment.succeeded"}`))
	f.Add("evt_1", stamp, good, []byte(`{"type":"payment.succeeded"}`))
	f.Add("evt_2", stamp, good+" v1,", []byte(`{"type":"payment.succeeded"}`))
	f.Add("evt_1", "9223372036854775807", "v1,AAAA v2,"+good, []byte{})
	f.Add("", "-1", "v1", []byte("\xff"))
	f.Fuzz(func(t *testing.T, id, timestamp, signatures string, body []byte) {
		signed := id == "evt_1" && timestamp == stamp && bytes.Equal(body, []byte(`{"type":"payment.succeeded"}`))
		if stub.Verify(id, timestamp, signatures, body) == nil && !signed {
			t.Fatalf("a stranger's event is taken: %q %q %q", id, timestamp, signatures)
		}
		own := stub.Sign(id, now, body)
		if err := stub.Verify(id, stamp, signatures+" "+own, body); (err == nil) != (id != "" && len(id) <= 255 &&
			utf8.ValidString(id) && len(strings.Fields(signatures)) < 5) {
			t.Fatalf("the provider's own event %q: %v", id, err)
		}
		if stub.Verify(id, stamp, own, append(bytes.Clone(body), ' ')) == nil ||
			stub.Verify(id+"x", stamp, own, body) == nil ||
			stub.Verify(id, strconv.FormatInt(now.Unix()+1, 10), own, body) == nil {
			t.Fatal("a changed event is taken")
		}
		late := &payment.Stub{Secrets: stub.Secrets, Clock: func() time.Time { return now.Add(time.Hour) }}
		if late.Verify(id, stamp, own, body) == nil {
			t.Fatal("an old event is taken")
		}
	})
}
