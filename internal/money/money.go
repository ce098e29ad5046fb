// Package money stores amounts as integers in minor units (two decimals). An amount is a decimal string in JSON and
// numeric(12,2) in SQL, never a float.
package money

import (
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// Max is the largest amount numeric(12,2) holds: 9,999,999,999.99.
const Max Amount = 999_999_999_999

// AmountFormat is the error text for an amount that can't be parsed.
const AmountFormat = "expected an amount from 0 to 9999999999.99 with at most two decimals"

var errAmount = errors.New(AmountFormat)

// Amount is a sum in minor units: 50000 is "500.00".
type Amount int64

// Money is an amount with its ISO 4217 currency.
type Money struct {
	_ struct{} `doc:"An amount with its currency"`

	Amount   Amount `json:"amount" doc:"How much"`
	Currency string `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
}

// Parse reads "500", "500.5" or "500.00". It returns an error for signs, more than two decimals and amounts over Max.
func Parse(s string) (Amount, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 10 || len(fraction) > 2 || strings.HasSuffix(s, ".") {
		return 0, errAmount
	}
	n, err := strconv.ParseUint((whole + fraction + "00")[:len(whole)+2], 10, 63)
	if err != nil {
		return 0, errAmount
	}
	return Amount(n), nil
}

func (a Amount) String() string {
	s := strconv.FormatInt(int64(a), 10)
	sign := ""
	if a < 0 {
		sign, s = "-", s[1:]
	}
	for len(s) < 3 {
		s = "0" + s
	}
	return sign + s[:len(s)-2] + "." + s[len(s)-2:]
}

// MarshalText writes the decimal string; encoding/json uses it too.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the decimal string.
func (a *Amount) UnmarshalText(text []byte) error {
	v, err := Parse(string(text))
	*a = v
	return err
}

// NumericValue writes numeric(12,2).
func (a Amount) NumericValue() (pgtype.Numeric, error) {
	return pgtype.Numeric{Int: big.NewInt(int64(a)), Exp: -2, Valid: true}, nil
}

// ScanNumeric reads a numeric. It returns an error if the value isn't finite or has more than two decimals.
func (a *Amount) ScanNumeric(v pgtype.Numeric) error {
	if !v.Valid || v.NaN || v.InfinityModifier != pgtype.Finite {
		return errors.New("money: not a finite amount")
	}
	n := new(big.Int).Set(v.Int)
	for exp := v.Exp; exp > -2; exp-- {
		n.Mul(n, big.NewInt(10))
	}
	for exp := v.Exp; exp < -2; exp++ {
		var rest big.Int
		n.QuoRem(n, big.NewInt(10), &rest)
		if rest.Sign() != 0 {
			return errors.New("money: more than two decimals")
		}
	}
	*a = Amount(n.Int64())
	return nil
}

// Input is an amount in a request: the decimal string, or a JSON number with at most two decimals.
type Input Amount

// UnmarshalJSON reads the string or the number from its digits: a float could change the amount.
func (in *Input) UnmarshalJSON(data []byte) error {
	s := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
	}
	v, err := Parse(s)
	if err != nil {
		// encoding/json adds the field's name only to this error type.
		return &json.UnmarshalTypeError{Value: AmountFormat, Type: reflect.TypeFor[Input]()}
	}
	*in = Input(v)
	return nil
}
