package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"amrutam/internal/problem"
)

// Paging is embedded in the input of every list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Most items to return"`
	Cursor string `query:"cursor" text:"opaque" maxLength:"512" doc:"nextCursor of the page before"`
}

// Page is a list: its items and, unless it is the last page, the cursor of the next.
type Page[T any] struct {
	_ struct{} `doc:"One page of a list"`

	Items      []T    `json:"items" doc:"This page's items"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Send it as cursor to get the next page; absent on the last one"`
}

// Cursors signs and checks them, so that a position in one list can't be forged or used in another.
type Cursors struct{ Secret []byte }

// Place is where a page ended: what its last row has in the column that the list is sorted by, and the row's id.
type Place[V any] struct {
	Value V         `json:"v"`
	ID    uuid.UUID `json:"id"`
}

const macBytes = 16

// Seal makes a cursor of a position (anything JSON holds) in the list named by scope: its operation and order.
func (c Cursors) Seal(scope string, position any) string {
	payload, _ := json.Marshal(position)
	return base64.RawURLEncoding.EncodeToString(append(payload, c.mac(scope, payload)...))
}

// Open reads a cursor into position. False when cursor is empty: the first page. Error: 422 when it isn't one of ours.
func (c Cursors) Open(scope, cursor string, position any) (bool, error) {
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
	return problem.InvalidField("query.cursor", "is not a cursor of this list; start again without one")
}

// NewPage cuts the one item too many that a list was asked for, and signs the position of the last one kept.
func NewPage[T any](c Cursors, scope string, limit int, items []T, position func(T) any) Page[T] {
	if items == nil {
		items = []T{}
	}
	if len(items) <= limit {
		return Page[T]{Items: items}
	}
	items = items[:limit]
	return Page[T]{Items: items, NextCursor: c.Seal(scope, position(items[limit-1]))}
}
