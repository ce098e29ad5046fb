package calendar_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"amrutam/internal/calendar"
)

// parser prints what ical.js reads in a calendar.
const parser = `
const ICAL = require("ical.js").default ?? require("ical.js");
let text = "";
process.stdin.on("data", d => text += d).on("end", () => {
	const root = new ICAL.Component(ICAL.parse(text));
	const events = root.getAllSubcomponents("vevent").map(v => {
		const e = new ICAL.Event(v);
		const attendee = v.getFirstProperty("attendee");
		return { uid: e.uid, sequence: e.sequence, summary: e.summary, start: e.startDate.toJSDate().toISOString(),
			end: e.endDate.toJSDate().toISOString(), status: v.getFirstPropertyValue("status"),
			attendee: attendee?.getFirstValue() ?? "", name: attendee?.getParameter("cn") ?? "",
			parts: v.getAllSubcomponents().length };
	});
	process.stdout.write(JSON.stringify({ method: root.getFirstPropertyValue("method"), events }));
});`

type readEvent struct {
	UID      string `json:"uid"`
	Sequence int    `json:"sequence"`
	Summary  string `json:"summary"`
	Start    string `json:"start"`
	End      string `json:"end"`
	Status   string `json:"status"`
	Attendee string `json:"attendee"`
	Name     string `json:"name"`
	Parts    int    `json:"parts"`
}

// readByPeer reads a calendar with ical.js, the parser of Thunderbird.
func readByPeer(t *testing.T, text string) (method string, events []readEvent) {
	t.Helper()
	folder, err := exec.CommandContext(t.Context(), "../../scripts/npm.sh", "../../tools/ical").Output()
	if err != nil {
		t.Fatalf("install ical.js: %v", err)
	}
	node := exec.CommandContext(t.Context(), "node", "-e", parser)
	node.Dir = strings.TrimSpace(string(folder))
	node.Stdin, node.Stderr = strings.NewReader(text), os.Stderr
	out, err := node.Output()
	if err != nil {
		t.Fatalf("ical.js can't read it: %v\n%s", err, text)
	}
	var read struct {
		Method string      `json:"method"`
		Events []readEvent `json:"events"`
	}
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatal(err)
	}
	return read.Method, read.Events
}

func TestPeerReadsCalendars(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 27, 10, 30, 0, 0, time.FixedZone("", 5*3600+1800))
	names := []string{"Asha Rao", "डॉ. मीरा अय्यर " + strings.Repeat("क्षेत्र ", 20), `O'Neil, "Max"; a\b:c`,
		"X\r\nBEGIN:VALARM\r\nEND:VALARM", strings.Repeat("é", 200)}
	var events []calendar.Event
	for i, name := range names {
		person := calendar.Person{Name: name, Address: "asha@example.org"}
		events = append(events, calendar.Event{UID: fmt.Sprint(i, "@clinic.example"), Sequence: i, Stamp: start,
			Start: start, End: start.Add(time.Hour), Summary: strings.Join(strings.Fields(name), " "),
			URL:         "https://clinic.example/",
			IsCancelled: i == 1, Organizer: &person, Attendee: &person})
	}
	text := calendar.Write(calendar.Request, events...)
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("%d octets in a line: %q", len(line), line)
		}
	}
	method, read := readByPeer(t, text)
	if method != "REQUEST" || len(read) != len(names) {
		t.Fatalf("%d events by %s:\n%s", len(read), method, text)
	}
	for i, e := range read {
		want := map[bool]string{false: "CONFIRMED", true: "CANCELLED"}[i == 1]
		if e.Sequence != i || e.Summary != events[i].Summary || e.Start != "2026-11-27T05:00:00.000Z" ||
			e.End != "2026-11-27T06:00:00.000Z" || e.Status != want || e.Attendee != "mailto:asha@example.org" ||
			e.Parts != 0 || e.Name == "" {
			t.Errorf("%q was read as %+v", names[i], e)
		}
	}
	if read[2].Name != "O’Neil Max a b c" {
		t.Errorf("the name is %q", read[2].Name)
	}
	if method, read := readByPeer(t, calendar.Write(calendar.Publish)); method != "PUBLISH" || len(read) != 0 {
		t.Errorf("an empty calendar has %d events by %s", len(read), method)
	}
}
