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

// healthTag marks a field that holds health data with the sealed column it is kept in, `health:"consultations.notes"`,
// and the field beside it that names whose data it is with `health:"patient"`. A field that only shares its name with
// health data says `health:"none"`.
const healthTag = "health"

// healthNames are the names under which health data leaves the server: a field of an answer that has one of them must
// say by its tag whether it holds health data.
var healthNames = []string{"reason", "notes", "cancellationReason", "medications", "advice"}

// errNotRead is what a command ends with whose answer shows health data that no reading in the audit log tells of.
var errNotRead = errors.New(
	"httpapi: an answer holds health data whose reading was not audited: see audit.WriteReading")

// healthFields are where a struct holds health data.
type healthFields struct {
	patient int            // index of the field that names the patient, -1 without one
	columns map[int]string // the sealed column of each field that holds health data
	inner   []int          // other fields, which may hold some further down
	silent  []string       // fields with one of healthNames that do not say whether they hold health data
}

// knownFields caches fieldsOf by type.
var knownFields sync.Map

func fieldsOf(t reflect.Type) *healthFields {
	if known, ok := knownFields.Load(t); ok {
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
			f.inner = append(f.inner, i)
			if mark == "" && slices.Contains(healthNames, name) && !isEnum(field.Type) {
				f.silent = append(f.silent, t.Name()+"."+field.Name)
			}
		}
	}
	knownFields.Store(t, f)
	return f
}

// isEnum tells whether a type lists its values, so that it is no free text.
func isEnum(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String && t.Implements(reflect.TypeFor[huma.SchemaProvider]())
}

// healthOf lists the sealed columns that values of a type show. It panics for a type whose fields are marked wrongly.
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
		if len(fields.silent) > 0 {
			panic("httpapi: say by a health tag whether it holds health data: " + fields.silent[0])
		}
		if len(fields.columns) > 0 && fields.patient < 0 {
			panic("httpapi: " + t.Name() + ` holds health data, so one field needs the tag health:"patient"`)
		}
		columns = slices.AppendSeq(columns, maps.Values(fields.columns))
		for _, i := range fields.inner {
			walk(t.Field(i).Type)
		}
	}
	walk(t)
	slices.Sort(columns)
	return slices.Compact(columns)
}

// registerHealth notes which sealed columns the answers of an operation show. It panics for an operation that could
// show them without a reading in the audit log.
func (a *API) registerHealth(op Op, output reflect.Type, command bool) (shown bool) {
	columns := healthOf(output)
	switch {
	case len(columns) == 0:
		return false
	case !command:
		panic("httpapi: operation " + op.ID + " answers with health data: register it as a Command, which audits it")
	case op.Key != NoKey && !output.Implements(reflect.TypeFor[Reading]()):
		panic("httpapi: operation " + op.ID +
			" shows health data to whoever repeats a key: its output must be a Reading")
	}
	a.HealthColumns[op.ID] = columns
	return true
}

// checkReadings refuses an answer that shows a patient's health data unless the transaction writes a reading of that
// patient's, or the request itself brought the data. Error: errNotRead.
func checkReadings(tx *postgres.Tx, request, answer any) error {
	var brought, shown []healthValue
	if err := collectHealth(reflect.ValueOf(answer), &shown); err != nil {
		return err
	}
	if err := collectHealth(reflect.ValueOf(request), &brought); err != nil {
		return err
	}
	for _, v := range shown {
		echo := slices.ContainsFunc(brought, func(b healthValue) bool { return b.text == v.text })
		if !echo && !tx.HasRead(v.patient) {
			return errNotRead
		}
	}
	return nil
}

// healthValue is health data as JSON, with the patient that it is of.
type healthValue struct {
	patient uuid.UUID
	text    string
}

// collectHealth adds all health data in v.
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
	for _, i := range fields.inner {
		if err := collectHealth(v.Field(i), found); err != nil {
			return err
		}
	}
	return nil
}
