package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
)

// testPrefix is the prefix of variables that only tests read.
const testPrefix = "AMRUTAM_TEST_"

// serviceLink matches the variables that Kubernetes sets in every container for a Service called amrutam or amrutam-…
var serviceLink = regexp.MustCompile(
	`^AMRUTAM(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// settingNames returns the variables of all settings.
func settingNames() []string {
	var all []string
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("env"); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// addUnknownNames adds an error for each variable that looks like a setting but is none: probably it is misspelt.
func (errs *settingErrors) addUnknownNames() {
	known := settingNames()
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if nearest, unknown := nearestSetting(name, value, known); unknown {
			errs.add(name, "is no setting: did you mean %s? "+
				"Rename it or unset it (amrutam serve --help lists all)", nearest)
		}
	}
}

// maxTypos is how many letters may be wrong in a name without the prefix AMRUTAM_ that counts as a misspelt setting.
const maxTypos = 2

// nearestSetting reports whether the variable is a misspelt setting, and returns the setting with the nearest name.
func nearestSetting(name, value string, known []string) (nearest string, unknown bool) {
	upper := strings.ToUpper(name)
	if strings.HasPrefix(name, testPrefix) || serviceLink.MatchString(name) ||
		(strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")) {
		return "", false
	}
	smallest := len(upper) + len(testPrefix)
	for _, entry := range known {
		if entry == name {
			return "", false
		}
		if !strings.HasPrefix(entry, "AMRUTAM_") {
			continue
		}
		if d := editDistance(upper, entry); d < smallest {
			nearest, smallest = entry, d
		}
	}
	return nearest, strings.HasPrefix(upper, "AMRUTAM_") || smallest <= maxTypos
}

// editDistance returns how many letters must be inserted, deleted, replaced or swapped with the next one to get from a
// to b (optimal string alignment distance).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
