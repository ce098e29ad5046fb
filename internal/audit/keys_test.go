package audit_test

import (
	"slices"
	"testing"

	"amrutam/internal/audit"
)

const someID = "0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"

func TestKeysOfLeaf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		leaf string
		want []string
	}{
		{`["` + someID + `", null, null, "job.run", "job", "x", {}, null, 1]`,
			[]string{"action=job.run", "entityType=job", "entityId=x"}},
		{`["` + someID + `", "` + someID + `", "ADMIN", "a.b", "", "a \"b\" \u0939 \\", {"requestId": "r", ` +
			`"patientIds": ["p", 7, "q"], "more": {"requestId": "other", "list": [[]]}}, "2001:db8::1", 1]`,
			[]string{"actorId=" + someID, "action=a.b", "entityType=", "entityId=a \"b\" ह \\", "requestId=r",
				"patientId=p", "patientId=q", "ipAddress=2001:db8::1"}},
		{`["` + someID + `", null, null, "a.b", "c", "d", {"requestId": 7, "patientId": "p", ` +
			`"patientIds": "q"}, null, 1]`,
			[]string{"action=a.b", "entityType=c", "entityId=d", "patientId=p"}},
	} {
		keys, err := audit.KeysOf([]byte(test.leaf))
		if err != nil || !slices.Equal(keys, test.want) {
			t.Errorf("%s: %q, %v; want %q", test.leaf, keys, err, test.want)
		}
	}
}

func TestNoLeaf(t *testing.T) {
	t.Parallel()
	for _, leaf := range []string{
		"", "{}", "[]", `["a", null, null, "a", "b", "c", {}, null]`,
		`["a", null, null, "a", "b", "c", {}, null, 1, 2]`,
		`["a", null, null, "a", "b", "c", {"requestId": "`, `["a", null, null, "a", "b", "c", {"patientIds": [`,
		`["a", null, null, "a", "b", "c", {"patientIds": [1 2]}, null, 1]`,
	} {
		if keys, err := audit.KeysOf([]byte(leaf)); err == nil {
			t.Errorf("%s has the keys %q", leaf, keys)
		}
	}
}
