package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/problem"
)

// DefaultLimit is the limit of a list when none is given.
const DefaultLimit = 20

// Paging is embedded in the input of every list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Most items to return"`
	Cursor string `query:"cursor" text:"opaque" maxLength:"512" doc:"nextCursor of the page before"`
}

// Page is one page of a list, with the cursor of the next page if there is one.
type Page[T any] struct {
	_ struct{} `doc:"One page of a list"`

	Items      []T    `json:"items" doc:"This page's items"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Send it as cursor to get the next page; absent on the last one"`
}

// Cursors makes signed cursors, so that a position in one list can't be forged or used in another list.
type Cursors struct{ Secret []byte }

// Position is where a page ended: its last row's value in the column that the list is sorted by, and that row's id.
type Position[V any] struct {
	Value V         `json:"v"`
	ID    uuid.UUID `json:"id"`
}

const macBytes = 16

// PeriodFault returns the fault of a list's parameter to, or nil. Both ends of the period may be zero, which leaves it
// open.
func PeriodFault(from, to time.Time) *problem.Message {
	if to.IsZero() || to.After(from) {
		return nil
	}
	return problem.NotAfter.With("field", "from")
}

// Encode makes the cursor of a position, which can be any value that JSON can hold. scope names the list: its
// operation and order.
func (c Cursors) Encode(scope string, position any) string {
	payload, _ := json.Marshal(position)
	return base64.RawURLEncoding.EncodeToString(append(payload, c.mac(scope, payload)...))
}

// Decode reads a cursor into position. Returns false if the cursor is empty, which means the first page, and a
// validation error if it was not made for this list.
func (c Cursors) Decode(scope, cursor string, position any) (bool, error) {
	if cursor == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < macBytes {
		return false, errCursor()
	}
	payload, mac := raw[:len(raw)-macBytes], raw[len(raw)-macBytes:]
	if !hmac.Equal(mac, c.mac(scope, payload)) || json.Unmarshal(payload, position) != nil {
		return false, errCursor()
	}
	return true, nil
}

func (c Cursors) mac(scope string, payload []byte) []byte {
	h := hmac.New(sha256.New, c.Secret)
	h.Write([]byte(scope + "\x00"))
	h.Write(payload)
	return h.Sum(nil)[:macBytes]
}

func errCursor() error {
	return problem.InvalidField("query.cursor", faultCursor)
}

// NewPage makes a page of items, which were read with a limit one higher. If there is an item too many, it is dropped,
// and the page gets the cursor of its last item.
func NewPage[T any](c Cursors, scope string, limit int, items []T, position func(T) any) Page[T] {
	if items == nil {
		items = []T{}
	}
	if len(items) <= limit {
		return Page[T]{Items: items}
	}
	items = items[:limit]
	return Page[T]{Items: items, NextCursor: c.Encode(scope, position(items[limit-1]))}
}
