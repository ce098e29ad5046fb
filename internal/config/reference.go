package config

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
)

// Setting is one variable as the reference of the settings shows it.
type Setting struct {
	Name, Default, Help string
	// Production is what production requires, or "".
	Production string
	// Section is the title of the group that begins with this setting, or "" inside a group.
	Section string
}

// Settings returns all settings in the order of Config, from its tags.
func Settings() []Setting {
	var all []Setting
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if tag.Get("env") == "" {
			continue
		}
		all = append(all, Setting{
			Name:       tag.Get("env"),
			Default:    tag.Get("envDefault"),
			Help:       tag.Get("help"),
			Production: tag.Get("production"),
			Section:    tag.Get("section"),
		})
	}
	return all
}

// Help prints every variable with its default and its purpose.
func Help(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range Settings() {
		help := s.Help
		if s.Production != "" {
			help += "; in production: " + s.Production
		}
		if _, err := fmt.Fprintf(table, "  %s\t%s\t%s\n", s.Name, cmp.Or(s.Default, "(unset)"), help); err != nil {
			return err
		}
	}
	return table.Flush()
}

const referenceHead = `# Settings

Made from ` + "`internal/config/config.go`" + ` by ` + "`make generate`" + `: edit the tags there.

Every command reads its settings from the environment alone. All that is wrong with them is reported at once, by name
and never with the value. A variable that begins with ` + "`AMRUTAM_`" + ` and is no setting stops the command.
The column "in production" is what ` + "`AMRUTAM_ENV=production`" + ` asks for; which command needs what stands in
[operations/first-day.md](operations/first-day.md). Durations are written like ` + "`90s`, `15m` or `48h`" + `.
`

// Reference prints the settings as a page in Markdown.
func Reference(w io.Writer) error {
	var page strings.Builder
	page.WriteString(referenceHead)
	for _, s := range Settings() {
		if s.Section != "" {
			page.WriteString("\n## " + s.Section + "\n\n| variable | default | what it does | in production |\n" +
				"| --- | --- | --- | --- |\n")
		}
		def := ""
		if s.Default != "" {
			def = "`" + s.Default + "`"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", s.Name, def, angled.Replace(s.Help), s.Production)
	}
	_, err := io.WriteString(w, page.String())
	return err
}

// angled escapes placeholders like <base64>, which Markdown would read as HTML.
var angled = strings.NewReplacer("<", "&lt;", ">", "&gt;", "|", `\|`)
