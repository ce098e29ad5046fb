package money_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"amrutam/internal/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]money.Amount{
		"0": 0, "0.0": 0, "0.00": 0, "0.01": 1, "0.1": 10,
		"1": 100, "500": 50_000, "500.5": 50_050, "500.00": 50_000, "007.50": 750,
		"9999999999.99": money.Max,
	} {
		if got, err := money.Parse(text); err != nil || got != want {
			t.Errorf("%q: %d %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", ".", "5.", ".5", "-1", "+1", "1.005", "1.000", "1,00", "1 000", " 1", "1 ", "1e3", "0x10", "1_000",
		"NaN", "Inf", "1.2.3", "1.-2", "1.+1", "\u0661",
		"10000000000", "10000000000.00", "99999999999999999999",
	} {
		if got, err := money.Parse(text); err == nil || got != 0 {
			t.Errorf("%q is parsed as %d (%v)", text, got, err)
		} else if text != "" && text != "." && strings.Contains(err.Error(), "\""+text) {
			t.Errorf("the error repeats %q: %v", text, err)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for amount, want := range map[money.Amount]string{
		0: "0.00", 1: "0.01", 10: "0.10", 99: "0.99", 100: "1.00", 50_000: "500.00", money.Max: "9999999999.99",
		-1: "-0.01", -50_050: "-500.50",
	} {
		if got := amount.String(); got != want {
			t.Errorf("%d: %s, want %s", int64(amount), got, want)
		}
		if back, err := money.Parse(want); amount >= 0 && (err != nil || back != amount) {
			t.Errorf("%s is read back as %d %v", want, back, err)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(money.Money{Amount: 50_050, Currency: "INR"})
	if err != nil || string(text) != `{"amount":"500.50","currency":"INR"}` {
		t.Errorf("%s %v", text, err)
	}
	for body, want := range map[string]money.Input{
		`"500.00"`: 50_000, `"500"`: 50_000, `500`: 50_000, `500.5`: 50_050, `0`: 0, `0.07`: 7, `"\u0035"`: 500,
		`9999999999.99`: money.Input(money.Max), // parsed as a float, 0.07 and this amount could change
	} {
		var got money.Input
		if err := json.Unmarshal([]byte(body), &got); err != nil || got != want {
			t.Errorf("%s: %d %v, want %d", body, got, err, want)
		}
	}
	invalid := []string{`"1.005"`, `1.005`, `1e2`, `-1`, `"-1"`, `""`, `" 1"`, `true`, `{}`, `[1]`, `10000000000`}
	for _, body := range invalid {
		got := money.Input(7)
		err := json.Unmarshal([]byte(body), &got)
		var typeError *json.UnmarshalTypeError
		if !errors.As(err, &typeError) || typeError.Value != money.AmountFormat || got != 7 {
			t.Errorf("%s: %d %v", body, got, err)
		}
	}
}

func TestIsCurrency(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"INR": true, "USD": true, "EUR": true, "GBP": true, "NPR": true,
		"JPY": false, "KWD": false, // no decimals, and three decimals
		"XXX": false, "XTS": false, "ZZZ": false, "": false, "IN": false, "INRR": false, "\u20b9": false,
	} {
		if money.IsCurrency(code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
}
