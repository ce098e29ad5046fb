package money

import "golang.org/x/text/currency"

// CurrencyFormat is the text for a code that IsCurrency refuses.
const CurrencyFormat = "must be an ISO 4217 currency with two decimals, like INR"

// IsCurrency tells whether code is a currency of ISO 4217 whose minor unit is a hundredth: no other one fits an
// Amount.
func IsCurrency(code string) bool {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return false
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale == 2 && code != "XXX" && code != "XTS"
}
