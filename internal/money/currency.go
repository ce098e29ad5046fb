package money

import "golang.org/x/text/currency"

// CurrencyFormat is the error text for a code that IsCurrency refuses.
const CurrencyFormat = "must be an ISO 4217 currency with two decimals, like INR"

// IsCurrency reports whether code is an ISO 4217 currency with two decimals, the only kind that Amount can hold.
func IsCurrency(code string) bool {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return false
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale == 2 && code != "XXX" && code != "XTS"
}
