package notification

import (
	"bytes"
	"embed"
	"fmt"
	html "html/template"
	"path"
	"regexp"
	"strings"
	text "text/template"
	"time"
	"unicode"
)

// templateFiles has a file in templates/kinds for each kind of mail: headers (Subject; Why, if the recipient gets it
// for another reason than their account), a blank line, and paragraphs between blank lines. An empty paragraph is left
// out, and "[label](/path)" is a link below AMRUTAM_PUBLIC_URL. The text part and the HTML part are made of the same
// paragraphs. The file is split before the values are filled in, so a value can neither begin a paragraph nor make a
// link.
//
//go:embed templates
var templateFiles embed.FS

var (
	kinds    = readKinds()
	htmlMail = html.Must(html.ParseFS(templateFiles, "templates/layout.html"))
	textMail = text.Must(text.ParseFS(templateFiles, "templates/layout.txt"))
	linkForm = regexp.MustCompile(`^\[(.+)\]\((/.*)\)$`)
)

// mailTemplate is the parsed file of one kind of mail.
type mailTemplate struct {
	subject *text.Template
	why     string
	parts   []paragraphTemplate
}

// paragraphTemplate is a paragraph of a template; with a path it is a link.
type paragraphTemplate struct{ words, path *text.Template }

func readKinds() map[string]mailTemplate {
	entries, err := templateFiles.ReadDir("templates/kinds")
	if err != nil {
		panic(err)
	}
	all := map[string]mailTemplate{}
	for _, entry := range entries {
		source, err := templateFiles.ReadFile(path.Join("templates/kinds", entry.Name()))
		if err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(entry.Name(), ".txt")] = readKind(entry.Name(), string(source))
	}
	return all
}

func readKind(name, source string) mailTemplate {
	parse := func(source string) *text.Template {
		return text.Must(text.New(name).Option("missingkey=error").Parse(source))
	}
	w := mailTemplate{why: "you have an account at Amrutam with this address"}
	head, body, _ := strings.Cut(source, "\n\n")
	for header := range strings.Lines(head) {
		switch field, value, _ := strings.Cut(strings.TrimSpace(header), ": "); field {
		case "Subject":
			w.subject = parse(value)
		case "Why":
			w.why = value
		default:
			panic(name + ": unknown header " + field)
		}
	}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		if link := linkForm.FindStringSubmatch(paragraph); link != nil {
			w.parts = append(w.parts, paragraphTemplate{parse(link[1]), parse(link[2])})
		} else {
			w.parts = append(w.parts, paragraphTemplate{words: parse(paragraph)})
		}
	}
	return w
}

// layoutData fills the layouts of the text part and of the HTML part.
type layoutData struct {
	Subject, Greeting, Why, Home string
	// Support is the address for replies, or "" if they are not read.
	Support string
	Parts   []paragraph
}

type paragraph struct{ Text, Link string }

// recipient is what a mail shows of its recipient: the name and the time zone of its times.
type recipient struct {
	name string
	zone *time.Location
}

func (s *Service) fillTemplate(kind string, data map[string]string, at time.Time, to recipient) (layoutData, error) {
	w, known := kinds[kind]
	if !known {
		return layoutData{}, fmt.Errorf("notification: no template for %q", kind)
	}
	values, err := templateValues(data, at, to.zone)
	if err != nil {
		return layoutData{}, fmt.Errorf("notification: %s: %w", kind, err)
	}
	out := layoutData{Greeting: "Hello,", Why: w.why, Home: s.cfg.PublicURL + "/", Support: s.support}
	if name := plainName(to.name); name != "" {
		out.Greeting = "Hello " + name + ","
	}
	// The errors of text/template name the template and the missing key, not the values.
	fill := func(t *text.Template) string {
		var words strings.Builder
		if t != nil && err == nil {
			err = t.Execute(&words, values)
		}
		return words.String()
	}
	out.Subject = oneLine(fill(w.subject))
	for _, p := range w.parts {
		shown := paragraph{Text: oneLine(fill(p.words))}
		if p.path != nil {
			shown.Link = s.cfg.PublicURL + fill(p.path)
		}
		if shown.Text != "" {
			out.Parts = append(out.Parts, shown)
		}
	}
	return out, err
}

// templateValues returns the values of a template: times in the recipient's time zone, names and texts on one line.
func templateValues(data map[string]string, at time.Time, zone *time.Location) (map[string]any, error) {
	values := map[string]any{"at": localTime{at.In(zone)}}
	for key, value := range data {
		switch key {
		case "start", "end", "expires", "due", "until", "slot1", "slot2", "slot3":
			if value == "" { // the template tests for a missing time
				values[key] = ""
				continue
			}
			parsed, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return nil, fmt.Errorf("%s is no RFC 3339 time", key)
			}
			values[key] = localTime{parsed.In(zone)}
		case "with", "doctor1", "doctor2", "doctor3":
			values[key] = plainName(value)
		default:
			values[key] = oneLine(value)
		}
	}
	return values, nil
}

func (l layoutData) render(out *Message) error {
	var page, plain bytes.Buffer
	if err := htmlMail.Execute(&page, l); err != nil {
		return err
	}
	if err := textMail.Execute(&plain, l); err != nil {
		return err
	}
	out.Subject, out.Text, out.HTML = l.Subject, plain.String(), page.String()
	return nil
}

// localTime is a time in the recipient's time zone, as a mail shows it.
type localTime struct{ time.Time }

func (i localTime) String() string {
	zone := i.Location().String()
	if zone != "UTC" {
		zone += i.Format(", UTC-07:00")
	}
	return i.Format("Monday, 2 January 2006 at 15:04") + " (" + zone + ")"
}

// Day is the date alone.
func (i localTime) Day() string { return i.Format("2 January 2006") }

// Clock is the time of day alone.
func (i localTime) Clock() string { return i.Format("15:04") }

var (
	// Joiners belong to the spelling of names in Indic and Persian scripts.
	nameLetters = []*unicode.RangeTable{unicode.L, unicode.M, unicode.N, unicode.Join_Control}
	tightDot    = regexp.MustCompile(`\.([^\s.])`)
)

// nameLimit in characters is enough for a real name, but not for a message.
const nameLimit = 60

// plainName removes from a name all but letters and the punctuation of names. Users choose their names, and a name
// must not put a link or a message into another user's mail; mail programs make a link of every "word.word".
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.In(r, nameLetters...) || strings.ContainsRune(".,'’-()", r) {
			return r
		}
		return ' '
	}, name)
	name = oneLine(tightDot.ReplaceAllString(name, ". $1"))
	if letters := []rune(name); len(letters) > nameLimit {
		name = strings.TrimSpace(string(letters[:nameLimit])) + "…"
	}
	return name
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
