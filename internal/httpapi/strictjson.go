package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"amrutam/internal/problem"
)

// findFaults reads a body that scan found well-formed, and no deeper than it may be, once more. It tells where names
// are there twice and where a text holds a NUL.
func findFaults(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var faults []problem.Field
	if err := walkJSON(d, "body", &faults); err != nil {
		return problem.Malformed.WithDetail("The body isn't well-formed JSON.")
	}
	if len(faults) > 0 {
		e := *problem.Invalid
		e.Fields = capErrors(faults)
		return &e
	}
	return nil
}

func walkJSON(d *json.Decoder, at string, faults *[]problem.Field) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			*faults = append(*faults, problem.Field{Location: at, Message: "must not contain a NUL character"})
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
			return fmt.Errorf("not a name")
		}
		where := at + "." + showName(name)
		if seen[name] {
			*faults = append(*faults, problem.Field{Location: where, Message: "duplicate key"})
		}
		seen[name] = true
		if err := walkJSON(d, where, faults); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// showName bounds what an error repeats of a client's own field names.
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

// normalize brings every text of a parsed request to the form it is kept in, and finds those that people couldn't read
// as they are, and the times that can't be meant: a year of five digits has no RFC 3339 form to answer with, and the
// first one stands for no time at all.
func normalize(v reflect.Value, at string, rule TextRule, faults *[]problem.Field) {
	switch v.Kind() { //nolint:exhaustive // other kinds hold neither
	case reflect.String:
		normalizeText(v, at, rule, faults)
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			normalize(v.Elem(), at, rule, faults)
		}
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			if year := t.UTC().Year(); !t.IsZero() && (year < 1900 || year > 9999) {
				*faults = append(*faults, problem.Field{Location: at, Message: instantSpan})
			}
			return
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				normalize(v.Field(i), memberAt(at, field), ruleOf(field, rule), faults)
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
	if fault == "" && rule != Opaque && text != "" && strings.HasPrefix(at, "body") && !speaks(text) {
		fault = "must not be spaces alone"
	}
	if fault != "" {
		*faults = append(*faults, problem.Field{Location: at, Message: fault})
	}
}

// memberAt is where the client wrote a field of the input.
func memberAt(at string, field reflect.StructField) string {
	for _, place := range []string{"query", "path", "header"} {
		if name := field.Tag.Get(place); name != "" {
			return place + "." + name
		}
	}
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case at == "" && field.Name == "Body":
		return "body"
	case name == "":
		return at // embedded, or the value of a Field
	}
	return at + "." + name
}

// composed is a parsed JSON value with its texts in NFC.
func composed(v any) any {
	switch v := v.(type) {
	case string:
		return norm.NFC.String(v)
	case []any:
		for i := range v {
			v[i] = composed(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = composed(v[name])
		}
	}
	return v
}
