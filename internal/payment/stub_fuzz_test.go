package payment_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"amrutam/internal/payment"
)

// FuzzVerify checks that only what the provider signed is accepted, whole and in time.
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
	verify := func(stub *payment.Stub, id, timestamp, signatures string, body []byte) error {
		header := http.Header{}
		header.Set("Webhook-Id", id)
		header.Set("Webhook-Timestamp", timestamp)
		header.Set("Webhook-Signature", signatures)
		return stub.VerifyWebhook(header, body)
	}
	f.Fuzz(func(t *testing.T, id, timestamp, signatures string, body []byte) {
		signed := id == "evt_1" && timestamp == stamp && bytes.Equal(body, []byte(`{"type":"payment.succeeded"}`))
		if verify(stub, id, timestamp, signatures, body) == nil && !signed {
			t.Fatalf("a stranger's event is accepted: %q %q %q", id, timestamp, signatures)
		}
		own := stub.Sign(id, now, body)
		if err := verify(stub, id, stamp, signatures+" "+own, body); (err == nil) != (id != "" && len(id) <= 255 &&
			utf8.ValidString(id) && len(strings.Fields(signatures)) < 5) {
			t.Fatalf("the provider's own event %q: %v", id, err)
		}
		if verify(stub, id, stamp, own, append(bytes.Clone(body), ' ')) == nil ||
			verify(stub, id+"x", stamp, own, body) == nil ||
			verify(stub, id, strconv.FormatInt(now.Unix()+1, 10), own, body) == nil {
			t.Fatal("a changed event is accepted")
		}
		late := &payment.Stub{Secrets: stub.Secrets, Clock: func() time.Time { return now.Add(time.Hour) }}
		if verify(late, id, stamp, own, body) == nil {
			t.Fatal("an old event is accepted")
		}
	})
}
