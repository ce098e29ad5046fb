package doctor_test

import (
	"testing"

	"amrutam/internal/doctor"
)

func TestRegistrationKey(t *testing.T) {
	t.Parallel()
	for number, key := range map[string]string{
		"MH-91": "mh91", " mh / 91. ": "mh91", "ＭＨ９１": "mh91", "MH\u200b91": "mh91", "मह-९१": "मह91", "MH٩١": "mh91",
		"ẞ𝟗": "ss9", "--": "", "": "",
	} {
		want(t, number, doctor.RegistrationKey(number), key)
	}
}
