package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"amrutam/internal/problem"
)

// locateFaults reads again a body that CheckJSON found well-formed, and lists where a name is there twice and where a
// text holds a NUL.
func locateFaults(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var faults []problem.Field
	if err := walkJSON(d, "body", &faults); err != nil {
		return problem.Malformed.WithDetail(detailNotJSON)
	}
	if len(faults) > 0 {
		return invalid(faults)
	}
	return nil
}

// walkJSON reads one value, whose location is at.
func walkJSON(d *json.Decoder, at string, faults *[]problem.Field) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			*faults = append(*faults, problem.FaultAt(at, faultNUL))
		}
	case json.Delim:
		if v == '{' {
			return walkObject(d, at, faults)
		}
		for i := 0; d.More(); i++ {
			if err := walkJSON(d, at+"["+strconv.Itoa(i)+"]", faults); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}

func walkObject(d *json.Decoder, at string, faults *[]problem.Field) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return errors.New("not a name")
		}
		member := at + "." + showName(name)
		if seen[name] {
			*faults = append(*faults, problem.FaultAt(member, faultTwice))
		}
		seen[name] = true
		if err := walkJSON(d, member, faults); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// showName returns a field name of a client for an error, or "…" if it is long or has control characters.
func showName(name string) string {
	if len(name) > 64 {
		return "…"
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7f {
			return "…"
		}
	}
	return name
}

// normalize brings every text of a parsed request to the form in which it is stored, and finds the faults that a
// schema can't express: characters that readers don't see, and years that RFC 3339 can't write or that can't be meant.
func normalize(v reflect.Value, at string, rule TextRule, faults *[]problem.Field) {
	switch v.Kind() { //nolint:exhaustive // other kinds hold neither text nor time
	case reflect.String:
		normalizeText(v, at, rule, faults)
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			normalize(v.Elem(), at, rule, faults)
		}
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			if year := t.UTC().Year(); !t.IsZero() && (year < 1900 || year > 9999) {
				*faults = append(*faults, problem.FaultAt(at, faultYear))
			}
			return
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				normalize(v.Field(i), memberPath(at, field), ruleOf(field, rule), faults)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				normalize(v.Index(i), at+"["+strconv.Itoa(i)+"]", rule, faults)
			}
		}
	}
}

func normalizeText(v reflect.Value, at string, rule TextRule, faults *[]problem.Field) {
	text := Normalize(v.String(), rule)
	if v.CanSet() && text != v.String() {
		v.SetString(text)
	}
	fault := TextFault(text, rule)
	if fault == nil && rule != Opaque && text != "" && strings.HasPrefix(at, "body") && !isVisible(text) {
		fault = faultSpaces
	}
	if fault != nil {
		*faults = append(*faults, problem.FaultAt(at, fault))
	}
}

// memberPath returns the location of a field of the input, as the client knows it.
func memberPath(at string, field reflect.StructField) string {
	for _, part := range []string{"query", "path", "header"} {
		if name := field.Tag.Get(part); name != "" {
			return part + "." + name
		}
	}
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case at == "" && field.Name == "Body":
		return "body"
	case name == "":
		return at // an embedded struct, or the value of a Field
	}
	return at + "." + name
}

// composeJSON brings the texts of a parsed JSON value to NFC.
func composeJSON(v any) any {
	switch v := v.(type) {
	case string:
		return norm.NFC.String(v)
	case []any:
		for i := range v {
			v[i] = composeJSON(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = composeJSON(v[name])
		}
	}
	return v
}
