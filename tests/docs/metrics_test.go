// Package docs_test checks that what docs/ and deploy/ say is true of the program.
package docs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"amrutam/internal/apptest"
)

var (
	description = regexp.MustCompile(`fqName: "(\w+)".*constLabels: \{(.*?)\}, variableLabels: \{(.*?)\}`)
	metricName  = regexp.MustCompile(`\b(?:amrutam|go|process)_\w+`)
	selector    = regexp.MustCompile(`\b((?:amrutam|go|process)_\w+)\{(.*?)\}`)
	labelName   = regexp.MustCompile(`(\w+)(?:=|!)`)
	constLabel  = regexp.MustCompile(`(\w+)=`)
)

// metricLabels returns the labels of every metric of a server.
func metricLabels(t *testing.T) map[string][]string {
	t.Helper()
	c := apptest.Open(t)
	c.App.Metrics.SetBuildInfo("test", "go", 1)
	all := map[string][]string{}
	descriptions := make(chan *prometheus.Desc)
	go func() {
		c.App.Metrics.Registry.Describe(descriptions)
		close(descriptions)
	}()
	for d := range descriptions {
		found := description.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("unreadable description: %s", d)
		}
		labels := []string{"job", "instance"} // Prometheus adds them
		for _, label := range constLabel.FindAllStringSubmatch(found[2], -1) {
			labels = append(labels, label[1])
		}
		labels = append(labels, strings.Split(found[3], ",")...)
		name := found[1]
		all[name] = labels
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			all[name+suffix] = append(slices.Clone(labels), "le")
		}
	}
	return all
}

// alertExpressions returns the expression of every alert.
func alertExpressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, rule := range strings.Split(readFile(t, "deploy/prometheus/alerts.yaml"), "- alert: ")[1:] {
		name, rest, _ := strings.Cut(rule, "\n")
		_, rest, _ = strings.Cut(rest, "expr:")
		expr, _, _ := strings.Cut(rest, "labels: ")
		all[name] = expr
	}
	return all
}

// TestAlertsAndDashboardUseMetricsThatExist checks the labels too.
func TestAlertsAndDashboardUseMetricsThatExist(t *testing.T) {
	t.Parallel()
	all := metricLabels(t)
	texts := alertExpressions(t)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readFile(t, "deploy/grafana/amrutam.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			texts["the panel "+panel.Title] += target.Expr + "\n"
		}
	}
	if len(texts) < 30 {
		t.Errorf("only %d expressions were found", len(texts))
	}
	texts["docs/operations/first-day.md"] = readFile(t, "docs/operations/first-day.md")
	for place, text := range texts {
		for _, name := range metricName.FindAllString(text, -1) {
			isRole := name == "amrutam_app" || name == "amrutam_login" // of the database
			if all[name] == nil && !isRole {
				t.Errorf("%s: there is no metric %s", place, name)
			}
		}
		for _, used := range selector.FindAllStringSubmatch(text, -1) {
			for _, label := range labelName.FindAllStringSubmatch(used[2], -1) {
				if !slices.Contains(all[used[1]], label[1]) {
					t.Errorf("%s: %s has no label %s", place, used[1], label[1])
				}
			}
		}
	}
}

// TestAlertsNameKindsOfJobsThatExist checks the kinds in the alerts and in the runbook.
func TestAlertsNameKindsOfJobsThatExist(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	files, err := filepath.Glob("../../internal/*/*.go")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		code.Write(text)
	}
	kinds := map[string]bool{}
	for _, found := range regexp.MustCompile(`\) Kind\(\) string +\{ return "(.*?)" }`).
		FindAllStringSubmatch(code.String(), -1) {
		kinds[found[1]] = true
	}
	named := regexp.MustCompile("(?:\"?kind\"?[=:] *\"?|^- `|[.] `|job `)([a-z]+\\.[a-z-]+)[\"`]")
	text := readFile(t, "deploy/prometheus/alerts.yaml") + readFile(t, "docs/operations/runbook.md")
	found := named.FindAllStringSubmatch(text, -1)
	if len(kinds) < 10 || len(found) < 5 {
		t.Errorf("%d kinds in the code, %d named", len(kinds), len(found))
	}
	for _, name := range found {
		if !kinds[name[1]] {
			t.Errorf("there is no kind of job %s", name[1])
		}
	}
}

// TestEachAlertHasItsSectionInTheRunbook checks also that each section is about an alert that exists.
func TestEachAlertHasItsSectionInTheRunbook(t *testing.T) {
	t.Parallel()
	alerts := alertExpressions(t)
	sections := map[string]bool{}
	for _, line := range strings.Split(readFile(t, "docs/operations/runbook.md"), "\n") {
		if name, found := strings.CutPrefix(line, "## Amrutam"); found {
			sections["Amrutam"+name] = true
		}
	}
	text := readFile(t, "deploy/prometheus/alerts.yaml")
	for name := range alerts {
		if !sections[name] {
			t.Errorf("the runbook has no section %s", name)
		}
		if !strings.Contains(text, "runbook: docs/operations/runbook.md#"+strings.ToLower(name)+"\n") {
			t.Errorf("the alert %s doesn't link to its section", name)
		}
		delete(sections, name)
	}
	for name := range sections {
		t.Errorf("the runbook has a section %s, which is no alert", name)
	}
}

// readFile returns the text of a file of the repository.
func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
