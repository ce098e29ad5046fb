package config

import (
	"fmt"
	"io"
	"reflect"
	"text/tabwriter"
)

// Help prints every variable with its default and its purpose.
func Help(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if tag.Get("env") == "" {
			continue
		}
		def := tag.Get("envDefault")
		if def == "" {
			def = "(unset)"
		}
		if _, err := fmt.Fprintf(table, "  %s\t%s\t%s\n", tag.Get("env"), def, tag.Get("help")); err != nil {
			return err
		}
	}
	return table.Flush()
}
