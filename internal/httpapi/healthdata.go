package httpapi

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// healthTag marks a field with health data: its value is the sealed column of the data,
// `health:"consultations.notes"`. The tag `health:"patient"` marks the field of the same struct that says whose data
// it is. A field that only has the name of health data is tagged `health:"none"`.
const healthTag = "health"

// healthNames are the JSON names of health data. A field of an answer with one of these names must say by its tag
// whether it holds health data.
var healthNames = []string{"reason", "notes", "cancellationReason", "medications", "advice"}

// errReadingNotAudited is the error of a command whose answer shows health data without an audited reading.
var errReadingNotAudited = errors.New(
	"httpapi: an answer holds health data whose reading was not audited: see audit.WriteReading")

// healthFields says where a struct holds health data.
type healthFields struct {
	patient  int            // index of the field with the patient's id, -1 if there is none
	columns  map[int]string // the sealed column of each field that holds health data
	nested   []int          // other fields, which may hold health data deeper
	unmarked []string       // fields with one of healthNames and no tag
}

// fieldsCache caches the results of fieldsOf by type.
var fieldsCache sync.Map

func fieldsOf(t reflect.Type) *healthFields {
	if known, ok := fieldsCache.Load(t); ok {
		if f, ok := known.(*healthFields); ok {
			return f
		}
	}
	f := &healthFields{patient: -1, columns: map[int]string{}}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch mark := field.Tag.Get(healthTag); {
		case mark == "patient":
			f.patient = i
		case strings.Contains(mark, "."):
			f.columns[i] = mark
		case field.IsExported() || field.Anonymous:
			f.nested = append(f.nested, i)
			if mark == "" && slices.Contains(healthNames, name) && !isEnum(field.Type) {
				f.unmarked = append(f.unmarked, t.Name()+"."+field.Name)
			}
		}
	}
	fieldsCache.Store(t, f)
	return f
}

// isEnum tells whether a type lists its values, so that it is no free text.
func isEnum(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String && t.Implements(reflect.TypeFor[huma.SchemaProvider]())
}

// healthOf returns the sealed columns that values of a type show. It panics if fields of the type are tagged wrongly.
func healthOf(t reflect.Type) []string {
	columns, seen := []string{}, map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(t.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		if seen[t] {
			return
		}
		seen[t] = true
		fields := fieldsOf(t)
		if len(fields.unmarked) > 0 {
			panic("httpapi: say by a health tag whether it holds health data: " + fields.unmarked[0])
		}
		if len(fields.columns) > 0 && fields.patient < 0 {
			panic("httpapi: " + t.Name() + ` holds health data, so one field needs the tag health:"patient"`)
		}
		columns = slices.AppendSeq(columns, maps.Values(fields.columns))
		for _, i := range fields.nested {
			walk(t.Field(i).Type)
		}
	}
	walk(t)
	slices.Sort(columns)
	return slices.Compact(columns)
}

// registerHealth records which sealed columns the answers of an operation show, and tells whether there are any. It
// panics for an operation that could show them without an audited reading.
func (a *API) registerHealth(op Op, output reflect.Type, isCommand bool) (showsHealth bool) {
	columns := healthOf(output)
	switch {
	case len(columns) == 0:
		return false
	case !isCommand:
		panic("httpapi: operation " + op.ID + " answers with health data: register it as a Command, which audits it")
	case op.Key != NoKey && !output.Implements(reflect.TypeFor[ReadingAuditor]()):
		panic("httpapi: operation " + op.ID +
			" sends health data again for the same key: its output must be a ReadingAuditor")
	}
	a.HealthColumns[op.ID] = columns
	return true
}

// checkReadings returns errReadingNotAudited if an answer shows a patient's health data, unless the transaction audits
// a reading of that patient's data, or the data came with the request.
func checkReadings(tx *postgres.Tx, request, answer any) error {
	var sent, shown []healthValue
	if err := collectHealth(reflect.ValueOf(answer), &shown); err != nil {
		return err
	}
	if err := collectHealth(reflect.ValueOf(request), &sent); err != nil {
		return err
	}
	for _, v := range shown {
		isEcho := slices.ContainsFunc(sent, func(s healthValue) bool { return s.text == v.text })
		if !isEcho && !tx.HasRead(v.patient) {
			return errReadingNotAudited
		}
	}
	return nil
}

// healthValue is health data of a patient, as JSON.
type healthValue struct {
	patient uuid.UUID
	text    string
}

// collectHealth adds all health data in v to found.
func collectHealth(v reflect.Value, found *[]healthValue) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return collectHealth(v.Elem(), found)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() < reflect.Array { // bytes, numbers
			return nil
		}
		for i := range v.Len() {
			if err := collectHealth(v.Index(i), found); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if err := collectHealth(v.MapIndex(key), found); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return collectFields(v, found)
	default:
	}
	return nil
}

func collectFields(v reflect.Value, found *[]healthValue) error {
	fields := fieldsOf(v.Type())
	var patient uuid.UUID
	if fields.patient >= 0 {
		patient, _ = v.Field(fields.patient).Interface().(uuid.UUID)
	}
	for i := range fields.columns {
		field := v.Field(i)
		for field.Kind() == reflect.Pointer && !field.IsNil() {
			field = field.Elem()
		}
		if field.IsZero() || field.Kind() == reflect.Slice && field.Len() == 0 {
			continue
		}
		text, err := json.Marshal(field.Interface())
		if err != nil {
			return err
		}
		*found = append(*found, healthValue{patient, string(text)})
	}
	for _, i := range fields.nested {
		if err := collectHealth(v.Field(i), found); err != nil {
			return err
		}
	}
	return nil
}
