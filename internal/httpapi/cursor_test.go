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
	sealed := cursors.Seal("list", want)
	var got position
	if given, err := cursors.Open("list", sealed, &got); !given || err != nil || got != want {
		t.Errorf("%v %v %v", given, err, got)
	}
	if given, err := cursors.Open("list", "", &got); given || err != nil {
		t.Errorf("the first page: %v %v", given, err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(sealed)
	forged := map[string]string{
		"not base64": "***", "garbage": "Z2FyYmFnZQ", "short": "aGk", "padded": sealed + "==",
		"doubled":     sealed + sealed,
		"no mac":      base64.RawURLEncoding.EncodeToString(raw[:len(raw)-16]),
		"only mac":    base64.RawURLEncoding.EncodeToString(raw[len(raw)-16:]),
		"other scope": cursors.Seal("other", want), "longer scope": cursors.Seal("list\x00", want),
		"other secret":   httpapi.Cursors{Secret: []byte("another")}.Seal("list", want),
		"no secret":      httpapi.Cursors{}.Seal("list", want),
		"other position": cursors.Seal("list", []string{"not", "a", "position"}),
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		forged["bit in byte "+string(rune('A'+i))] = base64.RawURLEncoding.EncodeToString(changed)
		forged["cut at "+string(rune('A'+i))] = base64.RawURLEncoding.EncodeToString(raw[:i])
	}
	delete(forged, "cut at A") // nothing: the first page
	for name, cursor := range forged {
		if given, err := cursors.Open("list", cursor, &position{}); given || err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// FuzzCursor: a cursor opens only when it holds, byte for byte, what was sealed for that list.
func FuzzCursor(f *testing.F) {
	sealed := cursors.Seal("list", position{"Asha", 7})
	f.Add(sealed, "list")
	f.Add(sealed, "other")
	f.Add(sealed[:len(sealed)-1], "list")
	f.Add("", "list")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAA", "list")
	want, _ := base64.RawURLEncoding.DecodeString(sealed)
	f.Fuzz(func(t *testing.T, cursor, scope string) {
		var got position
		given, err := cursors.Open(scope, cursor, &got)
		if given && err != nil {
			t.Fatal("taken and refused")
		}
		raw, _ := base64.RawURLEncoding.DecodeString(cursor)
		if given != (scope == "list" && bytes.Equal(raw, want)) {
			t.Errorf("%q opens %q: %v", cursor, scope, given)
		}
	})
}

// TestCursorsOfLists: a cursor works where it was given and nowhere else.
func TestCursorsOfLists(t *testing.T) {
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
