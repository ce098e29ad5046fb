package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
)

// testPrefix is of variables that only tests read.
const testPrefix = "AMRUTAM_TEST_"

// serviceLink matches what Kubernetes tells every container about a Service called amrutam or amrutam-…
var serviceLink = regexp.MustCompile(
	`^AMRUTAM(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// names are those of all settings.
func names() []string {
	var all []string
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("env"); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// checkNames finds the variables that look like settings and are none: a setting that nobody reads is not what was
// meant.
func (f *faults) checkNames() {
	known := names()
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if near, unknown := mistaken(name, value, known); unknown {
			f.add(name, "is no setting: did you mean %s? Rename it or unset it (amrutam serve --help lists all)", near)
		}
	}
}

// typo is how many letters may be wrong in a name outside AMRUTAM_ that is taken for a setting.
const typo = 2

// mistaken tells whether the variable is meant as a setting and isn't one, and names the nearest.
func mistaken(name, value string, known []string) (near string, unknown bool) {
	upper := strings.ToUpper(name)
	if strings.HasPrefix(name, testPrefix) || serviceLink.MatchString(name) ||
		(strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")) {
		return "", false
	}
	far := len(upper) + len(testPrefix)
	for _, one := range known {
		if one == name {
			return "", false
		}
		if !strings.HasPrefix(one, "AMRUTAM_") {
			continue
		}
		if d := distance(upper, one); d < far {
			near, far = one, d
		}
	}
	return near, strings.HasPrefix(upper, "AMRUTAM_") || far <= typo
}

// distance counts the letters to insert, delete, change or swap with the next between two names (optimal string
// alignment).
func distance(a, b string) int {
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
