package notification

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	html "html/template"
	"path"
	"regexp"
	"strings"
	text "text/template"
	"time"
	"unicode"

	"amrutam/internal/language"
)

// templateFiles has in templates, in a folder for each language, a file for each kind of mail: headers (Subject; Why,
// if the recipient gets it for another reason than their account; All, the page that a digest of such mails leads to),
// a blank line, and paragraphs between blank lines.
// An empty paragraph is left out, and "[label](/path)" is a link below AMRUTAM_PUBLIC_URL. The text part and the HTML
// part are made of the same paragraphs. The file is split before the values are filled in, so a value can neither
// begin a paragraph nor make a link.
//
//go:embed templates
var templateFiles embed.FS

var (
	kinds    = readLanguages(readKinds)
	words    = readLanguages(readWords)
	htmlMail = html.Must(html.ParseFS(templateFiles, "templates/layout.html"))
	textMail = text.Must(text.ParseFS(templateFiles, "templates/layout.txt"))
	linkForm = regexp.MustCompile(`^\[(.+)\]\((/.*)\)$`)
)

// mailTemplate is the parsed file of one kind of mail.
type mailTemplate struct {
	subject *text.Template
	why     string
	all     *text.Template
	parts   []paragraphTemplate
}

// paragraphTemplate is a paragraph of a template; with a path it is a link.
type paragraphTemplate struct{ words, path *text.Template }

// layoutWords are the words of the layouts and of digests in one language.
type layoutWords struct {
	Hello         string `json:"hello"`
	HelloName     string `json:"helloName"`
	Account       string `json:"account"`
	Why           string `json:"why"`
	Answers       string `json:"answers"`
	NoAnswers     string `json:"noAnswers"`
	Appointment   string `json:"appointment"`
	DigestSubject string `json:"digestSubject"`
	DigestIntro   string `json:"digestIntro"`
	DigestMore    string `json:"digestMore"`
	DigestAll     string `json:"digestAll"`
}

func readLanguages[T any](read func(l language.Tag, folder string) T) map[language.Tag]T {
	all := map[language.Tag]T{}
	for _, l := range language.All {
		all[l] = read(l, path.Join("templates", string(l)))
	}
	return all
}

func readWords(_ language.Tag, folder string) (w layoutWords) {
	if err := json.Unmarshal(readTemplate(folder, "words.json"), &w); err != nil {
		panic(err)
	}
	return w
}

func readTemplate(folder, name string) []byte {
	source, err := templateFiles.ReadFile(path.Join(folder, name))
	if err != nil {
		panic(err)
	}
	return source
}

func readKinds(l language.Tag, folder string) map[string]mailTemplate {
	entries, err := templateFiles.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	all := map[string]mailTemplate{}
	for _, entry := range entries {
		if kind, isKind := strings.CutSuffix(entry.Name(), ".txt"); isKind {
			all[kind] = readKind(l, entry.Name(), string(readTemplate(folder, entry.Name())))
		}
	}
	return all
}

func readKind(l language.Tag, name, source string) mailTemplate {
	parse := func(source string) *text.Template {
		functions := text.FuncMap{"money": l.Money}
		return text.Must(text.New(name).Option("missingkey=error").Funcs(functions).Parse(source))
	}
	var w mailTemplate
	head, body, _ := strings.Cut(source, "\n\n")
	for header := range strings.Lines(head) {
		switch field, value, _ := strings.Cut(strings.TrimSpace(header), ": "); field {
		case "Subject":
			w.subject = parse(value)
		case "Why":
			w.why = value
		case "All":
			w.all = parse(value)
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
	Language language.Tag
	// Why says why the recipient gets the mail, and Answers who reads replies.
	Subject, Greeting, Why, Answers, Home string
	Parts                                 []paragraph
	// All is the address of the page that a digest leads to.
	All string
}

type paragraph struct{ Text, Link string }

// recipient is what a mail shows of its recipient: the name, the language, and the time zone of its times.
type recipient struct {
	name     string
	zone     *time.Location
	language language.Tag
}

func (s *Service) fillTemplate(kind string, data map[string]string, at time.Time, to recipient) (layoutData, error) {
	w, known := kinds[to.language][kind]
	if !known {
		return layoutData{}, fmt.Errorf("notification: no template for %q", kind)
	}
	values, err := templateValues(data, at, to)
	if err != nil {
		return layoutData{}, fmt.Errorf("notification: %s: %w", kind, err)
	}
	out := s.layout(to.language, cmp.Or(w.why, words[to.language].Account))
	if name := plainName(to.name); name != "" {
		out.Greeting = fmt.Sprintf(words[to.language].HelloName, name)
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
	out.All = out.Home
	if w.all != nil {
		out.All = s.cfg.PublicURL + fill(w.all)
	}
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

// layout returns the layout of a mail without its content.
func (s *Service) layout(l language.Tag, why string) layoutData {
	out := layoutData{Language: l, Greeting: words[l].Hello, Why: fmt.Sprintf(words[l].Why, why),
		Answers: words[l].NoAnswers, Home: s.cfg.PublicURL + "/"}
	if s.support != "" {
		out.Answers = fmt.Sprintf(words[l].Answers, s.support)
	}
	return out
}

// templateValues returns the values of a template: times in the recipient's time zone, amounts, names and texts on one
// line.
func templateValues(data map[string]string, at time.Time, to recipient) (map[string]any, error) {
	values := map[string]any{"at": localTime{at.In(to.zone), to.language}}
	for key, value := range data {
		switch key {
		case "start", "end", "previous", "expires", "due", "until", "slot1", "slot2", "slot3":
			if value == "" { // the template tests for a missing time
				values[key] = ""
				continue
			}
			parsed, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return nil, fmt.Errorf("%s is no RFC 3339 time", key)
			}
			values[key] = localTime{parsed.In(to.zone), to.language}
		case "with", "doctor1", "doctor2", "doctor3":
			values[key] = plainName(value)
		case "refund", "balance": // "500.00 INR"
			values[key] = value
			if amount, code, isMoney := strings.Cut(value, " "); isMoney {
				values[key] = to.language.Money(amount, code)
			}
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

// localTime is a time in the recipient's time zone, as a mail in a language shows it.
type localTime struct {
	time.Time
	language language.Tag
}

func (i localTime) String() string {
	zone := i.Location().String()
	if zone != "UTC" {
		zone += i.Format(", UTC-07:00")
	}
	return i.language.DateTime(i.Time) + " (" + zone + ")"
}

// Day is the date alone.
func (i localTime) Day() string { return i.language.Date(i.Time) }

// Clock is the time of day alone.
func (i localTime) Clock() string { return i.language.Clock(i.Time) }

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
