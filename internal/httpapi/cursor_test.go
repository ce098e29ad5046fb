package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/httpapi"
)

type position struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

var cursors = httpapi.Cursors{Secret: []byte("0123456789abcdef0123456789abcdef")}

func TestCursors(t *testing.T) {
	t.Parallel()
	want := position{"Äsha", 7}
	valid := cursors.Encode("list", want)
	var got position
	if ok, err := cursors.Decode("list", valid, &got); !ok || err != nil || got != want {
		t.Errorf("%v %v %v", ok, err, got)
	}
	if ok, err := cursors.Decode("list", "", &got); ok || err != nil {
		t.Errorf("the first page: %v %v", ok, err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(valid)
	forged := map[string]string{
		"not base64": "***", "garbage": "Z2FyYmFnZQ", "short": "aGk", "padded": valid + "==",
		"doubled":     valid + valid,
		"no mac":      base64.RawURLEncoding.EncodeToString(raw[:len(raw)-16]),
		"only mac":    base64.RawURLEncoding.EncodeToString(raw[len(raw)-16:]),
		"other scope": cursors.Encode("other", want), "longer scope": cursors.Encode("list\x00", want),
		"other secret":   httpapi.Cursors{Secret: []byte("another")}.Encode("list", want),
		"no secret":      httpapi.Cursors{}.Encode("list", want),
		"other position": cursors.Encode("list", []string{"not", "a", "position"}),
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		forged["bit in byte "+string(rune('A'+i))] = base64.RawURLEncoding.EncodeToString(changed)
		forged["cut at "+string(rune('A'+i))] = base64.RawURLEncoding.EncodeToString(raw[:i])
	}
	delete(forged, "cut at A") // an empty cursor is the first page
	for name, cursor := range forged {
		if ok, err := cursors.Decode("list", cursor, &position{}); ok || err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// FuzzCursor tests that a cursor is accepted only if it is, byte for byte, the one that was made for the list.
func FuzzCursor(f *testing.F) {
	valid := cursors.Encode("list", position{"Asha", 7})
	f.Add(valid, "list")
	f.Add(valid, "other")
	f.Add(valid[:len(valid)-1], "list")
	f.Add("", "list")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAA", "list")
	want, _ := base64.RawURLEncoding.DecodeString(valid)
	f.Fuzz(func(t *testing.T, cursor, scope string) {
		var got position
		ok, err := cursors.Decode(scope, cursor, &got)
		if ok && err != nil {
			t.Fatal("accepted, with an error")
		}
		raw, _ := base64.RawURLEncoding.DecodeString(cursor)
		if ok != (scope == "list" && bytes.Equal(raw, want)) {
			t.Errorf("%q opens %q: %v", cursor, scope, ok)
		}
	})
}

// TestCursorsWorkOnlyInTheirList tests that a cursor works only in the list that returned it.
func TestCursorsWorkOnlyInTheirList(t *testing.T) {
	t.Parallel()
	c, other := apptest.Open(t), apptest.Open(t)
	support := c.Support()
	for range 3 {
		c.Slot(c.Doctor("500.00"), 3*time.Hour, 1)
	}
	page := c.Get(support, "users?limit=2").Want(200)
	cursor := page.Text("nextCursor")
	if next := c.Get(support, "users?limit=2&cursor="+url.QueryEscape(cursor)).Want(200).Items(); len(next) == 0 ||
		next[0]["id"] == page.Items()[0]["id"] {
		t.Errorf("the next page is %v", next)
	}
	for name, path := range map[string]string{
		"of another list": "consultations?cursor=" + cursor, "shortened": "users?cursor=" + cursor[:len(cursor)-2],
		"changed": "users?cursor=A" + cursor[1:], "long": "users?cursor=" + strings.Repeat("A", 513),
		"garbage": "users?cursor=%20",
	} {
		if got := c.Get(support, path).Want(422, "validation-failed"); !strings.Contains(string(got.Body),
			`"query.cursor"`) {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
	other.Get(other.Support(), "users?cursor="+cursor).Want(422, "validation-failed") // each server has its own secret
	rated := c.Get(apptest.User{}, "doctors?limit=1&sort=rating").Want(200).Text("nextCursor")
	c.Get(apptest.User{}, "doctors?limit=1&sort=rating&cursor="+rated).Want(200)
	c.Get(apptest.User{}, "doctors?limit=1&sort=fee&cursor="+rated).Want(422, "validation-failed")
}
